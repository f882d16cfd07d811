"""Crawler traps: endless URLs without new content, recognised by their form or by the results of similar URLs."""

from __future__ import annotations

import logging
import re
from collections import Counter, deque
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import unquote

from lightship.crawler.frontier.entry import State

logger = logging.getLogger(__name__)

MAX_URL = 1000  # characters
MAX_SEGMENTS = 25  # of a path
MAX_PARAMETERS = 10
MAX_SETS = 50  # different sets of parameters per path
MAX_COMBINED = 500  # URLs of one path with the same three or more parameters
MAX_DATES = 100  # URLs that differ only in a date, if their name suggests a calendar
MAX_PLAIN_DATES = 1000  # the same, without such a name
FIRST_YEAR, YEARS_AHEAD = 1970, 1
ENOUGH, NEW_SHARE = 40, 0.1  # after this many pages of one form, at least this share must have brought something
RECENT = 25  # pages of a calendar, of which the same share must have had words that no earlier one had
NEW_WORDS = 2  # of such a page: one is the name of a month
FIRST_PAGES = 4  # of a form, whose words are not kept: most forms have no more pages
MAX_TEXT, MAX_WORDS = 20_000, 100_000  # characters of a page that are read, and words that are kept of all calendars

_SESSION_KEYS = frozenset({
    "phpsessid", "jsessionid", "aspsessionid", "sessionid", "session_id", "sessid", "sid", "session", "cfid", "cftoken",
    "zenid", "oscsid", "osccommerce", "s_id", "viewstate", "phpsession", "asp.net_sessionid", "sessiontoken",
})  # fmt: skip
_SESSION_LIKE = re.compile(r"(?=.*\d)[0-9a-zA-Z_,.!-]{8,128}")  # a value that makes a short, ambiguous key a session id
_AMBIGUOUS = frozenset({"sid", "s_id", "session"})
_SESSION_PATH = re.compile(
    r";(?:jsessionid|phpsessid|sessionid|sid)=[^/?;]*|/\([SsAa]\([^)/]{8,}\)\)(?=/|$)", re.IGNORECASE
)
_REPEATED = re.compile(r"((?:/[^/]+)+?)\1{2,}(?=/|$)")
_DATE = re.compile(
    r"(?<!\d)((?:19|20|21)\d\d)[-/_.]?(0[1-9]|1[0-2]|[1-9](?!\d))(?:[-/_.]?([0-2]\d|3[01]|[1-9](?!\d)))?(?!\d)"
)
_YEAR_KEY, _MONTH_KEY = (
    re.compile(r"(?:^|[_-])(?:y|yr|year|jahr)$", re.IGNORECASE),
    re.compile(r"(?:^|[_-])(?:m|mo|mon|month|monat|week|day)$", re.IGNORECASE),
)
_CALENDAR = re.compile(
    r"calend[ae]r|kalend[ae]r|calendrier|kalenteri|takvim"
    r"|(?:^|[/_.?&=-])(?:cal|events?|agenda|schedule|termine|eventos|eventi|month|week|year|date|day)(?:[/_.?&=-]|$)",
    re.IGNORECASE,
)
# A year or date without separators, or seconds or milliseconds since the epoch
_MOMENT = re.compile(r"(?<!\d)(?:(?:19|20|21)\d\d(?:\d\d){0,2}|1\d{9}(?:\d{3})?)(?!\d)")
_OFFSET_KEY = re.compile(r"(?:^|[_-])(?:m|mo|mon|month|monat|week|day|offset)$", re.IGNORECASE)
_WORD = re.compile(r"\b[^\W\d_]{2,}\b")
_DIGITS = re.compile(r"\d+")


_TELLING = frozenset({State.PAGE, State.MOVED, State.ALIAS, State.DUPLICATE, State.EXCLUDED})


class Clean(NamedTuple):
    """A URL without its session ids; `dropped` names their parameters (empty: none)."""

    url: str
    dropped: str


def without_session(url: str) -> Clean:
    """Return the normal URL `url` without session ids in its path or query."""
    if ";" not in url and "?" not in url and "/(" not in url:
        return Clean(url, "")
    head, mark, query = url.partition("?")
    dropped = [found.strip("/;") for found in _SESSION_PATH.findall(head)]
    kept: list[str] = []
    for pair in query.split("&") if mark else ():
        key, _, value = pair.partition("=")
        (dropped if _is_session(unquote(key).lower(), value) else kept).append(pair)
    if not dropped:
        return Clean(url, "")
    head = _SESSION_PATH.sub("", head)
    return Clean(head + (f"?{'&'.join(kept)}" if kept else ""), ", ".join(part.partition("=")[0] for part in dropped))


