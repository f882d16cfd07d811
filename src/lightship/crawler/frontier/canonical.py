"""Keeps each page indexed under one URL: its canonical one if that is available and credible, otherwise its own.

A canonical URL is a hint, which templates often get wrong, for example by naming the home page.
"""

from __future__ import annotations

import json
import logging

import apsw

from lightship.crawler.frontier.entry import AT_ONCE, Outcome, State
from lightship.crawler.parsing.signals.fingerprint import distance

logger = logging.getLogger(__name__)

# Bits by which the fingerprints of two texts differ at least that are not versions of one page: variants of a product
# differ in up to 8, pages that share most of their sentences in 10 to 18, unrelated ones in about 32
OTHER = 10

_PAIRS = (
    "select a.url, a.content, a.fingerprint, p.url, p.content, p.fingerprint from pages a join pages p on p.url = a.target"
    " where a.state = ?1 and a.own = 0 and p.state = ?2 and "
)
_NAMING, _NAMED = f"{_PAIRS} a.url = ?3", f"{_PAIRS} a.target = ?3"
_OWN = "update pages set own = 1, visit = ?, etag = null, last_modified = null where url in (select value from json_each(?))"

# Whether the chain of pages that a page points to ends at one that is or may still get into the log, or at another host
_ALIVE = """
with recursive chain (url, target, state) as (
    select url, target, state from pages where url = ?
    union select p.url, p.target, p.state from pages p join chain c on p.url = c.target)
select exists (select 1 from chain where state in (?, ?)
    or (state = 3 and target is not null and not exists (select 1 from pages p where p.url = chain.target)))"""
# If not, the pages that name it as their canonical one are indexed under their own URLs
_RELEASE = """
with recursive pointing (url) as (
    select ? union select p.url from pages p join pointing on p.target = pointing.url)
update pages set own = 1, visit = ?, etag = null, last_modified = null
where state = ? and own = 0 and url in (select url from pointing)"""
_RETURN = "update pages set own = 0, visit = ?, etag = null, last_modified = null where target = ? and own = 1"
# Pages folded into another are visited again: at once if it is gone, unconditionally at their next visit if it changed
_UNFOLD = "update pages set visit = ?, etag = null, last_modified = null where target = ? and state = ?"
_COMPARE_AGAIN = "update pages set etag = null, last_modified = null where target = ? and state = ?"


class CanonicalDoubt:
    """Finds pages that name another page as their canonical one, and have nothing in common with it."""

    def __init__(self) -> None:
        """Start with no doubt."""
        self._told: set[str] = set()  # canonical URLs that were doubted

    def resolve(self, db: apsw.Connection, url: str, state: State) -> None:
        """Have `url`, or if it is indexed all that name it, indexed under its own URL if it names another page.

        The first of each canonical URL is logged.
        """
        doubted: dict[str, str] = {}
        query = _NAMING if state is State.ALIAS else _NAMED
        for page, content, mark, named, other, other_mark in db.execute(query, (State.ALIAS, State.PAGE, url)):
            if _is_other(named, content, mark, other, other_mark):
                doubted[str(page)] = str(named)
        if not doubted:
            return
        db.execute(_OWN, (AT_ONCE, json.dumps(list(doubted))))
        for page, named in doubted.items():
            if named not in self._told:
                self._told.add(named)
                logger.warning(
                    "%s names %s as its canonical page, but is another page; it is indexed itself", page, named
                )


def resolve(db: apsw.Connection, outcome: Outcome, doubt: CanonicalDoubt) -> None:
    """Decide again, after a visit, under which URLs the pages are indexed that point to the visited one."""
    url, before = outcome.entry.url, outcome.entry.state
    if outcome.state in (State.PAGE, State.ALIAS) and not outcome.kept:
        doubt.resolve(db, url, outcome.state)
    if before is State.PAGE and not outcome.kept:
        if outcome.state is not State.PAGE:
            db.execute(_UNFOLD, (AT_ONCE, url, State.DUPLICATE))
        elif outcome.content != outcome.entry.content:
            db.execute(_COMPARE_AGAIN, (url, State.DUPLICATE))
    if outcome.state is before and (outcome.kept or outcome.state is State.PAGE):
        return
    if outcome.state is State.PAGE:
        db.execute(_RETURN, (AT_ONCE, url))
    elif not db.execute(_ALIVE, (url, State.NEW, State.PAGE)).get:
        db.execute(_RELEASE, (url, AT_ONCE, State.ALIAS))


def _is_other(named: str, content: object, mark: object, other: object, other_mark: object) -> bool:
    """Whether two pages differ wholly in title and text.

    A short text is not a version of a long one; two short ones are compared only if the other is a home page.
    """
    if not isinstance(content, bytes) or not isinstance(other, bytes) or content[8:16] == other[8:16]:
        return False
    if mark and other_mark:
        return distance(int(str(mark)), int(str(other_mark))) >= OTHER
    if mark or other_mark:
        return True
    return content[:8] != other[:8] and named.count("/") == 3 and named.endswith("/")
