"""Dates in URLs, and which URLs are those of a calendar."""

from __future__ import annotations

import re
from datetime import UTC, datetime

YEARS_AHEAD = 1  # of a calendar

YEAR = "(?:19|20|21)\\d\\d"
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
DATE = re.compile(
    rf"(?<!\d)(?:{YEAR}[-/_.](?:(?:0[1-9]|1[0-2]|[1-9](?!\d))(?:[-/_.](?:[0-2]\d|3[01]|[1-9](?!\d)))?|w\d\d?|{_MONTH}(?:[-/_.]\d\d?)?)"
    rf"|(?:0?[1-9]|[12]\d|3[01])[-_.](?:0?[1-9]|1[0-2])[-_.]{YEAR})(?!\d)|{_MONTH}[-/_.]{YEAR}(?!\d)",
    re.IGNORECASE,
)
_YEARS = re.compile(YEAR)
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
_MOMENT = re.compile(rf"(?<!\d)(?:{YEAR}(?:\d\d){{0,2}}(?:t\d{{4,6}})?|1\d{{9}}(?:\d{{3}})?)(?!\d)", re.IGNORECASE)
_OFFSET_KEY = re.compile(r"(?:^|[_-])(?:m|mo|mon|month|monat|week|day|offset)$", re.IGNORECASE)


def named_as_calendar(url: str) -> bool:
    """Whether a calendar's name is in a URL."""
    return _CALENDAR.search(url) is not None


def is_calendar(url: str) -> bool:
    """Whether the name and the numbers of a URL are those of a calendar: what it shows is a day, week or month."""
    if not named_as_calendar(url):
        return False
    path, query = _parts(url)
    is_offset = any(_OFFSET_KEY.search(key) for key, _ in parameters(query))
    return _MOMENT.search(f"{path}?{query}") is not None or is_offset


def is_ahead(url: str) -> bool:
    """Whether the date in a URL is of the next year, or later."""
    year = year_of(url)
    return year is not None and year > datetime.now(UTC).year


def is_far(url: str) -> bool:
    """Whether a URL is that of a calendar of a year that nobody plans yet."""
    year = year_of(url)
    is_late = year is not None and year > datetime.now(UTC).year + YEARS_AHEAD
    return is_late and (_keyed_year(_parts(url)[1]) is not None or named_as_calendar(url))


def year_of(url: str) -> int | None:
    """Return the year in a normal URL that contains a month, week or day; None if there is none."""
    path, query = _parts(url)
    found = next((found for part in (path, query) if _YEARS.search(part) and (found := DATE.search(part))), None)
    return max(map(int, _YEARS.findall(found[0]))) if found else _keyed_year(query)


def _keyed_year(query: str) -> int | None:
    """Return the year in a parameter beside one with a month, week or day; None if there is none."""
    pairs = parameters(query)
    years = [int(value) for key, value in pairs if _YEAR_KEY.search(key) and value.isdecimal() and 4 <= len(value) <= 6]
    return years[0] if years and any(_MONTH_KEY.search(key) for key, _ in pairs) else None


def parameters(query: str) -> list[tuple[str, str]]:
    """Return the names and values of the parameters in a query."""
    return [(key, value) for key, _, value in (pair.partition("=") for pair in query.split("&") if pair)]


def _parts(url: str) -> tuple[str, str]:
    """Return the path and the query of a normal URL."""
    path, _, query = url.partition("?")
    return f"/{path.split('/', 3)[3]}", query
