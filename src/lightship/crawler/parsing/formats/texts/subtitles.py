"""Converts subtitles (SubRip's SRT, and WebVTT) to HTML."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

from lightship.crawler.parsing.formats.html_head import html_head, html_page, paragraph

MAX_PARAGRAPH = 1000  # characters

_TIMES = re.compile(r"[ \t]*(?:\d{1,4}:)?\d{1,2}:\d{2}[,.]\d{1,3}[ \t]*-->")
_HEADER = re.compile(r"WEBVTT(?:[ \t]+(?:-[ \t]*)?([^\n]*))?(?:\n|\Z)")
_LANGUAGE = re.compile(r"Language:[ \t]*([A-Za-z-]{2,20})", re.IGNORECASE)
_FACT = re.compile(r"\w+:")
_TAGS = re.compile(r"</?[A-Za-z][^<>\n]{0,200}>|<[\d:.]{5,15}>|\{\\[^{}\n]{0,100}\}|</?[a-z]>")
_ENDS = (".", "!", "?", "…", "。", "！", "？", "؟", "।")


def subtitles_to_html(text: str) -> str:
    """Return subtitles as HTML: what is said, a paragraph for some sentences."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    header = _HEADER.match(text)
    title = (header[1] or "").strip() if header else ""
    first = text.partition("\n\n")[0] if header else ""
    language = _LANGUAGE.search(first)
    head = html_head("" if _FACT.match(title) else title, language[1] if language else "")
    return html_page(head, map(paragraph, _paragraphs(text)))


def _paragraphs(text: str) -> Iterator[str]:
    pieces, length, last = list[str](), 0, ""
    for line in _lines(text):
        if line == last:  # captions that roll
            continue
        last = line
        pieces.append(line)
        length += len(line)
        if length > MAX_PARAGRAPH or (length > MAX_PARAGRAPH // 4 and line.endswith(_ENDS)):
            yield " ".join(pieces)
            pieces, length = [], 0
    yield " ".join(pieces)


def _lines(text: str) -> Iterator[str]:
    """Yield the lines of what is said, without their tags; comments and styles have no times."""
    said = False
    for line in text.split("\n"):
        if _TIMES.match(line):
            said = True
        elif not line.strip():
            said = False
        elif said and (plain := unescape(_TAGS.sub("", line)).strip()):
            yield plain
