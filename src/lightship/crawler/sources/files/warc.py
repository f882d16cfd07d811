"""The documents in WARC and WACZ files: the latest version of each URL.

They are read twice: first to find the newest record of each URL, then to make documents from those. The state between
is in a temporary database, so an archive may be larger than memory.
"""

from __future__ import annotations

import contextlib
import logging
import os
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from typing import BinaryIO, NamedTuple, cast

from fastwarc.warc import ArchiveIterator, WarcRecord, WarcRecordType

from lightship.core import urls
from lightship.core.errors import InvalidInputError
from lightship.core.model import check_url
from lightship.crawler.fetching.fetch import TEXT_TYPES
from lightship.crawler.output.records import Record
from lightship.crawler.parsing.encodings.media import media_type
from lightship.crawler.parsing.encodings.unpack import unpack
from lightship.crawler.parsing.formats.listing import parse_time
from lightship.crawler.parsing.html.extract import Page
from lightship.crawler.parsing.read import digest_of, document_of
from lightship.crawler.parsing.sandbox.tasks import ReadPage
from lightship.crawler.sources.files.below import LeadsOutError, open_below
from lightship.crawler.sources.files.file import Found, piece_of
from lightship.crawler.sources.files.newest import Newest
from lightship.documents.jsonl import UNREADABLE

logger = logging.getLogger(__name__)

ENDINGS = (".warc", ".warc.gz", ".warc.zst", ".wacz")
MAX_RECORD = 256 << 20  # bytes of a record as stored; larger ones, like videos, are skipped
MAX_HEADER = 64 << 10
_NO_ZIP = (zipfile.BadZipFile, NotImplementedError, RuntimeError)  # damaged; unknown compression; encrypted
_KINDS = WarcRecordType.response | WarcRecordType.resource | WarcRecordType.revisit
Read = Callable[[ReadPage, bytes], Page]  # raises InvalidInputError
_GONE = frozenset({301, 302, 303, 307, 308, 404, 410})  # as in a crawl; others but 200 change nothing


def is_archive(path: str) -> bool:
    """Whether `path` is a file of this kind, or a folder with nothing but such files.

    In a folder of documents, an archive that somebody puts there takes nobody's place: it is left out, with a warning.
    """
    if not os.path.isdir(path):
        return path.endswith(ENDINGS)
    names = [name for name in os.listdir(path) if not name.startswith(".")]
    archives = [name for name in names if name.endswith(ENDINGS)]
    if archives and len(archives) < len(names):
        logger.warning(
            "%s: has other files, too; archives like %s are left out: give them as SOURCEs", path, archives[0]
        )
    return bool(archives) and len(archives) == len(names)


def read_archive(path: str, read: Read, max_bytes: int, agent: str, *, follow: bool = False) -> Iterator[Found]:
    """Yield the documents of the archive `path`, a file or a folder of files, as a Reader.

    Pages are parsed by `read`, and cut at `max_bytes`; `agent` is the name to which `noindex` may apply. A truncated or
    damaged file ends there; the others are still read, and OSError is raised at the end.
    """
    with Newest() as newest:
        for piece in _pieces(path, [], follow):
            _learn(newest, piece)
            yield piece.name, None
        newest.learned()
        broken: list[str] = []
        for piece in _pieces(path, broken, follow):
            if found := newest.urls(piece.place):
                answer = _answer(piece.record)
                for url in found:
                    yield (
                        piece.name,
                        piece_of(partial(_document, answer, url, newest, read=read, max_bytes=max_bytes, agent=agent)),
                    )
            yield piece.name, None
    if broken:
        raise OSError("; ".join(broken[:5]))


class Piece(NamedTuple):
    """A record with its number in the archive and its name in messages; its content is in memory."""

    place: int
    name: str
    record: WarcRecord


def _pieces(path: str, broken: list[str], follow: bool) -> Iterator[Piece]:
    """Yield the records of an archive that may be pages; append errors that ended a file early to `broken`."""
    for file, (name, stream) in enumerate(_streams(path, broken, follow)):
        number = 0
        try:
            records = ArchiveIterator(
                stream, record_types=_KINDS, parse_http=False, max_content_length=MAX_RECORD, max_header_len=MAX_HEADER
            )
            for number, record in enumerate(records):
                length = record.content_length
                record.freeze()
                if record.content_length < length:
                    raise EOFError("the file is truncated there")
                yield Piece(file << 40 | number, f"{name}, record at byte {record.stream_pos}", record)
        except (*UNREADABLE, *_NO_ZIP, ValueError) as error:
            broken.append(f"{name} after {number} records: {error}")


