"""Titles that tell pages apart: where those of a site all begin alike, the heading of a page is its title."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence

import apsw
import msgspec

from lightship.core.model import Document
from lightship.runtime.database import Database

LATEST = 20  # pages of a site that are compared
ENOUGH, SHARE = 10, 0.8  # pages with a title that begins alike and a heading, and their least share of the latest
DISTINCT = 0.9  # share of these headings that must differ: "Description" tells no pages apart
AGAIN = 1000  # pages that are visited again once that is known: those visited last
MAX_BEGINNING = 200  # characters

_NAME = "titles "  # and the site and the beginning: in the table of settings
_PARTS = re.compile(r"\s[-–—|·•»:/]\s|[|:：»]\s")
_AGAIN = """update pages set visit = ?, etag = null, last_modified = null where id in (
    select id from pages where site = ? and state = ? and digest is not null and url <> ? order by fetched desc limit ?)"""


class Titles:
    """The beginnings that the titles of a site's pages share: its name, or the whole title. Used by the event loop."""

    def __init__(self, database: Database) -> None:
        """Load what is known from `database`."""
        with database.access() as db:
            rows = db.execute("select name from settings where name glob ?", (f"{_NAME}*",)).fetchall()
        self._known = {str(name) for (name,) in rows}
        self._latest: defaultdict[str, dict[str, tuple[str, str]]] = defaultdict(
            dict
        )  # by site and url: beginning, heading

    def choose(self, site: str, url: str, document: Document) -> tuple[Document, str]:
        """Return `document` with the title that tells it apart, and a beginning if that has just become known."""
        beginning = beginning_of(document.title)
        heading = _heading(document, beginning)
        latest = self._latest[site]
        latest.pop(url, None)
        latest[url] = beginning, heading
        if len(latest) > LATEST:
            del latest[next(iter(latest))]
        if not heading or not beginning:
            return document, ""
        name = name_of(site, beginning)
        is_new = name not in self._known and _is_shared(beginning, list(latest.values()))
        if is_new:
            self._known.add(name)
        elif name not in self._known:
            return document, ""
        return msgspec.structs.replace(document, title=heading), beginning if is_new else ""


def _heading(document: Document, beginning: str) -> str:
    """Return the heading that a page has as a title, unless it has the same `beginning`; an empty string if none."""
    headings = (each.heading for each in document.sections if each.level == 1 or (each.level == 2 and not each.start))
    return next((each for each in headings if beginning_of(each) != beginning), "")


def _is_shared(beginning: str, latest: Sequence[tuple[str, str]]) -> bool:
    """Whether nearly all pages have the `beginning`, and headings that tell them apart."""
    headings = [heading for each, heading in latest if each == beginning and heading]
    return len(headings) >= max(ENOUGH, SHARE * len(latest)) and len(set(headings)) >= DISTINCT * len(headings)


def visit_again(db: apsw.Connection, site: str, url: str, beginning: str, *, state: int, at: float) -> None:
    """Record a `beginning` that became known by the page `url`, and have the site's other pages of `state` visited `at`."""
    db.execute("insert or replace into settings values (?, '')", (name_of(site, beginning),))
    db.execute(_AGAIN, (at, site, state, url, AGAIN))


def beginning_of(title: str) -> str:
    """Return the first part of a title, without regard to case."""
    return " ".join(_PARTS.split(title[:MAX_BEGINNING], maxsplit=1)[0].casefold().split())


def name_of(site: str, beginning: str) -> str:
    """Return the name of the setting with a beginning."""
    return f"{_NAME}{site} {beginning}"
