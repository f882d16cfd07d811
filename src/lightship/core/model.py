"""Documents, changes, partitions and shards."""

from __future__ import annotations

import contextlib
import hashlib
import math
import re
from datetime import UTC, datetime

import msgspec

from lightship.core.errors import InvalidDocumentError, TooLargeError
from lightship.core.sections import MAX_ANCHOR, MAX_HEADING, RANKED_LEVELS, Section, check_sections

Scalar = str | int | float | bool
FieldValue = Scalar | list[Scalar]

PARTITIONS = 64
MAX_URL_BYTES = 2048
MAX_TYPE = 40  # characters
MAX_DOCUMENT_BYTES = 4 << 20  # of the encoded document: the maximum size of a log message

_ABSOLUTE_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s\x00-\x1f\x7f]+")
_ACTIVE_SCHEMES = frozenset({"javascript", "data", "vbscript", "blob"})  # a browser would execute them
_LANGUAGE = re.compile("[A-Za-z]{2,8}(?![A-Za-z0-9])")  # the primary subtag of a BCP 47 tag
_CONTROLS = bytes([*range(9), 11, 12, *range(14, 32), 127])
_SITE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://(?:[^/?#]*@)?([^/?#\[\]]*|\[[0-9A-Fa-f:.]+\](?::[0-9]*)?)(?:[/?#]|$)")
_HOST = re.compile(r"https?://(?:[^/?#]*@)?(?:[^/?#\[\]:@]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]*)?(?:[/?#]|$)", re.IGNORECASE)
_UNWANTED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


