"""The common part of sitemaps and feeds: lists of pages, in untrusted XML.

It is parsed by expat. A document type with its own declarations is refused, so no entity can expand, refer to a file or
fetch anything; a malformed document is read as far as possible.
"""

from __future__ import annotations

import codecs
import email.utils
import re
from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from typing import NamedTuple
from xml.parsers import expat

from resiliparse.parse.encoding import map_encoding_to_html5

from lightship.core import urls

MAX_PAGES = 50_000  # per list: the limit of sitemaps.org
MAX_BYTES = 50 << 20  # per list, decompressed: likewise
MAX_CHARACTERS = 16 << 20  # in all URLs of one list
MAX_TEXT = 8192  # characters per element: URLs and times are shorter
MAX_TAG = 1 << 20  # bytes between two `<`
MAX_DEPTH, MAX_CHILDREN = 100, 64

_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]+)", re.IGNORECASE)
_DECLARED = re.compile(rb"<\?xml[^>]{1,200}?encoding\s*=\s*[\"']([\w.:-]+)", re.IGNORECASE)
_TOO_LONG = re.compile(rb"<[^<]{%d}" % MAX_TAG)
_STRAY = re.compile(rb"&(?!(?:amp|lt|gt|quot|apos|#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6});)")
_CONTROLS = bytes([*range(9), 11, 12, *range(14, 32)])
_YEAR = re.compile(r"(\d{4})(?:-(\d\d))?")


class Listed(NamedTuple):
    """A listed page: its normal URL, and its time of last change according to the list."""

    url: str
    modified: datetime | None = None


def listed(links: Iterable[tuple[str, str, datetime | None]]) -> list[Listed]:
    """Return the pages of (link, base, modified) triples, each once with its newest time.

    At most MAX_PAGES of them, with at most MAX_CHARACTERS in total.
    """
    found: dict[str, datetime | None] = {}
    left = MAX_CHARACTERS
    for link, base, modified in links:
        url = urls.normalise(link, base) if link else None
        if url is None or (url not in found and (len(found) >= MAX_PAGES or left < len(url))):
            continue
        left -= 0 if url in found else len(url)
        known = found.get(url)
        found[url] = max(known, modified) if known and modified else known or modified
    return [Listed(url, modified) for url, modified in found.items()]


class Child(NamedTuple):
    """An element of a Record: its name without prefix, attributes, and its own text (without nested elements')."""

    name: str
    attributes: dict[str, str]
    text: str


class Record(NamedTuple):
    """An element that describes a page, within the element `root`; `base` is the base URL of its links."""

    root: str
    name: str
    base: str
    attributes: dict[str, str]
    children: list[Child]

    def text(self, *names: str) -> str:
        """Return the text of the first child with the first of `names` that is present, or an empty string."""
        found = {child.name: child.text for child in reversed(self.children) if child.text}
        return next((found[name] for name in names if name in found), "")


def text_of(body: bytes | bytearray, content_type: str = "") -> bytes:
    """Return the text of a list in UTF-8, without leading white space, up to MAX_BYTES.

    Its encoding comes from its byte order mark, the header `content_type` or its XML declaration.
    """
    return _decoded(body, content_type).lstrip().encode("utf-8", "replace")[:MAX_BYTES]


def _decoded(body: bytes | bytearray, content_type: str) -> str:
    for mark, encoding in _MARKS:
        if body.startswith(mark):
            return body[len(mark) :].decode(encoding, "replace")
    header, declared = _CHARSET.search(content_type), _DECLARED.match(body[:4096].lstrip()[:256])
    label = header[1] if header else declared[1].decode("ascii", "replace") if declared else "utf-8"
    encoding = map_encoding_to_html5(label.lower(), fallback_utf8=True) or "utf-8"
    return codecs.getincrementaldecoder(encoding)("replace").decode(body)


def read_records(data: bytes, url: str, names: Collection[str], children: Collection[str]) -> list[Record]:
    """Return the elements of the XML `data` (in UTF-8) with one of `names`, up to the first error.

    Each has those of its child elements with a name in `children`. Names are compared without prefix. Stray ampersands
    and control characters are not errors.
    """
    if too_long := _TOO_LONG.search(data):
        data = data[: too_long.start()]
    reader = _Reader(url, names, children)
    if not reader.read(data):
        mended = _Reader(url, names, children)
        mended.read(_STRAY.sub(b"&amp;", data).translate(None, _CONTROLS))
        reader = max(reader, mended, key=lambda each: len(each.records))
    return reader.records


class _EnoughError(Exception):
    """Stops the parser: a limit is reached."""


class _Open(NamedTuple):
    """An element that has not ended yet."""

    name: str
    attributes: dict[str, str]
    base: str
    text: list[str]


class _Reader:
    """Collects records from the parser's events of one document."""

    def __init__(self, url: str, names: Collection[str], children: Collection[str]) -> None:
        self.records: list[Record] = []
        self._names = frozenset(names)
        self._children = frozenset(children)
        self._base = url
        self._open: list[_Open] = []
        self._record = 0  # the depth of the current record, from 1
        self._found: list[Child] = []

    def read(self, data: bytes) -> bool:
        """Parse `data`; True if it was well-formed XML to its end."""
        parser = expat.ParserCreate("utf-8")
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = _refuse_declarations
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        try:
            parser.Parse(data, True)
        except expat.ExpatError:
            return False
        except _EnoughError:
            return True
        return True

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self._open) >= MAX_DEPTH:
            raise _EnoughError
        base = self._open[-1].base if self._open else self._base
        if "xml:base" in attributes:
            base = urls.normalise(attributes["xml:base"], base) or base
        self._open.append(_Open(name.rpartition(":")[2], attributes, base, []))
        if not self._record and self._open[-1].name in self._names:
            self._record = len(self._open)
            self._found = []

    def _text(self, text: str) -> None:
        if self._record and len(self._open) == self._record + 1 and self._open[-1].name in self._children:
            self._open[-1].text.append(text[:MAX_TEXT])

    def _end(self, _: str) -> None:
        name, attributes, base, text = self._open.pop()
        depth = len(self._open) + 1
        if self._record and depth == self._record + 1 and name in self._children:
            if len(self._found) < MAX_CHILDREN:
                self._found.append(Child(name, attributes, "".join(text).strip()[:MAX_TEXT]))
        elif depth == self._record:
            root = self._open[0].name if self._open else name
            self.records.append(Record(root, name, base, attributes, self._found))
            self._record = 0
            if len(self.records) >= MAX_PAGES:
                raise _EnoughError


def _refuse_declarations(_: str, system: str | None, public: str | None, declarations: int) -> None:
    if declarations:
        raise _EnoughError


def parse_time(text: str) -> datetime | None:
    """Parse a time in ISO 8601 (W3C's profile) or RFC 5322; None if it is neither."""
    text = text.strip()[:64]
    try:
        if year := _YEAR.fullmatch(text):
            return datetime(int(year[1]), int(year[2] or 1), 1, tzinfo=UTC)
        if text[:4].isdecimal():
            return _utc(datetime.fromisoformat(text))
        return _utc(email.utils.parsedate_to_datetime(text))
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