def _is_session(key: str, value: str) -> bool:
    if key.startswith("aspsessionid"):
        return True
    return key in _SESSION_KEYS and (key not in _AMBIGUOUS or bool(_SESSION_LIKE.fullmatch(value)))


def trap_by_form(url: str) -> str:
    """Return why the normal URL `url` is a trap by its form alone, or an empty string."""
    if len(url) > MAX_URL:
        return f"trap: a URL of {len(url)} characters, more than {MAX_URL}"
    path, _, query = url.partition("?")
    path = "/" + path.split("/", 3)[3]
    if path.count("/") > MAX_SEGMENTS:
        return f"trap: a path of {path.count('/')} segments, more than {MAX_SEGMENTS}"
    if (found := _REPEATED.search(path)) and (
        not found[1].replace("/", "").isdecimal() or len(found[0]) > 4 * len(found[1])
    ):
        return f"trap: repeating path segments, {found[1]!r} several times in a row"
    if query:
        counts = Counter(_keys(query))
        if sum(counts.values()) > MAX_PARAMETERS:
            return f"trap: endless parameters, {sum(counts.values())} in one URL"
        if (most := counts.most_common(1)[0])[1] > 3 and not most[0].endswith("[]"):
            return f"trap: endless parameters, {most[0]!r} {most[1]} times"
    return _far_date(path, query)


def _far_date(path: str, query: str) -> str:
    year = _year(path, query)
    if year is not None and not FIRST_YEAR <= year <= datetime.now(UTC).year + YEARS_AHEAD:
        return f"trap: a calendar with the year {year}"
    return ""


def _year(path: str, query: str) -> int | None:
    """Return the year in a URL that contains a month or day; None if there is none."""
    if found := _DATE.search(path) or _DATE.search(query):
        return int(found[1])
    pairs = [pair.partition("=")[::2] for pair in query.split("&")] if query else []
    years = [int(value) for key, value in pairs if _YEAR_KEY.search(key) and value.isdecimal() and len(value) <= 6]
    return years[0] if years and any(_MONTH_KEY.search(key) for key, _ in pairs) else None


def _is_calendar(url: str) -> bool:
    """Whether the name and the numbers of a URL are those of a calendar: what it shows is a day, week or month."""
    if not _CALENDAR.search(url):
        return False
    _, _, path = url.partition("://")
    return _MOMENT.search(path) is not None or any(map(_OFFSET_KEY.search, _keys(url.partition("?")[2])))


def _is_ahead(url: str) -> bool:
    head, _, query = url.partition("?")
    year = _year(f"/{head.split('/', 3)[3]}", query)
    return year is not None and year > datetime.now(UTC).year


def _keys(query: str) -> list[str]:
    return [pair.partition("=")[0] for pair in query.split("&") if pair]


_ANY = ("*",)


class Form(NamedTuple):
    """The common form of similar URLs: `path` and `keys` with numbers replaced; `dates`: they differ only in dates."""

    path: str
    keys: tuple[str, ...]
    dates: bool

    @classmethod
    def of(cls, url: str) -> Form:
        """Return the form of a normal URL."""
        head, _, query = url.partition("?")
        scheme, _, host, path = head.split("/", 3)
        dated = _year(f"/{path}", query) is not None
        if dated:
            path = _DATE.sub("#", path)
        keys = tuple(sorted(set(_keys(query))))
        return cls(f"{scheme}//{host}/{_DIGITS.sub('#', path)}", keys, dated)

    @property
    def whole(self) -> Form:
        """The form of all URLs of the path that have parameters."""
        return Form(self.path, _ANY, dates=False) if self.keys else self

    @property
    def single(self) -> bool:
        """Whether only one URL can have this form."""
        return not self.keys and "#" not in self.path.split("/", 3)[3]


def leads_on(url: str, found: str) -> bool:
    """Return True if the page `url` leads to `found` as to something else, not to the next of its own kind.

    On one path, `?paged=2` leads to `?p=7` as to something else, but `?color=1` to `?color=1&size=2` is the same list.
    """
    page, other = Form.of(url), Form.of(found)
    return page.path != other.path or (bool(page.keys and other.keys) and not set(page.keys) & set(other.keys))


class _Tally:
    """How many URLs of a form are known, have been visited, and brought something: new content, or the way to it.

    For calendars also the words of their pages, and which of the `recent` pages brought something. A form `is_ahead` that
    has dates of the next year: no archive has, so it is a calendar, whatever it is called.
    """

    __slots__ = ("is_ahead", "known", "new", "recent", "visited", "words")

    def __init__(self) -> None:
        self.known = self.visited = self.new = 0
        self.is_ahead = False
        self.recent: deque[bool] = deque(maxlen=RECENT)
        self.words: set[str] = set()


