"""Crawler traps: endless URLs without new content, recognised by their form or by the results of similar URLs."""

from __future__ import annotations

import logging
import re
from collections import Counter, deque
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import NamedTuple
from urllib.parse import unquote

from lightship.crawler.frontier.entry import State

logger = logging.getLogger(__name__)

MAX_URL = 1000  # characters
MAX_SEGMENTS = 25  # of a path
MAX_PARAMETERS = 10
MAX_SETS = 50  # different sets of parameters per path
MAX_COMBINED = 500  # URLs of one path with the same three or more parameters
MAX_DATES = 1000  # pages that differ only in a date, after which they are judged like those of a calendar
YEARS_AHEAD = 1  # of a calendar
ENOUGH, NEW_SHARE = 40, 0.1  # after this many pages of one form, at least this share must have brought something
RECENT = 25  # pages of a calendar, of which the same share must have said something that no earlier one had
NEW_PAIRS = 5  # words side by side that such a page has first: the name of a month comes with up to four
FIGURES = 3  # numbers of a page that are no dates, which are news if no earlier page had the same
FIRST_PAGES = 4  # of a form, whose words are not kept: most forms have no more pages
MAX_TEXT, MAX_PAIRS = 20_000, 100_000  # characters of a page that are read, and pairs that are kept of all forms
RICH = 5_000  # pairs on the pages of one form, which is no empty calendar then

_SESSION_KEYS = frozenset({
    "phpsessid", "jsessionid", "aspsessionid", "sessionid", "session_id", "sessid", "sid", "session", "cfid", "cftoken",
    "zenid", "oscsid", "osccommerce", "s_id", "viewstate", "phpsession", "asp.net_sessionid", "sessiontoken",
})  # fmt: skip
_SESSION_LIKE = re.compile(r"(?=.*\d)[0-9a-zA-Z_,.!-]{8,128}")  # a value that makes a short, ambiguous key a session id
_AMBIGUOUS = frozenset({"sid", "s_id", "session"})
_TOKEN_KEYS = frozenset(
    {"s", "token", "_token", "csrf", "csrf_token", "csrftoken", "authenticity_token", "sesskey", "zid"}
)
_TOKEN = re.compile(r"[0-9a-fA-F]{24,128}")  # a value that makes such a key a session id
_SESSION_PATH = re.compile(
    r";(?:jsessionid|phpsessid|sessionid|sid)=[^/?;]*|/\([SsAa]\([^)/]{8,}\)\)(?=/|$)", re.IGNORECASE
)
_REPEATED = re.compile(r"((?:/[^/]+)+?)\1{2,}(?=/|$)")
_YEAR = "(?:19|20|21)\\d\\d"
_MONTHS = (
    "january february march april may june july august september october november december"
    " januar februar m%C3%A4rz maerz mai juni juli oktober dezember janvier f%C3%A9vrier fevrier mars avril juin juillet"
    " ao%C3%BBt aout septembre octobre novembre d%C3%A9cembre decembre enero febrero marzo abril mayo junio julio agosto"
    " septiembre octubre noviembre diciembre gennaio febbraio aprile maggio giugno luglio settembre ottobre dicembre"
    " januari februari maart mei augustus janeiro fevereiro mar%C3%A7o marco maio junho julho setembro outubro novembro"
    " dezembro jan feb mar apr jun jul aug sep oct nov dec"
)
_MONTH = rf"(?<![a-z])(?:{_MONTHS.replace(' ', '|')})(?![a-z])"
# A year and a month or week, in digits or with the month's name, maybe with the day; or the day first
_DATE = re.compile(
    rf"(?<!\d)(?:{_YEAR}[-/_.](?:(?:0[1-9]|1[0-2]|[1-9](?!\d))(?:[-/_.](?:[0-2]\d|3[01]|[1-9](?!\d)))?|w\d\d?|{_MONTH}(?:[-/_.]\d\d?)?)"
    rf"|(?:0?[1-9]|[12]\d|3[01])[-_.](?:0?[1-9]|1[0-2])[-_.]{_YEAR})(?!\d)|{_MONTH}[-/_.]{_YEAR}(?!\d)",
    re.IGNORECASE,
)
_YEARS = re.compile(_YEAR)
_YEAR_KEY, _MONTH_KEY = (
    re.compile(r"(?:^|[_-])(?:y|yr|year|jahr|j)$", re.IGNORECASE),
    re.compile(r"(?:^|[_-])(?:m|mo|mon|month|monat|w|wk|week|kw|day)$", re.IGNORECASE),
)
_CALENDAR = re.compile(
    r"calend[ae]r|kalend[ae]r|calendrier|kalenteri|takvim"
    r"|(?:^|[/_.?&=-])(?:cal|events?|agenda|schedule|termine|eventos|eventi|month|week|year|date|day)(?:[/_.?&=-]|$)",
    re.IGNORECASE,
)
# A year or date without separators, or seconds or milliseconds since the epoch
_MOMENT = re.compile(rf"(?<!\d)(?:{_YEAR}(?:\d\d){{0,2}}(?:t\d{{4,6}})?|1\d{{9}}(?:\d{{3}})?)(?!\d)", re.IGNORECASE)
_OFFSET_KEY = re.compile(r"(?:^|[_-])(?:m|mo|mon|month|monat|week|day|offset)$", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]+|\d[\d.,:/–-]*(?<=\d)|\d")
_OF_A_DATE = re.compile(rf"[1-9]|0[1-9]|[1-4]\d|5[0-3]|{_YEAR}|\d\d?\.\d\d?|(?:\d+[./–-]){{2}}\d+|{_YEAR}[./-]\d\d?")
_ROUTES = frozenset(
    {"action", "act", "do", "route", "option", "module", "mod", "controller", "task", "op", "cmd", "page", "p"}
)
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
    if key in _TOKEN_KEYS:
        return bool(_TOKEN.fullmatch(value))
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
    return _far_date(url, path, query)


