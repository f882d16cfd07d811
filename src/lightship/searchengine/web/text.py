"""The plain text form of an answer, which curl and wget print, for people and for grep.

The first line is `query: …`; a result begins with a `results:` line, and no other line begins like that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

from lightship.searchengine.search.api import Answer, Hit
from lightship.searchengine.search.request import last_page

USAGE = "usage: add ?q=words to the url; optional: page=2, size=20, sort=date, lang=en, format=json\n"

_MARK = re.compile("</?mark>")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")  # text from the web must not control a terminal


def render_text(answer: Answer) -> str:
    """Return the answer as lines of text."""
    lines = [f"query: {_one_line(answer.query)}"]
    for hit in answer.hits:
        lines.extend(_hit_lines(hit))
    lines.extend(_summary_lines(answer))
    return "\n".join(lines) + "\n"


def _hit_lines(hit: Hit) -> Iterator[str]:
    title, url = _one_line(hit.title), _one_line(hit.url)
    snippet = _one_line(unescape(_MARK.sub("", hit.snippet)))
    yield f"results:{snippet or title or url}"
    if title:
        yield f"  title: {title}"
    yield f"  url: {url}"
    if hit.score is not None:
        yield f"  score: {hit.score:.4g}"


def _summary_lines(answer: Answer) -> Iterator[str]:
    yield f"total: {answer.total} (page {answer.page} of {last_page(answer.total, answer.size)})"
    yield f"took: {answer.took_ms:.1f} ms"
    if answer.index.fresh_as_of is not None:
        yield f"fresh as of: {answer.index.fresh_as_of.isoformat()}"
    if answer.corrected:
        yield f"corrected: {_one_line(answer.corrected.instead)} (add corrections=off to search for what was typed)"
    if answer.notice:
        yield f"notice: {_one_line(answer.notice)}"


def _one_line(text: str) -> str:
    return " ".join(_CONTROL.sub(" ", text).split())