class Traps:
    """Statistics of URL forms over all sites of a crawl; `check` decides which new URLs are traps."""

    def __init__(self) -> None:
        """Start empty; see `load`."""
        self._tallies: dict[Form, _Tally] = {}
        self._sets: dict[str, set[tuple[str, ...]]] = {}  # sets of parameters by path
        self._told: set[str] = set()  # paths of the forms that were cut
        self._room = MAX_WORDS

    def check(self, url: str) -> str:
        """Return why `url`, a new normal URL, is a trap, or an empty string. The first of each form is logged."""
        return trap_by_form(url) or self._logged(self._trap_by_like(url), url)

    def _trap_by_like(self, url: str) -> str:
        form = Form.of(url)
        tally = self._tallies.get(form)
        sets = self._sets.get(form.path, set()) if form.keys else set()
        if len(sets) >= MAX_SETS and form.keys not in sets:
            return f"trap: endless combinations of parameters, {len(sets)} for {form.path}"
        if tally is None:
            return self._brings_nothing(url)
        calendar = bool(_CALENDAR.search(url))
        if form.dates and tally.known >= (MAX_DATES if calendar else MAX_PLAIN_DATES):
            return f"trap: a calendar, {tally.known} URLs like {form.path} differ only in their dates"
        if len(form.keys) >= 3 and tally.known >= MAX_COMBINED:
            return f"trap: endless parameters, {tally.known} URLs like {form.path}?{'&'.join(form.keys)}"
        return self._brings_nothing(url)

    def brings_nothing(self, url: str) -> str:
        """Return why `url`, known or not, is a trap by the results of similar URLs, or an empty string."""
        return self._logged(self._brings_nothing(url), url)

    def _logged(self, reason: str, url: str) -> str:
        path = Form.of(url).path if reason else ""
        if reason and path not in self._told:
            self._told.add(path)
            logger.warning("%s: no more pages like %s are visited; an example: %s", reason, path, url)
        return reason

    def _brings_nothing(self, url: str) -> str:
        form = Form.of(url)
        for each in (form, form.whole):
            tally = self._tallies.get(each)
            if tally and tally.visited >= ENOUGH and tally.new < NEW_SHARE * tally.visited:
                what = "a calendar" if _CALENDAR.search(url) else "endless parameters" if form.keys else "endless URLs"
                return f"trap: {what}, only {tally.new} of {tally.visited} pages like {each.path} brought anything new"
        tally = self._tallies.get(form)
        if tally and tally.visited >= ENOUGH and len(tally.recent) == RECENT and sum(tally.recent) < NEW_SHARE * RECENT:
            return (
                f"trap: a calendar, only {sum(tally.recent)} of the last {RECENT} pages like {form.path} had new words"
            )
        return ""

    def known(self, url: str) -> None:
        """Count `url` as one that will be visited."""
        form = Form.of(url)
        if form.single:
            return
        tally = self._tallies.setdefault(form, _Tally())
        tally.known += 1
        tally.is_ahead = tally.is_ahead or (form.dates and _is_ahead(url))
        if form.keys:
            self._sets.setdefault(form.path, set()).add(form.keys)

    def visited(self, url: str, state: State, text: str = "", *, leads_on: bool = False) -> None:
        """Count the first visit to `url`, whose page has this `text`; one without a page says nothing.

        One that `leads_on`, to unknown URLs of another form, brings something whatever it is itself: an archive.
        """
        form = Form.of(url)
        if form.single or state not in _TELLING:
            return
        for each in {form, form.whole}:
            tally = self._tallies.setdefault(each, _Tally())
            tally.visited += 1
            tally.new += leads_on or state in (State.PAGE, State.MOVED)
        tally = self._tallies[form]
        if tally.is_ahead or _is_calendar(url):
            tally.recent.append(leads_on or state is State.MOVED or self._has_new_words(tally, text))

    def _has_new_words(self, tally: _Tally, text: str) -> bool:
        """Whether `text` has words that no earlier page of its form had: more than other numbers and the name of a month."""
        if tally.visited <= FIRST_PAGES or self._room <= 0:
            return True
        words = set(_WORD.findall(text[:MAX_TEXT].lower())) - tally.words
        tally.words |= words
        self._room -= len(words)
        return len(words) >= NEW_WORDS

    def load(self, pages: Sequence[tuple[str, int, str | None]]) -> None:
        """Load the URLs and states of a frontier, each with the URL of the page on which it was found."""
        leading = {found_on for url, _, found_on in pages if found_on and leads_on(found_on, url)}
        for url, state, _ in pages:
            self.known(url)
            self.visited(url, State(state), leads_on=url in leading)
