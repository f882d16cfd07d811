"""Crawler traps: endless URLs without new content, recognised by their form or by the results of similar URLs."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from lightship.core.model import Document
from lightship.crawler.frontier.entry import State
from lightship.crawler.traps.dates import is_ahead, is_calendar, named_as_calendar
from lightship.crawler.traps.form import DIGITS, Form, leads_on, trap_by_form
from lightship.crawler.traps.said import MAX_TEXT, NEW_SHARE, RECENT, Said

logger = logging.getLogger(__name__)

MAX_SETS = 50  # different sets of parameters per path
MAX_COMBINED = 500  # URLs of one path with the same three or more parameters
MAX_DATES = 1000  # pages that differ only in a date, after which they are judged like those of a calendar
ENOUGH = 40  # pages of one form, after which at least NEW_SHARE must have brought something
FIRST_PAGES = 4  # of a form, whose words are not kept: most forms have no more pages
MAX_PAIRS = 100_000  # that are kept of all forms; 6 MB

_TELLING = frozenset({State.PAGE, State.MOVED, State.ALIAS, State.DUPLICATE, State.EXCLUDED})


class _Tally:
    """How many URLs of a form are known, have been visited, and brought something: new content, or the way to it.

    A form `is_ahead` that has dates of the next year: no archive has, so it is a calendar, whatever it is called.
    """

    __slots__ = ("is_ahead", "known", "new", "visited")

    def __init__(self) -> None:
        self.known = self.visited = self.new = 0
        self.is_ahead = False


class Traps:
    """Statistics of URL forms over all sites of a crawl; `check` decides which new URLs are traps."""

    def __init__(self) -> None:
        """Start empty; see `load`."""
        self._tallies: dict[Form, _Tally] = {}
        self._sets: dict[str, set[tuple[str, ...]]] = {}  # sets of parameters by path
        self._told: set[str] = set()  # kinds that were cut: paths of forms, and reasons by site
        self._said: dict[Form, Said] = {}  # of calendars
        self._pairs = 0  # that are kept of all

    def check(self, url: str) -> str:
        """Return why `url`, a new normal URL, is a trap, or an empty string. The first of each form is logged."""
        if reason := trap_by_form(url):
            kind = f"{'/'.join(url.split('/', 3)[:3])} {DIGITS.sub('#', reason.partition(',')[0])}"
            self._warn(kind, "%s: it is not visited, nor are others of its site: %s", reason, url[:200])
            return reason
        form = Form.of(url)
        return self._logged(self._trap_by_like(form, url), form, url)

    def _trap_by_like(self, form: Form, url: str) -> str:
        tally = self._tallies.get(form)
        sets = self._sets.get(form.path, set()) if form.keys else set()
        if len(sets) >= MAX_SETS and form.keys not in sets:
            return f"trap: endless combinations of parameters, {len(sets)} for {form.path}"
        if tally is None:
            return self._brings_nothing(form, url)
        if len(form.keys) >= 3 and tally.known >= MAX_COMBINED:
            return f"trap: endless parameters, {tally.known} URLs like {form.path}?{'&'.join(form.keys)}"
        return self._brings_nothing(form, url)

    def brings_nothing(self, url: str) -> str:
        """Return why `url`, known or not, is a trap by the results of similar URLs, or an empty string."""
        form = Form.of(url)
        return self._logged(self._brings_nothing(form, url), form, url)

    def _logged(self, reason: str, form: Form, url: str) -> str:
        if reason:
            message = "%s: no more pages like %s are visited; an example: %s"
            self._warn(form.path, message, reason, form.path, url)
        return reason

    def _warn(self, kind: str, message: str, *details: str) -> None:
        """Log the first of each kind."""
        if kind not in self._told:
            self._told.add(kind)
            logger.warning(message, *details)

    def _brings_nothing(self, form: Form, url: str) -> str:
        for each in (form, form.whole):
            tally = self._tallies.get(each)
            if tally and tally.visited >= ENOUGH and tally.new < NEW_SHARE * tally.visited:
                what = "a calendar" if named_as_calendar(url) else "endless parameters" if form.keys else "endless URLs"
                return f"trap: {what}, only {tally.new} of {tally.visited} pages like {each.path} brought anything new"
        tally, said = self._tallies.get(form), self._said.get(form)
        if not tally or not said or said.new is None or tally.visited < ENOUGH:
            return ""
        if tally.is_ahead or tally.visited > MAX_DATES or is_calendar(url):
            return f"trap: a calendar, only {said.new} of the last {RECENT} pages like {form.path} said anything new"
        return ""

    def known(self, url: str) -> None:
        """Count `url` as one that will be visited."""
        form = Form.of(url)
        if form.single:
            return
        tally = self._tallies.setdefault(form, _Tally())
        tally.known += 1
        tally.is_ahead = tally.is_ahead or (form.dates and is_ahead(url))
        if form.keys:
            self._sets.setdefault(form.path, set()).add(form.keys)

    def visited(self, url: str, state: State, document: Document | None = None, *, leads_on: bool = False) -> None:
        """Count the first visit to `url`, whose page is this `document`; one without a page says nothing.

        One that `leads_on`, to unknown URLs of another form, brings something whatever it is itself: an archive.
        """
        form = Form.of(url)
        if form.single or state not in _TELLING:
            return
        for each in {form, form.whole}:
            tally = self._tallies.setdefault(each, _Tally())
            tally.visited += 1
            tally.new += leads_on or state in (State.PAGE, State.MOVED)
        if self._tallies[form].visited > FIRST_PAGES and self._pairs < MAX_PAIRS and (form.dates or is_calendar(url)):
            said = self._said.setdefault(form, Said())
            self._pairs -= said.pairs
            text = f"{document.title} {document.text[:MAX_TEXT]}" if document else ""
            said.add(text, brings=leads_on or state is State.MOVED)
            self._pairs += said.pairs

    def load(self, pages: Sequence[tuple[str, int, str | None]]) -> None:
        """Load the URLs and states of a frontier, each with the URL of the page on which it was found."""
        leading = {found_on for url, _, found_on in pages if found_on and leads_on(found_on, url)}
        for url, state, _ in pages:
            self.known(url)
            self.visited(url, State(state), leads_on=url in leading)
