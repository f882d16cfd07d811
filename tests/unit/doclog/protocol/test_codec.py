from __future__ import annotations

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
from lightship.doclog.protocol.codec import COMPRESS_FROM, decode, decoded_size, encode

URL = "https://example.org/"


def test_small_documents_are_plain_and_large_ones_compressed() -> None:
    small, large = Document(url=URL, text="a"), Document(url=URL, text="a" * COMPRESS_FROM)
    assert encode(small)[0] == 3
    assert encode(large)[0] == 2
    assert len(encode(large)) < 100
    for document in (small, large):
        assert decode(URL, encode(document)) == document
        assert decoded_size(encode(document)) >= len(document.text)


def test_the_stored_form_is_fixed() -> None:
    packed = b"\x82\xa3url\xb4https://example.org/\xa5title\xa1t"
    stored = b"\x03" + zlib.crc32(packed).to_bytes(4, "big") + packed
    assert encode(Document(url=URL, title="t")) == stored
    assert decode(URL, stored) == Document(url=URL, title="t")
    assert decode(URL, b"\x01" + packed) == Document(url=URL, title="t"), "as earlier versions stored it"
    frame = zstandard.ZstdCompressor().compress(packed)
    assert decode(URL, b"\x02" + frame) == Document(url=URL, title="t"), "as earlier versions did, without a checksum"


@given(
    text=st.text(max_size=2 * COMPRESS_FROM) | st.builds(lambda t: t * COMPRESS_FROM, st.text(min_size=1, max_size=3)),
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


@pytest.mark.parametrize("stored", [b"\x04abc", b"\xff", b""])
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
