from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest
import zstandard

from lightship.doclog.codec import COMPRESS_FROM, decode, decoded_size, encode
from lightship.errors import IncompatibleIndexError, InvalidDocumentError, TooLargeError, UnavailableError
from lightship.model import MAX_DOCUMENT_BYTES, Document

URL = "https://example.org/"


def test_small_documents_are_raw_and_large_ones_compressed() -> None:
    small, large = Document(url=URL, text="a"), Document(url=URL, text="a" * COMPRESS_FROM)
    assert encode(small)[0] == 1
    assert encode(large)[0] == 2
    assert len(encode(large)) < 100
    for document in (small, large):
        assert decode(URL, encode(document)) == document
        assert decoded_size(encode(document)) >= len(document.text)


def test_the_stored_form_is_fixed() -> None:
    stored = b"\x01\x82\xa3url\xb4https://example.org/\xa5title\xa1t"
    assert encode(Document(url=URL, title="t")) == stored
    assert decode(URL, stored) == Document(url=URL, title="t")


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
    with pytest.raises(TooLargeError, match=f"{URL} has .* bytes: the limit is {MAX_DOCUMENT_BYTES}"):
        encode(Document(url=URL, text="a" * MAX_DOCUMENT_BYTES))


@pytest.mark.parametrize("stored", [b"\x03abc", b"\xff", b""])
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
    with pytest.raises(UnavailableError, match=f"{URL} is damaged"):
        decode(URL, stored)
    assert 0 <= decoded_size(stored) < 100_000


def test_a_frame_that_claims_an_enormous_size_takes_no_memory() -> None:
    frame = zstandard.ZstdCompressor().compress(bytes(MAX_DOCUMENT_BYTES + 1))
    assert len(frame) < 1000
    with pytest.raises(UnavailableError, match=f"damaged .*claims {MAX_DOCUMENT_BYTES + 1} bytes"):
        decode(URL, b"\x02" + frame)


def test_threads_do_not_share_a_compressor() -> None:
    barrier = threading.Barrier(8)

    def work(number: int) -> bool:
        document = Document(url=URL, text=str(number) * 5000)
        barrier.wait()
        return all(decode(URL, encode(document)) == document for _ in range(200))

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(8)))