def _far_date(url: str, path: str, query: str) -> str:
    year = _year(path, query)
    if (
        year is not None
        and year > datetime.now(UTC).year + YEARS_AHEAD
        and (_keyed_year(query) or _CALENDAR.search(url))
    ):
        return f"trap: a calendar with the year {year}"
    return ""


def _year(path: str, query: str) -> int | None:
    """Return the year in a URL that contains a month, week or day; None if there is none."""
    found = next((found for part in (path, query) if _YEARS.search(part) and (found := _DATE.search(part))), None)
    if found:
        return max(map(int, _YEARS.findall(found[0])))
    return _keyed_year(query)


def _keyed_year(query: str) -> int | None:
    """Return the year in a parameter beside one with a month, week or day; None if there is none."""
    pairs = [pair.partition("=")[::2] for pair in query.split("&")] if query else []
    years = [int(value) for key, value in pairs if _YEAR_KEY.search(key) and value.isdecimal() and 4 <= len(value) <= 6]
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

    On one path, `?paged=2` leads to `?p=7` as to something else, and `?action=list` to `?action=show`, but `?color=1` to
    `?color=1&size=2` is the same list.
    """
    page, other = Form.of(url), Form.of(found)
    if page.path != other.path:
        return True
    if not page.keys or not other.keys:
        return False
    before, after = _routes(url), _routes(found)
    return not set(page.keys) & set(other.keys) or any(after.get(key, value) != value for key, value in before.items())


def _routes(url: str) -> dict[str, str]:
    """Return the parameters of a URL that say which part of a program answers."""
    pairs = (pair.partition("=")[::2] for pair in url.partition("?")[2].split("&"))
    return {key: value for key, value in pairs if key.lower() in _ROUTES and not _DIGITS.search(value)}


class _Tally:
    """How many URLs of a form are known, have been visited, and brought something: new content, or the way to it.

    For calendars also the pairs of words on their pages, and which of the `recent` pages brought something. A form
    `is_ahead` that has dates of the next year: no archive has, so it is a calendar, whatever it is called.
    """

    __slots__ = ("is_ahead", "is_rich", "known", "new", "pairs", "recent", "visited")

    def __init__(self) -> None:
        self.known = self.visited = self.new = 0
        self.is_ahead = self.is_rich = False
        self.recent: deque[bool] = deque(maxlen=RECENT)
        self.pairs: set[int] = set()


class Traps:
    """Statistics of URL forms over all sites of a crawl; `check` decides which new URLs are traps."""

    def __init__(self) -> None:
        """Start empty; see `load`."""
        self._tallies: dict[Form, _Tally] = {}
        self._sets: dict[str, set[tuple[str, ...]]] = {}  # sets of parameters by path
        self._told: set[str] = set()  # paths of the forms that were cut
        self._room = MAX_PAIRS

    def check(self, url: str) -> str:
        """Return why `url`, a new normal URL, is a trap, or an empty string. The first of each form is logged."""
        if reason := trap_by_form(url):
            kind = f"{'/'.join(url.split('/', 3)[:3])} {_DIGITS.sub('#', reason.partition(',')[0])}"
            if kind not in self._told:
                self._told.add(kind)
                logger.warning("%s: it is not visited, nor are others of its site: %s", reason, url[:200])
            return reason
        return self._logged(self._trap_by_like(url), url)

    def _trap_by_like(self, url: str) -> str:
        form = Form.of(url)
        tally = self._tallies.get(form)
        sets = self._sets.get(form.path, set()) if form.keys else set()
        if len(sets) >= MAX_SETS and form.keys not in sets:
            return f"trap: endless combinations of parameters, {len(sets)} for {form.path}"
        if tally is None:
            return self._brings_nothing(url)
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
        if not tally or tally.visited < ENOUGH or len(tally.recent) < RECENT:
            return ""
        is_calendar = tally.is_ahead or _is_calendar(url) or tally.visited > MAX_DATES
        if is_calendar and sum(tally.recent) < NEW_SHARE * RECENT:
            return f"trap: a calendar, only {sum(tally.recent)} of the last {RECENT} pages like {form.path} said anything new"
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
        if form.dates or _is_calendar(url):
            tally.recent.append(leads_on or state is State.MOVED or self._says_new(tally, text))

    def _says_new(self, tally: _Tally, text: str) -> bool:
        """Whether `text` says what no earlier page of its form did: more than other dates and the name of a month.

        Pairs of words tell that, in which numbers that may belong to a date are alike.
        """
        if tally.visited <= FIRST_PAGES or tally.is_rich or self._room <= 0:
            return True
        words = ["#" if _OF_A_DATE.fullmatch(word) else word for word in _WORD.findall(text[:MAX_TEXT].lower())]
        figures = tuple(word for word in words if word[0].isdigit())
        found = {hash(pair) for pair in pairwise(words) if pair != ("#", "#")} - tally.pairs
        is_new = len(found) >= NEW_PAIRS or (len(figures) >= FIGURES and hash(figures) not in tally.pairs)
        self._keep(tally, found | {hash(figures)})
        return is_new

    def _keep(self, tally: _Tally, pairs: set[int]) -> None:
        before = len(tally.pairs)
        tally.pairs |= pairs
        if len(tally.pairs) > RICH:
            tally.is_rich = True
            tally.pairs.clear()
        self._room -= len(tally.pairs) - before

    def load(self, pages: Sequence[tuple[str, int, str | None]]) -> None:
        """Load the URLs and states of a frontier, each with the URL of the page on which it was found."""
        leading = {found_on for url, _, found_on in pages if found_on and leads_on(found_on, url)}
        for url, state, _ in pages:
            self.known(url)
            self.visited(url, State(state), leads_on=url in leading)
