"""Converts messages (RFC 5322, MIME) to HTML."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.utils import parseaddr

from lightship.core.errors import InvalidDocumentError, words
from lightship.crawler.parsing.encodings.codecs import codec_of
from lightship.crawler.parsing.encodings.decode import decode
from lightship.crawler.parsing.formats.html_head import html_head, html_page, inner_html, paragraph
from lightship.crawler.parsing.formats.listing import parse_time

MAX_PARTS, MAX_HEADER = 1000, 2000  # parts read; characters of a header
MAX_NESTED = 50  # parts in each other
MAX_PART = 4 << 20  # bytes

_GAP = re.compile(r"\n[ \t>]*\n")
_HIDDEN = "script,style,head,title"


def mail_to_html(body: bytes) -> str:
    """Return a message as HTML: subject, sender, date, text, names of attachments. Raises InvalidDocumentError."""
    try:
        message = message_from_bytes(body)
    except (RecursionError, ValueError, LookupError, TypeError) as error:
        raise InvalidDocumentError(f"not a message: {words(error)[:300]}") from error
    if not any(name in message for name in ("From", "Date", "Subject", "Message-ID")):
        raise InvalidDocumentError("not a message: it has no From, Date, Subject or Message-ID")
    head = html_head(
        _header(message, "Subject"), _header(message, "Content-Language"),
        author=_author(message), created=sent.isoformat() if (sent := parse_time(_raw(message, "Date"))) else "",
    )  # fmt: skip
    return html_page(head, _blocks(message))


def _blocks(message: Message) -> Iterator[str]:
    """Yield the texts of a message as HTML, and of messages in it, with what these are about."""
    waiting, left = [iter([message])], MAX_PARTS
    while waiting and (left := left - 1):
        part = next(waiting[-1], None)
        if part is None:
            waiting.pop()
        elif part.get_content_type() == "multipart/alternative":
            yield _text(_best(_parts(part)))
        elif parts := _parts(part):
            if part.get_content_type() == "message/rfc822":
                yield paragraph(_header(parts[0], "Subject"), 2)
            if len(waiting) < MAX_NESTED:
                waiting.append(iter(parts))
        else:
            yield _text(part)


def _parts(part: Message) -> list[Message]:
    found = part.get_payload()
    return [each for each in found if isinstance(each, Message)] if isinstance(found, list) else []


def _best(parts: list[Message]) -> Message | None:
    """Return the alternative that is plain text, or else the last, which is the richest."""
    plain = (each for each in parts if each.get_content_type() == "text/plain" and _bytes(each).strip())
    return next(plain, parts[-1] if parts else None)


def _text(part: Message | None) -> str:
    """Return the text of a part as HTML; of an attachment, its name."""
    if part is None:
        return ""
    kind, attached = part.get_content_type(), part.get_content_disposition() == "attachment"
    if attached or kind not in ("text/plain", "text/html"):
        return paragraph(_decoded(str(part.get_filename() or "")))
    charset = part.get_param("charset")
    codec = codec_of(charset) if isinstance(charset, str) else None
    try:
        text = decode(_bytes(part), f"{kind}; charset={codec}" if codec else kind)
    except InvalidDocumentError:
        return ""
    if kind == "text/html":
        return inner_html(text, _HIDDEN)
    return "".join(paragraph(each) for each in _GAP.split(text.replace("\r\n", "\n")))


def _bytes(part: Message) -> bytes:
    body = part.get_payload(decode=True)
    return body[:MAX_PART] if isinstance(body, bytes) else b""


def _raw(message: Message, name: str) -> str:
    """Return a header as it was sent; it may be in UTF-8 (RFC 6532)."""
    value = next((str(value) for key, value in message.raw_items() if key.lower() == name.lower()), "")[:MAX_HEADER]
    return " ".join(value.encode("utf-8", "surrogateescape").decode("utf-8", "replace").split())


def _header(message: Message, name: str) -> str:
    return _decoded(_raw(message, name))


def _decoded(value: str) -> str:
    """Return the value of a header without its encoding (RFC 2047)."""
    try:
        found = decode_header(value[:MAX_HEADER])
    except (HeaderParseError, ValueError):
        return value
    pieces = (
        each if isinstance(each, str) else each.decode(codec_of(name) or "utf-8", "replace") for each, name in found
    )
    return " ".join("".join(pieces).split())


def _author(message: Message) -> str:
    try:
        name, address = parseaddr(_raw(message, "From"))
    except RecursionError:  # comments in each other
        return ""
    return _decoded(name) or address
