"""The characters of a page: its encoding from a byte order mark, the header, the page itself, or its bytes."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

from resiliparse.parse.encoding import detect_encoding, detect_mime, map_encoding_to_html5

from lightship.errors import InvalidDocumentError

SAMPLE = 4096  # bytes looked at for signs of a binary
FINE, BAD = 0.002, 0.1  # undecodable shares: below the first the encoding is right, above the second it is no text

_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]+)", re.IGNORECASE)
_META = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?([\w.:-]+)", re.IGNORECASE)
_WIDER = {  # browsers read these as their supersets
    "gbk": "gb18030", "gb2312": "gb18030", "big5": "big5hkscs", "shift_jis": "cp932", "euc_kr": "cp949",
}  # fmt: skip
_CONTROLS = bytes([*range(9), 11, *range(14, 27), *range(28, 32)])  # not escape: ISO-2022-JP has it


def decode(body: bytes, content_type: str = "") -> str:
    """Return the text of `body`; `content_type` is the header's value. Raises InvalidDocumentError for a binary."""
    best, share = "", 1.0
    for encoding, mark in _candidates(body, content_type):
        text = codecs.getincrementaldecoder(encoding)("replace").decode(body[mark:])
        bad = text.count("\ufffd") / (len(text) or 1)
        if bad < share or not text:
            best, share = text, bad
        if bad < FINE:
            break
    if share > BAD:
        raise InvalidDocumentError(f"binary: {share:.0%} of it is undecodable")
    return best


def _candidates(body: bytes, content_type: str) -> Iterator[tuple[str, int]]:
    """Yield the encodings to try, likeliest first, each with the length of its byte order mark."""
    for mark, encoding in _MARKS:
        if body.startswith(mark):
            yield encoding, len(mark)
            return
    declared = _named(found[1] if (found := _CHARSET.search(content_type)) else None)
    if declared and declared.startswith("utf-16"):
        yield declared, 0
    _refuse_binary(body)
    if declared:
        yield declared, 0
    meta = _META.search(body[:SAMPLE])
    if meta and (named := _named(meta[1].decode("ascii", "replace"))):
        yield ("utf-8" if named.startswith("utf-16") else named), 0  # it was read as bytes, so it can't be UTF-16
    if b"\x1b$" not in body[:SAMPLE]:
        yield "utf-8", 0
    yield _named(detect_encoding(body)) or "cp1252", 0
    yield "gb18030", 0  # short texts are not detected
    yield "cp1252", 0


def _named(label: str | None) -> str | None:
    name = map_encoding_to_html5(label.strip().lower(), fallback_utf8=False) if label else None
    return _WIDER.get(name, name) if name else None


def _refuse_binary(body: bytes) -> None:
    sample = body[:SAMPLE]
    controls = len(sample) - len(sample.translate(None, _CONTROLS))
    if controls * 50 > len(sample):
        raise InvalidDocumentError(f"binary: {controls} control characters in its first {len(sample)} bytes")
    kind = detect_mime(sample)
    if kind.startswith(("image/", "audio/", "video/", "font/")) or kind in ("application/pdf", "application/zip"):
        raise InvalidDocumentError(f"binary: it begins like {kind}")