class Document(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One page or record; `url` is its key. Times are aware datetimes; `language` is a BCP 47 primary subtag.

    `type` is what it is, in a word: page, pdf, … Without one, the ending of the url tells.
    """

    url: str
    title: str = ""
    text: str = ""
    headings: list[str] = []
    description: str = ""
    language: str | None = None
    modified: datetime | None = None
    fetched: datetime | None = None
    fields: dict[str, FieldValue] = {}
    sections: list[Section] = []
    type: str = ""

    @property
    def ranked_headings(self) -> list[str]:
        """The headings that count in ranking: `headings`, and those of the upper sections."""
        return [*self.headings, *(each.heading for each in self.sections if each.level in RANKED_LEVELS)]

    @property
    def site(self) -> str:
        """Host (with the port, if the url has one) in lower case; empty for a url without a host."""
        return site_of(self.url)


class Change(msgspec.Struct, frozen=True):
    """A put of `document`, or, when that is None, a delete of `url`."""

    url: str
    document: Document | None = None

    @classmethod
    def put(cls, document: Document) -> Change:
        """Return the change that stores `document` under its url."""
        return cls(document.url, document)

    @classmethod
    def delete(cls, url: str) -> Change:
        """Return the change that deletes `url`."""
        return cls(url)


def site_of(url: str) -> str:
    """Return the host (with the port, if the url has one) of `url` in lower case, or an empty string."""
    found = _SITE.match(url)
    return found[1].lower() if found else ""


def url_digest(url: str) -> bytes:
    """Return the 16-byte BLAKE2b digest of `url`: its key in logs, and the tie-breaker among equal scores."""
    return hashlib.blake2b(url.encode(), digest_size=16).digest()


def partition_of(url: str, partitions: int = PARTITIONS) -> int:
    """Return the partition of `url`: a number in [0, partitions), the same on every machine."""
    return partition_of_digest(url_digest(url), partitions)


def partition_of_digest(digest: bytes, partitions: int) -> int:
    """Return the partition of the url with this `url_digest`."""
    return int.from_bytes(digest[:4], "big") % partitions


def shard_of(partition: int, shards: int) -> int:
    """Return the shard that owns `partition` in a layout of `shards` shards."""
    return partition % shards


def clean_text(text: str) -> str:
    """Return `text` with control characters replaced by spaces, and lone surrogates by U+FFFD."""
    if text.isascii() and text.isprintable():
        return text
    with contextlib.suppress(UnicodeEncodeError):  # raised by a lone surrogate
        encoded = text.encode()
        if len(encoded.translate(None, _CONTROLS)) == len(encoded):  # four times as fast as the regular expression
            return text
    return _UNWANTED.sub(lambda found: " " if found[0] < "\x80" else "\ufffd", text)


def check_url(url: str) -> str:
    """Return `url` if it can be a document's key; raise InvalidDocumentError with the reason otherwise."""
    if not _ABSOLUTE_URL.fullmatch(url) or _UNWANTED.search(url):
        raise InvalidDocumentError(f"not an absolute url: {url[:100]!r}; write it like https://example.org/page")
    if url.partition(":")[0].lower() in _ACTIVE_SCHEMES:
        raise InvalidDocumentError(f"url scheme {url.partition(':')[0]!r} is not allowed for a document")
    if len(url.encode()) > MAX_URL_BYTES:
        raise InvalidDocumentError(f"url of {len(url.encode())} bytes: the limit is {MAX_URL_BYTES}: {url[:100]!r}…")
    if url[:5].lower() in ("http:", "https") and not _HOST.match(url):
        raise InvalidDocumentError(f"url has no valid host: {url[:100]!r}")
    return url


def check_document(document: Document) -> Document:
    """Return `document` with its url checked, text cleaned, times in UTC and language as a primary subtag (or None).

    Raises TooLargeError when it would encode to more than MAX_DOCUMENT_BYTES, InvalidDocumentError for a bad url,
    a time outside the years 1 to 9999 in UTC, a number that is not finite or needs more than 64 bits, a long type, or a
    wrong section.
    """
    check_url(document.url)
    characters = len(document.text) + len(document.title) + len(document.description) + sum(map(len, document.headings))
    _check_size(document.url, characters)
    sections = [_clean_section(section) for section in document.sections]
    check_sections(sections, len(document.text))
    checked = msgspec.structs.replace(
        document,
        title=clean_text(document.title),
        text=clean_text(document.text),
        description=clean_text(document.description),
        headings=[clean_text(heading) for heading in document.headings],
        language=_primary_subtag(document.language),
        modified=_in_utc(document.modified, document.url),
        fetched=_in_utc(document.fetched, document.url),
        type=_type(document.type, document.url),
        fields={clean_text(name): _clean_field(value, document.url) for name, value in document.fields.items()},
        sections=sections,
    )
    if _is_surely_small(checked, characters):
        return checked
    try:
        _check_size(document.url, len(msgspec.msgpack.encode(checked)))  # the encoding that logs store
    except OverflowError as error:
        raise InvalidDocumentError(f"document {document.url[:100]} has a number of more than 64 bits") from error
    return checked


def _is_surely_small(document: Document, characters: int) -> bool:
    """Return True if `document` is certainly within the limit; False means that it has to be encoded to know."""
    texts = [value for value in document.fields.values() if isinstance(value, str)]
    characters += sum(map(len, texts)) + sum(map(len, document.fields))
    characters += len(document.sections) * (MAX_HEADING + MAX_ANCHOR)
    # A character encodes to four bytes at most; the other half is room for the rest
    return len(texts) == len(document.fields) and characters < MAX_DOCUMENT_BYTES // 8


def _check_size(url: str, size: int) -> None:
    if size > MAX_DOCUMENT_BYTES:
        raise TooLargeError(f"document {url[:100]} has {size} bytes: the limit is {MAX_DOCUMENT_BYTES}; split it")


def _primary_subtag(language: str | None) -> str | None:
    found = _LANGUAGE.match((language or "").strip())
    return found[0].lower() if found else None


def _type(given: str, url: str) -> str:
    name = " ".join(clean_text(given).lower().split())
    if len(name) > MAX_TYPE:
        raise InvalidDocumentError(
            f"document {url[:100]} has a type of more than {MAX_TYPE} characters: {name[:60]!r}…"
        )
    return name


def _in_utc(time: datetime | None, url: str) -> datetime | None:
    """Return `time` in UTC; a time without a zone is assumed to be in UTC."""
    if time is None or time.tzinfo is None:
        return time and time.replace(tzinfo=UTC)
    try:
        return time.astimezone(UTC)
    except OverflowError as error:
        raise InvalidDocumentError(f"document {url[:100]} has a time outside the years 1 to 9999: {time}") from error


def _clean_section(section: Section) -> Section:
    heading, anchor = clean_text(section.heading), clean_text(section.anchor)
    if heading is section.heading and anchor is section.anchor:
        return section
    return msgspec.structs.replace(section, heading=heading, anchor=anchor)


def _clean_field(value: FieldValue, url: str) -> FieldValue:
    if isinstance(value, list):
        return [_clean_scalar(item, url) for item in value]
    return _clean_scalar(value, url)


def _clean_scalar(value: Scalar, url: str) -> Scalar:
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, float) and not math.isfinite(value):
        raise InvalidDocumentError(f"document {url[:100]} has a field that is not a finite number: {value}")
    return value
