"""Folds pages of a site with the same text into one representative: in the source's folder if any is, the shortest URL.

Two texts are the same if they are equal, or if their titles are equal and their fingerprints differ in few bits (Manku,
Jain, Das Sarma: "Detecting near-duplicates for web crawling", 2007: if two fingerprints differ in up to three bits, one
of their four quarters is equal, which an index finds). Three bits correspond to about a hundredth of a page-length
text; with six, documentation pages with equal titles that differ in one name were folded, and not found. Each must have
the same telling words (fingerprint.py): a page with another number, name or identifier is another page. Short texts are
compared only under URLs that servers commonly use for one page: with and without a trailing slash, with and without
index.html.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import apsw
import msgspec

from lightship.crawler.frontier.entry import Outcome, State
from lightship.crawler.parsing.signals.fingerprint import NEAR, distance

_NO_TITLE = hashlib.blake2b(b"", digest_size=8).digest()
_PIECES = (
    "(fingerprint >> 48) & 65535",
    "(fingerprint >> 32) & 65535",
    "(fingerprint >> 16) & 65535",
    "fingerprint & 65535",
)
_LIKE = " union ".join(
    f"select url, content, fingerprint from pages where site = ?1 and state = 1 and fingerprint <> 0 and {piece} = ?{i}"
    for i, piece in enumerate(_PIECES, 2)
)
_TITLED = (
    "select url, content, fingerprint from pages where site = ? and substr(content, 9) = ? and state = 1"
    " and fingerprint <> 0 limit ?"
)
_NAMED = "select url, content, fingerprint from pages where url in (select value from json_each(?)) and state = 1"
MAX_TITLED = 200  # pages with the same title that are compared
_INDEXES = ("index.html", "index.htm", "index.php", "index.xhtml", "default.html")


class Twin(NamedTuple):
    """The properties by which pages are compared."""

    url: str
    content: bytes | None
    fingerprint: int

    def same(self, other: Twin) -> bool:
        """Whether both have the same text."""
        if not self.content or not other.content or self.url == other.url:
            return False
        if not self.fingerprint or not other.fingerprint:
            return self.content == other.content and other.url in variants(self.url)
        if self.content[:8] == other.content[:8]:
            return True
        titled = self.content[8:16] != _NO_TITLE
        return (
            titled and self.content[8:] == other.content[8:] and distance(self.fingerprint, other.fingerprint) <= NEAR
        )

    def rank(self, source: str) -> tuple[bool, int, str]:
        """Return the sort key; the representative is the least: in the folder of `source`, then by length of the URL.

        It depends only on the URLs, so the order of visits does not matter.
        """
        return not self.url.startswith(source.rpartition("/")[0] + "/"), len(self.url), self.url


def variants(url: str) -> list[str]:
    """Return the other URLs under which servers commonly serve the page of the normal URL `url`."""
    path, mark, query = url.partition("?")
    folder, _, name = path.rpartition("/")
    bare = f"{folder}/" if name in _INDEXES else path if not name else f"{path}/"
    found = [bare, bare[:-1], *(bare + index for index in _INDEXES)]
    return [f"{each}{mark}{query}" for each in found if each != path and each.count("/") >= 3]


class Folded(NamedTuple):
    """Outcomes after folding, and the pages displaced from the log: (URL, URL of the representative)."""

    outcomes: list[Outcome]
    displaced: list[tuple[str, str]]


def fold(db: apsw.Connection, outcomes: Sequence[Outcome], sources: Mapping[str, str]) -> Folded:
    """Mark as DUPLICATE those of `outcomes` that have another representative, among themselves or in the store.

    `sources` maps each site to its source.
    """
    folded = list(outcomes)
    places = {outcome.entry.url: i for i, outcome in enumerate(outcomes)}
    displaced: list[tuple[str, str]] = []
    settled: dict[str, list[Twin]] = {}  # by site, of the preceding outcomes
    for outcome in outcomes:
        if outcome.state is not State.PAGE or outcome.kept:
            continue
        site = outcome.entry.site
        twin = Twin(outcome.entry.url, outcome.content, outcome.fingerprint)
        rivals = [each for each in settled.get(site, []) if folded[places[each.url]].state is State.PAGE]
        rivals += [each for each in _stored(db, site, twin) if each.url not in places]
        same = [each for each in rivals if twin.same(each)]
        source = sources.get(site, "")
        best = min([twin, *same], key=lambda each: each.rank(source))
        for each in [twin, *same]:
            if each.url == best.url:
                continue
            if each.url in places:
                folded[places[each.url]] = _duplicate(folded[places[each.url]], best.url)
            else:
                displaced.append((each.url, best.url))
        settled.setdefault(site, []).append(twin)
    return Folded(folded, displaced)


def _stored(db: apsw.Connection, site: str, twin: Twin) -> Iterator[Twin]:
    rows: list[Any] = db.execute(_NAMED, (json.dumps(variants(twin.url)),)).fetchall()
    if twin.fingerprint:
        pieces = ((twin.fingerprint >> shift) & 65535 for shift in (48, 32, 16, 0))
        rows += db.execute(_LIKE, (site, *pieces)).fetchall()
        rows += db.execute(_TITLED, (site, (twin.content or b"")[8:], MAX_TITLED)).fetchall()
    for row in set(rows):
        yield Twin(*row)


def _duplicate(outcome: Outcome, of: str) -> Outcome:
    return msgspec.structs.replace(
        outcome, state=State.DUPLICATE, document=None, digest=None, target=of, note=duplicate_note(of)
    )


def duplicate_note(of: str) -> str:
    """Return the note of a page that is folded into another."""
    return f"duplicate of {of}, which is indexed instead"