def _streams(path: str, broken: list[str], follow: bool) -> Iterator[tuple[str, BinaryIO]]:
    """Yield the WARC files of an archive, by name; append links that lead out of a folder to `broken`."""
    names = [""]
    if os.path.isdir(path):
        names = [name for name in sorted(os.listdir(path)) if name.endswith(ENDINGS)]
    for name in names:
        each = os.path.join(path, name) if name else path
        try:
            with open(open_below(each, path, follow=follow) if name else each, "rb") as file:
                yield from _streams_of(file, os.path.basename(each))
        except LeadsOutError:
            broken.append(f"{name}: skipped: link to outside the folder; -follow-links follows it")


def _streams_of(file: BinaryIO, called: str) -> Iterator[tuple[str, BinaryIO]]:
    if not called.endswith(".wacz"):
        yield called, file
        return
    try:
        with zipfile.ZipFile(file) as packed:
            for name in sorted(name for name in packed.namelist() if name.endswith(ENDINGS)):
                with packed.open(name) as member:
                    yield f"{called}/{name}", cast("BinaryIO", member)
    except _NO_ZIP as error:
        raise OSError(f"{called}: {error}") from error


def _learn(newest: Newest, piece: Piece) -> None:
    """Add the record to `newest`."""
    record = piece.record
    url, digest = _url(record), record.headers.get("WARC-Payload-Digest")
    moment = cast("datetime | None", record.record_date)
    date = moment.astimezone(UTC).isoformat(timespec="microseconds") if moment else ""
    if url is None:
        return
    if record.record_type == WarcRecordType.revisit:
        if digest and "identical-payload-digest" in (record.headers.get("WARC-Profile") or ""):
            newest.revisit(url, date, digest)
        return
    status = _status(record)
    if status == 200 or status in _GONE:
        newest.answer(url, date, piece.place, page=status == 200, digest=digest)


def _url(record: WarcRecord) -> str | None:
    """Return the URL of a page; None for what crawlers keep beside pages, like `metadata://gnu.org/wget.log` and `dns:`."""
    text = (record.headers.get("WARC-Target-URI") or "").strip("<> ")
    if text.startswith("file://"):
        with contextlib.suppress(InvalidInputError):
            return check_url(text)
    url = urls.normalise(text)
    return None if url and url == f"{urls.site(url)}/robots.txt" else url


def _status(record: WarcRecord) -> int:
    if record.record_type == WarcRecordType.resource:
        return 200
    try:
        record.parse_http(auto_decode="transfer")
    except OSError:  # not HTTP
        return 0
    return int(record.http_headers.status_code or 0) if record.http_headers else 0


class Answer(NamedTuple):
    """The contents of a record: the values of each header, by lower-case name, and the body as encoded."""

    headers: dict[str, list[str]]
    body: bytes
    fetched: datetime | None

    def header(self, name: str) -> str:
        """Return the first value of a header, or an empty string."""
        return self.headers.get(name, [""])[0]


def _answer(record: WarcRecord) -> Answer:
    headers: dict[str, list[str]] = {}
    if _status(record) and record.http_headers:
        for name, value in record.http_headers.items():
            headers.setdefault(name.lower(), []).append(value)
    else:
        headers["content-type"] = [record.headers.get("Content-Type") or ""]
    return Answer(headers, record.reader.read(), record.record_date)


def _document(answer: Answer, url: str, newest: Newest, *, read: Read, max_bytes: int, agent: str) -> Record | None:
    """Return the document of the answer for `url`; None if it must not be indexed. Raises InvalidInputError."""
    kind = answer.header("content-type")
    if media_type(kind, url) not in TEXT_TYPES:
        return None
    body = unpack(answer.body, ",".join(answer.headers.get("content-encoding", [])), max_bytes)
    page = read(ReadPage(kind, url, answer.headers.get("x-robots-tag", []), agent), body)
    if page.noindex or _folds(page.canonical, url, newest):
        return None
    modified = parse_time(answer.header("last-modified"))
    document = document_of(page, url, modified=modified, fetched=answer.fetched)
    return Record(document, digest_of(document))


def _folds(canonical: str | None, url: str, newest: Newest) -> bool:
    """Whether the page's canonical URL is another page in the archive."""
    return bool(canonical and canonical != url and urls.site(canonical) == urls.site(url) and newest.has(canonical))
