"""Decodes pages: the encoding comes from a byte order mark, the header, the page itself, or statistics of its bytes."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import NamedTuple

from resiliparse.parse.encoding import detect_encoding, detect_mime

from lightship.core.errors import InvalidDocumentError
from lightship.crawler.parsing.encodings.codecs import codec_of, is_single_byte

SAMPLE = 4096  # bytes examined for signs of a binary
HEAD = 16_384  # bytes in which a page may declare its encoding; browsers look further if its head is longer
FINE, BAD = 0.002, 0.1  # undecodable shares: below the first the encoding is right, above the second it is not text
SURE = 6  # bytes outside ASCII that are hardly ever valid UTF-8 by accident

_MARKS = (  # that of UTF-32-LE begins like that of UTF-16-LE
    (codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF32_LE, "utf-32-le"), (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"),
)  # fmt: skip
_WIDE = (
    (re.compile(rb"<\x00[^\x00]\x00"), "utf-16-le"), (re.compile(rb"\x00<\x00[^\x00]"), "utf-16-be"),
    (re.compile(rb"<\x00\x00\x00[^\x00]\x00\x00\x00"), "utf-32-le"),
    (re.compile(rb"\x00\x00\x00<\x00\x00\x00[^\x00]"), "utf-32-be"),
)  # fmt: skip
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([^\s\"';,]+)", re.IGNORECASE)
_XML = re.compile(rb"\s*<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([\w.:-]+)", re.IGNORECASE)
_COMMENT = re.compile(rb"<!--.*?(?:-->|\Z)", re.DOTALL)
_META = re.compile(rb"<meta[\s/]([^>]{0,1000})", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"([a-z-]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))", re.IGNORECASE)
_RUNS = re.compile(rb"[\x80-\xff]{4,}")
_ASCII = bytes(range(128))
_CONTROLS = bytes([*range(9), 11, *range(14, 27), *range(28, 32)])  # not escape: ISO-2022-JP uses it


class Decoded(NamedTuple):
    """The text of a page, and the Python codec with which it was decoded."""

    text: str
    encoding: str


def decode(body: bytes, content_type: str = "") -> str:
    """Return the text of `body`; `content_type` is the header's value. Raises InvalidDocumentError for a binary."""
    return read_characters(body, content_type).text


def read_characters(body: bytes, content_type: str = "") -> Decoded:
    """Decode `body` in the order of the HTML standard: byte order mark, header, the page's own declaration.

    A declaration is ignored if the bytes contradict it: many are undecodable, they are valid UTF-8, or a Western
    encoding would turn them into long runs of accented letters. Then statistics of the bytes decide. Raises
    InvalidDocumentError for a binary.
    """
    best, share = Decoded("", "utf-8"), 1.0
    for encoding, mark in _candidates(body, content_type):
        text = codecs.getincrementaldecoder(encoding)("replace").decode(body[mark:])
        bad = text.count("\ufffd") / (len(text) or 1)
        if bad < share or not text:
            best, share = Decoded(text, encoding), bad
        if bad < FINE:
            break
    if share > BAD:
        raise InvalidDocumentError(f"binary: {share:.0%} of the bytes are undecodable")
    return best


def _candidates(body: bytes, content_type: str) -> Iterator[tuple[str, int]]:
    """Yield the encodings to try, most likely first, each with the length of its byte order mark."""
    for mark, encoding in _MARKS:
        if body.startswith(mark):
            yield encoding, len(mark)
            return
    header = codec_of(found[1] if (found := _CHARSET.search(content_type)) else None)
    wide = header if header and header.startswith(("utf-16", "utf-32")) else _wide(body)
    if wide and b"\0" in body[:SAMPLE]:  # in every space, line break and character of the markup
        yield wide, 0
    _refuse_binary(body)
    foreign = len(body.translate(None, _ASCII))  # bytes outside ASCII
    for declared in filter(None, (header, codec_of(_declared(body[:HEAD])))):
        if declared.startswith("utf-"):
            yield "utf-8", 0  # the declaration was read as bytes, so it can't be UTF-16 or UTF-32
        elif not _is_belied(body, foreign, declared):
            yield declared, 0
    if b"\x1b$" not in body[:SAMPLE]:
        yield "utf-8", 0
    detected = codec_of(detect_encoding(body, html5_compatible=False))
    yield (
        detected or ("gb18030" if _is_belied(body, foreign, "cp1252") else "cp1252"),
        0,
    )  # some texts are too short for detection
    yield "cp1252", 0


def _declared(head: bytes) -> str | None:
    """Return the encoding that a page declares in its XML declaration, or in a meta element outside comments."""
    if found := _XML.match(head):
        return found[1].decode("ascii", "replace")
    for meta in _META.finditer(_COMMENT.sub(b"", head)):
        attributes: dict[str, str] = {}
        for name, *values in _ATTRIBUTE.findall(meta[1].decode("latin-1")):
            attributes.setdefault(name.lower(), "".join(values))
        if "charset" in attributes:
            return attributes["charset"]
        if attributes.get("http-equiv", "").lower() == "content-type":
            named = _CHARSET.search(attributes.get("content", ""))
            if named:
                return named[1]
    return None


def _is_belied(body: bytes, foreign: int, declared: str) -> bool:
    """Whether `body` is obviously not in the `declared` encoding, although it may decode."""
    if foreign == 0:
        return False
    single = is_single_byte(declared)
    if (single or foreign >= SURE) and _is_utf8(body):
        return True
    western = declared in ("cp1252", "iso8859-15")
    return western and sum(map(len, _RUNS.findall(body))) * 2 > foreign


def _is_utf8(body: bytes) -> bool:
    """Whether `body` is valid UTF-8 except for its last character, which may be truncated."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(body)
    except UnicodeDecodeError:
        return False
    return True


def _wide(body: bytes) -> str | None:
    """Return the variant of UTF-16 or UTF-32 of a text that begins with a tag but has no byte order mark; None for none."""
    return next((encoding for start, encoding in _WIDE if start.match(body)), None)


def _refuse_binary(body: bytes) -> None:
    sample = body[:SAMPLE]
    controls = len(sample) - len(sample.translate(None, _CONTROLS))
    if controls * 50 > len(sample):
        raise InvalidDocumentError(f"binary: {controls} control characters in its first {len(sample)} bytes")
    kind = detect_mime(sample)
    if kind.startswith(("image/", "audio/", "video/", "font/")) or kind in ("application/pdf", "application/zip"):
        raise InvalidDocumentError(f"binary: it looks like {kind}")
