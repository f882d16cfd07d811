"""`lightship search WORD …`: the results of a search in the terminal, with what was found marked, and links."""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import sys
import textwrap
from collections.abc import Iterator, Sequence

import msgspec

from lightship.cli.queries.asking import ask
from lightship.cli.system.secret import adopt_secret
from lightship.config import SearchSettings, parse_settings
from lightship.http.tls import trust
from lightship.searchengine.search.api import Answer, Hit

WIDEST = 100  # columns: longer lines are hard to read
INDENT = "    "
# Between these stands what was found, while lines are broken: a document can't have them, see `_printable`
_ON, _OFF = "\x02", "\x03"
_MARKS = re.compile(r"(</?mark>)")
_BOLD, _FAINT, _PLAIN = "\x1b[1m", "\x1b[2m", "\x1b[0m"  # ECMA-48, 8.3.117


def search(arguments: Sequence[str]) -> None:
    """Print the results of one search; raises UnavailableError if there is no answer."""
    settings, words = parse_settings(
        SearchSettings, "lightship search", arguments, positional="WORD",
        description="Search a running system, and print what it finds. Words mean what they mean on the search page: "
        'site:example.org, "a phrase", brand:acme. Write -- before words that begin with a dash.',
    )  # fmt: skip
    trust(settings.tls_ca)
    adopt_secret(settings.data)
    asked = {
        "q": " ".join(words), "size": str(settings.size), "page": str(settings.page), "sort": settings.sort,
        "corrections": "off" if settings.exact else "",
    }  # fmt: skip
    found = ask(settings.searchengine, "/search", asked, settings.key)
    if settings.json:
        print(json.dumps(found, ensure_ascii=False, indent=2))  # noqa: T201 (what was asked for)
    else:
        width = min(shutil.get_terminal_size().columns, WIDEST)
        print("\n".join(lines_of(msgspec.convert(found, Answer), width, styled=_is_styled())))  # noqa: T201


def lines_of(answer: Answer, width: int, *, styled: bool) -> Iterator[str]:
    """Yield what people read of `answer`, in lines of `width` columns; `styled` for a terminal that knows bold and links."""
    if answer.corrected:
        asked, instead = _printable(answer.corrected.asked), _printable(answer.corrected.instead)
        yield from textwrap.wrap(f"Showing results for {instead}; -exact searches for {asked} alone", width)
    if answer.notice:
        yield from textwrap.wrap(_printable(answer.notice), width)
    for number, hit in enumerate(answer.hits, answer.offset + 1):
        yield from _lines_of_hit(f"{number:>2}. ", hit, width, styled=styled)
        yield ""
    told = f"{answer.total} result{'' if answer.total == 1 else 's'}, {answer.took_ms:.0f} ms"
    yield f"{_FAINT}{told}{_PLAIN}" if styled else told


def _lines_of_hit(number: str, hit: Hit, width: int, *, styled: bool) -> Iterator[str]:
    title = _printable(hit.title) or _printable(hit.url)
    url = _printable(hit.link)
    yield number + (f"{_BOLD}{title}{_PLAIN}" if styled else title)
    yield INDENT + (f"\x1b]8;;{url}\x1b\\{_FAINT}{url}{_PLAIN}\x1b]8;;\x1b\\" if styled else url)
    on, off = (_BOLD, _PLAIN) if styled else ("", "")
    is_on = False
    for line in textwrap.wrap(_with_signs(hit.snippet), max(width - len(INDENT), 20), break_on_hyphens=False):
        begins, is_on = is_on, line.rfind(_ON) > line.rfind(_OFF) or (is_on and _OFF not in line)
        marked = (_ON if begins else "") + line + (_OFF if is_on else "")
        yield INDENT + marked.replace(_ON, on).replace(_OFF, off)


def _with_signs(snippet: str) -> str:
    signs = {"<mark>": _ON, "</mark>": _OFF}
    return "".join(signs.get(part) or _printable(html.unescape(part)) for part in _MARKS.split(snippet))


def _printable(text: str) -> str:
    """Return `text` without what a terminal would take for commands."""
    return "".join(each if each.isprintable() else " " for each in text)


def _is_styled() -> bool:
    """Return True if the output is a terminal that may be styled (https://no-color.org)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
