"""Sections: how often a hit of a documentation site leads to the right heading of its page.

The sites are Debian's documentation packages, by several generators (fetched with apt-get if they are not below `-pages`).
Sections are chosen at random; a query is a heading with three rare words of its text, or only words of the text. Which
anchor is right is read from the pages by another parser than the crawler's; a term defined in the section is right, too.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from bench.indexes import kept_index
from bench.progress import bar
from bench.report import Figure, Report
from bench.settings import BenchSettings
from bench.sites import DOCUMENTATION, fetched
from lightship.core.errors import LightshipError
from lightship.core.model import Document
from lightship.crawler.parsing.read import document_of, read_page
from lightship.judging.local import LocalIndex

QUERIES = 100  # of each kind and site
TARGET = 90.0  # % of them
SHOWN = 10  # results among which the page must be
LEAST = 12  # words of a section that is asked for
TWICE = frozenset({"print.html", "index.html", "genindex-all.html"})  # pages that have what others have, too
SITES = {  # package: (generator, pages)
    "python3.11-doc": ("Sphinx", "python3.11/html/**/*.html"),
    "postgresql-doc-15": ("DocBook", "postgresql-doc-15/html/*.html"),
    "git-doc": ("AsciiDoc", "git-doc/*.html"),
    "apache2-doc": ("own XSLT", "apache2-doc/manual/en/**/*.html"),
    "rust-doc": ("mdBook", "rust-doc/html/{book,reference,cargo,nomicon,rustc}/*.html"),
}

_WORD = re.compile(r"[A-Za-z]{4,}")
_NUMBERING = re.compile(r"^[\d.]+\s+")
_HEADINGS = frozenset({"h2", "h3", "h4"})
_SECTION = re.compile(r"\b(?:sect\d|refsect\d|section)\b")
_NOTES = frozenset({"Note", "Tip", "Caution", "Warning", "Important"})  # headings that are no section's
_VOID = frozenset(
    {"br", "hr", "img", "input", "link", "meta", "wbr", "col", "area", "base", "embed", "source", "track"}
)


class Known(NamedTuple):
    """A section as the page's own markup tells it."""

    page: str
    anchor: str
    heading: str
    words: tuple[str, ...]


