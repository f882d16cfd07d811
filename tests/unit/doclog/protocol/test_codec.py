from __future__ import annotations

import random
import threading
import zlib
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from lightship.core.errors import DamagedError, IncompatibleIndexError, InvalidDocumentError, TooLargeError
from lightship.core.model import MAX_DOCUMENT_BYTES, Document, clean_text
from lightship.doclog.protocol.codec import SHORT_BYTES, decode, decoded_size, encode
from lightship.doclog.protocol.compression import DICTIONARY

URL = "https://example.org/"


@pytest.mark.parametrize(
    ("document", "form", "most"),
    [
        (Document(url="a:b"), 3, 15),
        (Document(url=URL, text="a " * 50), 4, 40),
        (Document(url=URL, text="a" * SHORT_BYTES), 2, 100),
    ],
)
def test_a_document_is_stored_in_the_smallest_form(document: Document, form: int, most: int) -> None:
    stored = encode(document)
    assert stored[0] == form
    assert len(stored) < most
    assert decode(document.url, stored) == document
    assert decoded_size(stored) >= len(document.text)


def test_a_passage_takes_less_than_three_quarters_of_its_bytes() -> None:
    passage = (
        "Harbours were lit by fires on hills long before anybody built towers for them. The first of these that is known"
        " was that of Alexandria, which stood for some fifteen hundred years, until an earthquake brought it down."
    )
    assert len(encode(Document(url=URL, text=passage))) < 0.75 * len(passage)


def test_other_letters_are_compressed_without_the_dictionary_where_that_is_shorter() -> None:
    chosen = random.Random(1).choices([chr(0x4E00 + number) for number in range(0, 6000, 20)], k=300)
    document = Document(url=URL, text="".join(chosen))
    stored = encode(document)
    assert zstandard.ZstdDecompressor().decompress(stored[5:]).endswith(document.text.encode())
    assert decode(URL, stored) == document


def test_the_stored_form_is_fixed() -> None:
    packed = b"\x81\xa3url\xa3a:b"
    assert encode(Document(url="a:b")) == b"\x03" + zlib.crc32(packed).to_bytes(4, "big") + packed
    packed = b"\x82\xa3url\xb4https://example.org/\xa5title\xa1t"
    stored = b"\x03" + zlib.crc32(packed).to_bytes(4, "big") + packed
    assert decode(URL, stored) == Document(url=URL, title="t")
    assert decode(URL, b"\x01" + packed) == Document(url=URL, title="t"), "as earlier versions stored it"
    frame = zstandard.ZstdCompressor().compress(packed)
    assert decode(URL, b"\x02" + frame) == Document(url=URL, title="t"), "as earlier versions did, without a checksum"


def test_the_stored_form_of_short_documents_is_fixed() -> None:
    assert zlib.crc32(DICTIONARY) == 0x13B05725, "a log that has it can't be read without it"
    document = Document(
        url=URL, title="Lighthouses", text="They show ships the way, and they are as old as harbours are."
    )
    stored = bytes.fromhex(
        "04f51537b128b52ffd205ced0100b3440c18e47b636a337cd1dbdd61fb7647be57185daadb1ca37e9b326adf6cd45e61a49202399a05bba561a336ea08ca33d0602402fca32f1a20debd0d"
    )
    assert decode(URL, stored) == document
    assert encode(document)[:5] == stored[:5]


def test_a_short_document_belongs_to_its_url() -> None:
    stored = encode(Document(url=URL, text="a " * 50))
    with pytest.raises(DamagedError, match=r"https://example.org/2 is damaged .* \(checksum mismatch\)"):
        decode(f"{URL}2", stored)


@given(
    text=st.text(max_size=2 * SHORT_BYTES) | st.builds(lambda t: t * SHORT_BYTES, st.text(min_size=1, max_size=3)),
    place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7),
)  # fmt: skip
def test_no_flipped_bit_is_overlooked(text: str, place: float, bit: int) -> None:
    document = Document(url=URL, text=clean_text(text))
    damaged = bytearray(encode(document))
    damaged[int(place * len(damaged))] ^= 1 << bit
    try:
        assert decode(URL, bytes(damaged)) == document, "its format byte alone was damaged, or a bit that says nothing"
    except DamagedError as error:
        assert "damaged in the log" in str(error)


def test_an_unknown_name_is_ignored() -> None:
    stored = b"\x01" + msgspec.msgpack.encode({"url": URL, "title": "t", "of a later version": 1})
    assert decode(URL, stored) == Document(url=URL, title="t")


def test_times_keep_their_instant() -> None:
    modified = datetime(2024, 2, 29, 1, 2, 3, 4, tzinfo=timezone(timedelta(hours=-7)))
    stored = decode(URL, encode(Document(url=URL, modified=modified))).modified
    assert stored == modified
    assert stored.tzinfo == UTC


@pytest.mark.parametrize(
    "document",
    [
        Document(url=URL, title="\ud800"),
        Document(url=URL, fields={"n": 2**64}),
        Document(url=URL, modified=datetime.min.replace(tzinfo=timezone(timedelta(hours=1)))),
    ],
)
def test_what_has_no_stored_form_is_refused(document: Document) -> None:
    with pytest.raises(InvalidDocumentError, match=URL):
        encode(document)


def test_the_limit_is_on_the_uncompressed_bytes() -> None:
    with pytest.raises(TooLargeError, match=f"{URL} has .* bytes, more than the limit of {MAX_DOCUMENT_BYTES}"):
        encode(Document(url=URL, text="a" * MAX_DOCUMENT_BYTES))


@pytest.mark.parametrize("stored", [b"\x05abc", b"\xff", b""])
def test_a_format_of_another_version_is_told(stored: bytes) -> None:
    with pytest.raises(IncompatibleIndexError, match=URL):
        decode(URL, stored)


@pytest.mark.parametrize(
    "stored",
    [
        b"\x01",
        b"\x01\xc1",
        b"\x01\x80",
        b"\x02",
        b"\x02garbage",
        b"\x04",
        b"\x04abcdgarbage",
        encode(Document(url=URL, text="abc " * 99))[:-3],
        encode(Document(url=URL, text="abc" * 9999))[:-3],
        b"\x01\x81\xa3url\xa1\xff",
    ],
)
def test_damaged_bytes_are_told_and_have_no_size(stored: bytes) -> None:
    with pytest.raises(DamagedError, match=f"{URL} is damaged"):
        decode(URL, stored)
    assert 0 <= decoded_size(stored) < 100_000


def test_a_frame_that_claims_an_enormous_size_takes_no_memory() -> None:
    frame = zstandard.ZstdCompressor().compress(bytes(MAX_DOCUMENT_BYTES + 1))
    assert len(frame) < 1000
    with pytest.raises(DamagedError, match=f"damaged .*claims {MAX_DOCUMENT_BYTES + 1} bytes"):
        decode(URL, b"\x02" + frame)


def test_a_frame_that_does_not_state_its_size_is_damaged_and_has_none() -> None:
    stored = b"\x02" + zstandard.ZstdCompressor(write_content_size=False).compress(b"\x80")
    with pytest.raises(DamagedError):
        decode(URL, stored)
    assert decoded_size(stored) == 0


def test_threads_do_not_share_a_compressor() -> None:
    barrier = threading.Barrier(8)

    def work(number: int) -> bool:
        document = Document(url=URL, text=str(number) * 5000)
        barrier.wait()
        return all(decode(URL, encode(document)) == document for _ in range(200))

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(8)))
