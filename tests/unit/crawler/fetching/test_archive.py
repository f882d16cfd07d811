"""WARC and WACZ: archives are read back whatever happens to them, and so are those of other programs."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import zipfile
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import brotli
import pytest
import zstandard
from fastwarc.warc import ArchiveIterator, WarcRecord, WarcRecordType
from multidict import CIMultiDict, CIMultiDictProxy

from lightship.core.errors import ConfigurationError, InvalidDocumentError, OutOfSpaceError
from lightship.core.model import Document
from lightship.crawler.fetching import archive
from lightship.crawler.fetching.archive import Archive
from lightship.crawler.fetching.fetch import Response
from lightship.crawler.output.records import Record
from lightship.crawler.parsing.encodings.unpack import unpack
from lightship.crawler.parsing.sandbox.tasks import ReadPage
from lightship.crawler.sources.files.warc import read_archive
from lightship.doclog import open_log
from mockweb.crawling import Crawl
from mockweb.feeding import Feed
from mockweb.site import MockSite
from support import wait_until

NOON = datetime(2024, 5, 6, 12, tzinfo=UTC)
HTML = {"Content-Type": "text/html"}


def response(text: str, status: int = 200, cut: bool = False, **headers: Any) -> Response:
    found = CIMultiDict({**HTML, **{name.replace("_", "-"): value for name, value in headers.items()}})
    return Response(status, CIMultiDictProxy(found), text.encode(), cut=cut)


def page(number: int) -> str:
    return f"<html lang=en><title>Page {number}</title><p>The text of page {number}."


def write(folder: Path, pages: Iterable[int], **options: int) -> list[str]:
    made = Archive(str(folder), "Lightship/0.1 (+me@example.org)", **options)
    for number in pages:
        made.write(f"https://example.org/{number}?a=%20b", response(page(number)), NOON + timedelta(seconds=number))
    made.close()
    return sorted(os.listdir(folder))


def read(path: Path) -> dict[str, Document]:
    """Return the documents of an archive by the path of their URLs; errors are raised."""
    documents = {}
    for place, found in read_archive(str(path), ReadPage.run, 1 << 20, "lightship"):
        assert found is None or isinstance(found, Record), (place, found)
        if found:
            documents[found.document.url.partition("example.org/")[2]] = found.document
    return documents


def record(
    kind: WarcRecordType, url: str, content: bytes, seconds: int = 0, http: bool = True, **headers: str
) -> bytes:
    made = WarcRecord()
    made.init_headers(kind)
    made.record_date = NOON + timedelta(seconds=seconds)
    made.headers["WARC-Target-URI"] = url
    made.set_bytes_content(content)
    made.is_http = http
    for name, value in headers.items():
        made.headers[name.replace("_", "-")] = value
    stream = io.BytesIO()
    made.write(stream)
    return stream.getvalue()


def answer(url: str, text: str, seconds: int = 0, status: int = 200, head: str = "", **headers: Any) -> bytes:
    content = f"HTTP/1.1 {status} X\r\nContent-Type: text/html\r\n{head}\r\n{text}".encode()
    return record(WarcRecordType.response, f"https://example.org/{url}", content, seconds, **headers)


def digest(text: str) -> str:
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def all_documents(made: Crawl | Feed) -> dict[str, Document]:
    return {url: entry.document for url, entry in made.entries().items() if entry.document}


def test_what_is_written_is_read(tmp_path: Path) -> None:
    write(tmp_path, range(20))
    found = read(tmp_path)
    assert set(found) == {f"{number}?a=%20b" for number in range(20)}
    document = found["7?a=%20b"]
    assert (document.title, document.text, document.language) == ("Page 7", "The text of page 7.", "en")
    assert document.fetched == NOON + timedelta(seconds=7)


def test_the_records_are_as_the_standard_says(tmp_path: Path) -> None:
    made = Archive(str(tmp_path), "Lightship/0.1")
    headers: dict[str, Any] = {
        "Content_Encoding": "br",
        "Set_Cookie": "s3cret",
        "ETag": '"1"',
        "X": "\udcff",
        "Content_Length": "5",
    }
    made.write("https://example.org:8443/a?b", response("<p>x", cut=True, **headers), NOON)
    made.write("https://example.org/b", response("", 304), NOON)
    made.close()
    (name,) = os.listdir(tmp_path)
    data = (tmp_path / name).read_bytes()
    assert b"s3cret" not in gzip.decompress(data)
    records = []
    for each in ArchiveIterator(io.BytesIO(data), parse_http=False):
        each.freeze()
        records.append(each)
    kinds = [each.record_type for each in records]
    assert kinds == [
        WarcRecordType.warcinfo, WarcRecordType.response, WarcRecordType.request, WarcRecordType.revisit,
        WarcRecordType.request,
    ]  # fmt: skip
    assert all(each.verify_block_digest() for each in records)
    assert gzip.decompress(data).count(b"WARC/1.1\r\n") == 5
    assert records[1].reader.read() == (
        b'HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nETag: "1"\r\nX: \xff\r\nContent-Length: 4\r\n\r\n<p>x'
    )
    assert records[1].headers.get("WARC-Truncated") == "length"
    assert (records[1].headers.get("WARC-Payload-Digest") or "").startswith("sha1:")
    assert records[2].headers.get("WARC-Concurrent-To") == records[1].record_id
    assert records[2].reader.read() == (
        b"GET /a?b HTTP/1.1\r\nHost: example.org:8443\r\nUser-Agent: Lightship/0.1\r\n\r\n"
    )
    assert records[3].headers.get("WARC-Profile") == archive.NOT_MODIFIED


def test_files_are_rotated(tmp_path: Path) -> None:
    names = write(tmp_path, range(50), max_file=2000)
    assert len(names) > 3
    assert all(os.path.getsize(tmp_path / name) < 4000 for name in names)
    assert len(read(tmp_path)) == 50
    write(tmp_path, range(50, 60), max_file=2000)  # the next start overwrites nothing
    assert len(read(tmp_path)) == 60


def test_an_archive_that_was_cut_anywhere_is_read_up_to_there(tmp_path: Path) -> None:
    (name,) = write(tmp_path, range(5))
    whole = (tmp_path / name).read_bytes()
    counts = []
    for size in range(0, len(whole) + 1, 7):
        (tmp_path / name).write_bytes(whole[:size])
        found = []
        try:
            for _, each in read_archive(str(tmp_path), ReadPage.run, 1 << 20, "x"):
                found += [each] if each else []
        except OSError:
            assert size < len(whole)
        counts.append(len(found))
        assert all(isinstance(each, Record) and each.document.text.startswith("The text of page") for each in found)
    assert counts == sorted(counts)
    assert set(counts) == set(range(6))


def test_an_index_is_built_again_from_the_archive_of_a_crawl(
    site: MockSite, crawl: Crawl, tmp_path: Path, feed: Feed
) -> None:
    site.page("/robots.txt", "User-agent: *\nDisallow: /secret", content_type="text/plain")
    links = "".join(f"<a href='/{name}'>x</a>" for name in ("a", "moved", "gone", "noindex", "packed", "a?b", "secret"))
    site.page("/", f"<title>Home</title>{links}")
    site.page("/a", page(1), headers={"Last-Modified": "Mon, 06 May 2024 12:00:00 GMT"})
    site.page("/a?b", f"<link rel=canonical href='/a'>{page(1)}")
    site.page("/packed", gzip.compress(page(2).encode("gb18030")), headers={"Content-Encoding": "gzip"})
    site.page("/noindex", "<meta name=robots content=noindex>x")
    site.redirect("/moved", "/a")
    folder = tmp_path / "archive"
    crawl.once(site.url("/"), archive=str(folder))
    first = all_documents(crawl)
    assert set(first) == {site.url(path) for path in ("/", "/a", "/packed")}
    crawl.log.close()
    site.pages.clear()
    again = Feed(tmp_path / "again")
    with again.running(folder):
        second = all_documents(again)
    again.log.close()
    assert set(second) == set(first)
    for url, document in first.items():
        found = second[url]
        assert (found.title, found.text, found.modified) == (document.title, document.text, document.modified)
    crawl.log = open_log(f"sqlite://{tmp_path / 'log.sqlite'}")


def test_a_full_disk_costs_no_more_than_its_records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Archive(str(tmp_path), "x")
    made.write("https://example.org/1", response(page(1)), NOON)
    real, full = os.write, [True]

    def half(file: int, data: bytes) -> int:
        if not full:
            return real(file, data)
        if len(data) > 100:
            return real(file, data[:100])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", half)
    made.write("https://example.org/2", response(page(2)), NOON)
    full.clear()
    made.write("https://example.org/3", response(page(3)), NOON)
    made.close()
    assert set(read(tmp_path)) == {"1", "3"}


def test_a_folder_that_can_not_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match=r"can't write an archive into .*; name another with -archive"):
        Archive(str(tmp_path / "file"), "x")


def test_a_folder_that_is_full_at_the_start_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OutOfSpaceError):
        Archive(str(tmp_path), "x")


def test_the_newest_record_of_a_url_wins(tmp_path: Path) -> None:
    (tmp_path / "1.warc").write_bytes(
        answer("a", page(2), 2) + answer("b", page(1), 1) + answer("gone", page(1), 1) + answer("moved", page(1), 1)
        + answer("down", page(1), 1) + answer("same", page(1), 1)
    )  # fmt: skip
    (tmp_path / "2.warc.gz").write_bytes(
        gzip.compress(answer("a", page(1), 1)) + gzip.compress(answer("b", page(2), 2) + answer("gone", "", 2, 404))
        + gzip.compress(answer("moved", "", 2, 301) + answer("down", "", 2, 503) + answer("same", "", 2, 304))
    )  # fmt: skip
    assert {url: document.title for url, document in read(tmp_path).items()} == {
        "a": "Page 2", "b": "Page 2", "down": "Page 1", "same": "Page 1",
    }  # fmt: skip


def test_revisits_and_resources(tmp_path: Path) -> None:
    profile = "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest"

    def revisit(url: str, text: str, seconds: int, profile: str = profile) -> bytes:
        return record(
            WarcRecordType.revisit, f"https://example.org/{url}", b"HTTP/1.1 200 OK\r\n\r\n", seconds,
            WARC_Profile=profile, WARC_Payload_Digest=digest(text),
        )  # fmt: skip

    (tmp_path / "a.warc").write_bytes(
        revisit("copy", page(1), 0)  # before what it refers to
        + answer("a", page(1), 1, WARC_Payload_Digest=digest(page(1)))
        + answer("b", page(2), 1, WARC_Payload_Digest=digest(page(2)))
        + revisit("b", page(1), 2) + revisit("a", page(3), 9) + revisit("nowhere", page(3), 9)
        + revisit("a", "", 9, archive.NOT_MODIFIED)
        + record(WarcRecordType.resource, "https://example.org/r", b"plain text", 0, False, Content_Type="text/plain")
        + record(WarcRecordType.resource, "file:///example.org/f", b"# Title", 0, False, Content_Type="text/markdown")
        + record(WarcRecordType.metadata, "https://example.org/m", b"x: y", 0, False, Content_Type="text/plain")
    )  # fmt: skip
    assert {url: document.title for url, document in read(tmp_path).items()} == {
        "copy": "Page 1", "a": "Page 1", "b": "Page 1", "r": "plain text", "f": "Title",
    }  # fmt: skip


def test_what_is_not_indexed_in_a_crawl_is_not_here(tmp_path: Path) -> None:
    canonical = '<link rel=canonical href="https://example.org/{}">'
    (tmp_path / "a.warc").write_bytes(
        answer("robots.txt", "x") + answer("noindex", "<meta name=robots content=noindex>x") + answer("header", "x", head="X-Robots-Tag: noindex\r\n")
        + answer("named", "x", head="X-Robots-Tag: lightship: noindex\r\n") + answer("a?x=1", canonical.format("a") + "x")
        + answer("a", page(1)) + answer("own", canonical.format("missing") + "x")
        + record(WarcRecordType.response, "https://example.org/p", b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n\r\nx")
        + record(WarcRecordType.response, "https://example.org/q", b"no HTTP at all")
        + record(WarcRecordType.response, "dns:example.org", b"HTTP/1.1 200 OK\r\nContent-Type: text/dns\r\n\r\nx")
        + record(WarcRecordType.response, "no url", b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\nx")
    )  # fmt: skip
    assert set(read(tmp_path)) == {"a", "own"}


def test_bodies_as_they_were_sent(tmp_path: Path) -> None:
    text = page(1).encode()
    packed = {"gzip": gzip.compress(text), "br": brotli.compress(text), "zstd": zstandard.compress(text)}
    data = b""
    for name, body in packed.items():
        head = (
            b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: %s\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        chunks = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
        data += record(WarcRecordType.response, f"https://example.org/{name}", head % name.encode() + chunks)
    (tmp_path / "a.warc.zst").write_bytes(zstandard.compress(data))
    assert {url: document.title for url, document in read(tmp_path).items()} == dict.fromkeys(packed, "Page 1")


def test_packings_are_bounded() -> None:
    zeros = bytes(64 << 20)
    for name, packed in (
        ("gzip", gzip.compress(zeros)),
        ("br", brotli.compress(zeros, quality=1)),
        ("zstd", zstandard.compress(zeros)),
    ):
        assert len(unpack(packed, name, 1000)) <= 1000
        with pytest.raises(InvalidDocumentError, match=f"invalid {name} encoding"):
            unpack(b"\xff" * 100, name, 1000)
    assert unpack(gzip.compress(gzip.compress(b"x")), "gzip, x-gzip", 10_000) == b"x"
    text = "".join(map(str, range(100_000))).encode()
    for name, packed in (("gzip", gzip.compress(text)), ("br", brotli.compress(text))):
        begun = unpack(packed[: len(packed) // 2], name, 1 << 20)
        assert len(begun) > 1000
        assert text.startswith(begun)
    assert unpack(b"x", "", 10) == b"x"
    for name in ("compress", "gzip," * 4):
        with pytest.raises(InvalidDocumentError):
            unpack(b"x", name, 10)


def test_wacz(tmp_path: Path, feed: Feed) -> None:
    path = tmp_path / "site.wacz"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("datapackage.json", "{}")
        packed.writestr("archive/1.warc.gz", gzip.compress(answer("a", page(1))))
        packed.writestr("archive/2.warc", answer("b", page(2)), zipfile.ZIP_DEFLATED)
    with feed.running(path):
        assert set(feed.documents()) == {"a", "b"}


@pytest.mark.parametrize("damage", ["no zip", "middle"])
def test_damage_deletes_nothing(damage: str, tmp_path: Path, feed: Feed, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "site.wacz"
    with zipfile.ZipFile(path, "w") as packed:
        for number in range(9):
            packed.writestr(f"{number}.warc.gz", gzip.compress(answer(f"{number}", page(number))))
    data = bytearray(path.read_bytes())
    with feed.running(path):
        assert len(feed.documents()) == 9
        data[len(data) // 2 - 20 : len(data) // 2 + 20] = bytes(40)
        path.write_bytes(b"no zip" if damage == "no zip" else bytes(data))
        wait_until(lambda: "the documents read so far are kept" in caplog.text, 30, "the damage is told")
        assert len(feed.documents()) == 9
        path.unlink()
        wait_until(lambda: "no longer exists; its documents are kept" in caplog.text, 30, "that is told")
        assert len(feed.documents()) == 9


def test_a_folder_of_archives_is_watched(tmp_path: Path, feed: Feed) -> None:
    folder = tmp_path / "archive"
    (first,) = write(folder, range(5))
    with feed.running(folder):
        before = feed.entries()
        assert len(feed.documents()) == 5
        write(folder, range(4, 8))
        wait_until(lambda: len(feed.documents()) == 8, 30, "the new file is read")
        assert {url: feed.entries()[url] for url in before} == before
        (folder / first).unlink()
        wait_until(lambda: len(feed.documents()) == 4, 30, "what vanished is deleted")
        for name in os.listdir(folder):
            (folder / name).unlink()
    assert len(feed.documents()) == 4  # an empty folder is one whose disk is not there


@pytest.mark.parametrize(
    "url",
    [
        "metadata://gnu.org/software/wget/warc/wget.log",
        "dns:example.org",
        "urn:uuid:1",
        "whois://a",
        "filedesc:x",
    ],
)
def test_what_crawlers_keep_beside_pages_is_none(tmp_path: Path, url: str) -> None:
    path = tmp_path / "crawl.warc"
    path.write_bytes(
        record(WarcRecordType.resource, url, b"notes of the crawler", Content_Type="text/plain")
        + record(WarcRecordType.resource, "https://example.org/a", b"a page", Content_Type="text/plain")
    )
    assert set(read(path)) == {"a"}