class Headings(HTMLParser):
    """Collects headings, their anchors, and the text below them."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, list[str], list[str]]] = []
        self._open: list[tuple[str, str]] = []  # elements, and the ids of those that are sections
        self._heading: str | None = None
        self._skipped = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        is_section = tag == "section" or _SECTION.search(given.get("class", "")) is not None
        if tag not in _VOID:
            self._open.append((tag, given.get("id", "") if is_section else ""))
        self._skipped += tag in {"script", "style", "nav"}
        if tag in _HEADINGS or tag == "h1":
            self._heading = tag
            self.found.append((given.get("id", "") or self._enclosing(), [], []))
        elif self._heading and tag == "a":
            target = given.get("href", "")
            linked = target[1:] if target.startswith("#") and "link" in given.get("class", "") else ""
            anchor, heading, text = self.found[-1]
            self.found[-1] = (linked or given.get("id") or given.get("name") or anchor, heading, text)

    def _enclosing(self) -> str:
        return next((identity for _, identity in reversed(self._open) if identity), "")

    def handle_endtag(self, tag: str) -> None:
        if all(tag != name for name, _ in self._open):
            return
        self._skipped -= tag in {"script", "style", "nav"}
        while self._open.pop()[0] != tag:
            pass
        if tag == self._heading:
            self._heading = None

    def handle_data(self, data: str) -> None:
        if self.found and not self._skipped:
            _, heading, text = self.found[-1]
            (heading if self._heading else text).append(data)


def run(settings: BenchSettings) -> Report | None:
    """Return how often the right section comes first; None without a folder for the pages."""
    if not settings.pages:
        return None
    figures: list[Figure] = []
    notes = [f"{QUERIES} queries of each kind and site, seed {settings.seed}"]
    for name, (generator, pages) in SITES.items():
        root = fetched(Path(settings.pages), name) / DOCUMENTATION
        found = {path for each in _braces(pages) for path in root.glob(each)}
        paths = sorted(path for path in found if path.name not in TWICE)
        index, _ = kept_index(f"sections-{name}", [str(root), len(paths)], partial(_documents, name, paths))
        known = list(_known(paths, settings.seed))
        for kind, asked, target in (("heading and words", _with_heading, TARGET), ("words", _words_alone, None)):
            right, missed = _asked(index, [(each, asked(each)) for each in known])
            figures.append(Figure(f"{name} ({generator}), {kind}: right section first", right, "%", target, "higher"))
            notes += [f"{name}: {miss}" for miss in missed[: settings.misses]]
    return Report("sections", figures, notes)


def _braces(pattern: str) -> list[str]:
    """Return the patterns that one with a list in braces stands for."""
    before, brace, rest = pattern.partition("{")
    if not brace:
        return [pattern]
    choices, _, after = rest.partition("}")
    return [before + choice + after for choice in choices.split(",")]


def _url(path: Path) -> str:
    return f"http://docs.example{quote(path.as_posix().partition(DOCUMENTATION)[2])}"


def _documents(name: str, paths: Sequence[Path]) -> Iterator[Document]:
    for path in bar(paths, f"sections: indexing {name}", len(paths)):
        assert isinstance(path, Path)
        try:
            yield document_of(read_page(path.read_bytes(), "text/html", _url(path)), _url(path))
        except LightshipError:
            continue


def _known(paths: Sequence[Path], seed: int) -> Iterator[Known]:
    """Yield QUERIES sections at random, of which the words that are rarest in the site come first."""
    found: list[tuple[Path, str, str, list[str]]] = []
    documents: Counter[str] = Counter()
    for path in paths:
        headings = Headings()
        headings.feed(path.read_text(errors="replace"))
        said = Counter(" ".join("".join(heading).split()) for _, heading, _ in headings.found)
        for anchor, parts, text in headings.found[1:]:
            heading, words = " ".join("".join(parts).split()), _WORD.findall(" ".join(text))
            documents.update({word.lower() for word in words})
            if anchor and said[heading] == 1 and heading not in _NOTES and len(words) >= LEAST:
                found.append((path, anchor, _bare(heading), words))
    chosen = random.Random(seed).sample(found, min(QUERIES, len(found)))
    for path, anchor, heading, words in chosen:
        distinct = sorted(dict.fromkeys(word.lower() for word in words), key=lambda word: documents[word])
        yield Known(_url(path), anchor, heading, tuple(distinct))


def _bare(heading: str) -> str:
    return _NUMBERING.sub("", heading.strip("¶#§ "))


def _with_heading(known: Known) -> str:
    return " ".join([known.heading, *known.words[:3]])


def _words_alone(known: Known) -> str:
    return " ".join(known.words[:5])


def _asked(index: LocalIndex, queries: Iterable[tuple[Known, str]]) -> tuple[float, list[str]]:
    """Return the share in % of queries whose section is the first of its page, and what was found for others."""
    asked, missed = 0, []
    for known, query in queries:
        asked += 1
        plain = re.sub(r"[\"()*:+|-]", " ", query)
        hit = next((hit for hit in index.search(plain, SHOWN) if hit.url == known.page), None)
        wanted = f"{known.page}#{quote(known.anchor, safe=':/?@!$&()*+,;=~')}"
        first = hit.sections[0] if hit and hit.sections else None
        if not first or (first.url != wanted and known.heading not in map(_bare, first.path)):
            instead = f"not {[section.url for section in hit.sections]}" if hit else "is not found"
            missed.append(f"{plain!r}: {wanted} {instead}")
    return 100 - 100 * len(missed) / max(asked, 1), missed
