"""Calendars without an end are cut within 50 pages, whatever their urls and language; real days and months are not."""

from __future__ import annotations

import calendar
import random
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta

import pytest

from mockweb.crawling import Crawl
from mockweb.site import Answer, MockSite
from mockweb.traps import html

MOST = 50  # pages of an endless calendar that are fetched
MOST_DAYS = 70  # of one that only the next year shows to be a calendar, a month ahead
START = date(datetime.now(UTC).year, 12, 2)  # those without a telling name are recognised by the next year
PAST = date(2024, 5, 6)
GRID = " ".join(map(str, range(1, 32)))
MONTHS = {
    "en": calendar.month_name[1:],
    "de": [
        "Januar",
        "Februar",
        "März",
        "April",
        "Mai",
        "Juni",
        "Juli",
        "August",
        "September",
        "Oktober",
        "November",
        "Dezember",
    ],
    "ar": [
        "يناير",
        "فبراير",
        "مارس",
        "أبريل",
        "مايو",
        "يونيو",
        "يوليو",
        "أغسطس",
        "سبتمبر",
        "أكتوبر",
        "نوفمبر",
        "ديسمبر",
    ],
    "ja": [f"{number}月" for number in range(1, 13)],
}
Page = Callable[[int], tuple[str, str, str]]  # of a number: its path, its title, its text


def month(number: int) -> tuple[int, int]:
    """Return the year and month that are `number` months after the START."""
    return START.year + (number + 11) // 12, (number + 11) % 12 + 1


def by_month(path: str, language: str, nothing: str) -> Page:
    def page(number: int) -> tuple[str, str, str]:
        year, which = month(number)
        name = f"{MONTHS[language][which - 1]} {year}"
        return (
            path.format(year=year, month=which, name=MONTHS[language][which - 1].lower()),
            name,
            f"{name} {GRID} {nothing}",
        )

    return page


def by_day(path: str, nothing: str, step: int = 1) -> Page:
    def page(number: int) -> tuple[str, str, str]:
        day = START + timedelta(days=step * number)
        seconds = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
        return path.format(day=day, week=day.isocalendar().week, seconds=seconds), f"{day:%A %d %B %Y}", nothing

    return page


def by_offset(number: int) -> tuple[str, str, str]:
    year, which = month(number)
    return f"/calendar.php?offset={number}", "Our calendar", f"{MONTHS['en'][which - 1]} {year} {GRID}"


ENDLESS: dict[str, Page] = {
    "months in a path": by_month("/calendar/{year}/{month:02}/", "en", "There are no events in this month."),
    "months in a query, in German": by_month("/kalender?monat={month}&jahr={year}", "de", "Keine Termine."),
    "months in Arabic": by_month("/events/month/{year}-{month:02}", "ar", "لا توجد أحداث"),
    "months in Japanese": by_month("/ja/calendar?year={year}&month={month}", "ja", "予定はありません"),
    "an event in each month": by_month(
        "/agenda/{year}/{month:02}", "en", "Choir practice on each Tuesday, all welcome."
    ),
    "months without a telling name": by_month("/was-geht/{year}/{month:02}/", "de", "Es gibt keine Veranstaltungen."),
    "days": by_day("/events/{day:%Y-%m-%d}/", "Nothing is planned for this day."),
    "days in a query": by_day("/index.php?view=day&date={day:%Y%m%d}&cal=2", "No bookings."),
    "weeks": by_day("/calendar/{day:%Y}/week/{week}", "No events in this week.", 7),
    "months by name": by_month("/calendar/{year}/{name}/", "en", "Nothing planned."),
    "months by name, without a telling one": by_month("/programm/{name}-{year}", "en", "Nothing planned."),
    "weeks without a telling name": by_day("/raum/12/{day:%G}-W{week}", "Frei.", 7),
    "weeks in a query": by_day("/plan?kw={week}&j={day:%G}", "Keine Belegung.", 7),
    "days first": by_day("/belegung/{day:%d.%m.%Y}", "Der Saal ist frei."),
    "hours": by_day("/events/{day:%Y%m%d}T0900", "Free."),
    "seconds": by_day("/calendar?ts={seconds}", "Nothing today."),
    "offsets": by_offset,
}


def endless(page: Page) -> Callable[[str], Answer | None]:
    """Return what answers for the pages of a calendar, each with links to its neighbours."""
    numbers = {page(number)[0]: number for number in range(-300, 300)}

    def answer(path: str) -> Answer | None:
        if path not in numbers:
            return None
        _, title, text = page(numbers[path])
        return html(title, text, [page(numbers[path] + step)[0].replace("&", "&amp;") for step in (-1, 1)])

    return answer


@pytest.mark.parametrize("kind", ENDLESS)
def test_a_calendar_without_an_end_is_cut(crawl: Crawl, site: MockSite, kind: str) -> None:
    page = ENDLESS[kind]
    site.endless.append(endless(page))
    site.pages["/"] = html("Home", "A home page.", [page(0)[0].replace("&", "&amp;")])
    crawl.once(site.url("/"), max_depth=1000)
    fetched = [path for path in site.counts() if path not in ("/", "/robots.txt")]
    assert (
        12 <= sum(endless(page)(path) is not None for path in fetched) <= (MOST_DAYS if kind == "days first" else MOST)
    )


def report(chance: random.Random) -> str:
    """Return a short report, whose words come from some thousands, the first of them most often."""
    return " ".join(f"w{chr(97 + n % 26)}{chr(97 + n // 26 % 26)}{chr(97 + n // 676 % 26)}"
                    for n in (int(chance.paretovariate(0.7)) % 9000 for _ in range(25)))  # fmt: skip


def listed(site: MockSite, pages: dict[str, Answer]) -> None:
    paths = list(pages)
    site.pages.update(pages)
    site.pages["/"] = html("Home", "A home page.", [path.replace("&", "&amp;") for path in paths])


def expect_all(crawl: Crawl, site: MockSite, paths: Sequence[str]) -> None:
    crawl.once(site.url("/"), max_depth=1000)
    assert {site.url(path) for path in paths} <= crawl.documents()


@pytest.mark.parametrize("path", ["/events/{:%Y-%m-%d}/", "/calendar?date={:%Y-%m-%d}", "/calendar/{:%Y/%m/%d}"])
def test_days_with_reports_are_no_trap(crawl: Crawl, site: MockSite, path: str) -> None:
    chance = random.Random(path)
    days = [path.format(PAST + timedelta(days=number)) for number in range(150)]
    listed(site, {day: html(f"Report of {day}", report(chance)) for day in days})
    expect_all(crawl, site, days)


def test_months_that_lead_to_events_are_no_trap(crawl: Crawl, site: MockSite) -> None:
    months = [by_month("/calendar/{year}/{month:02}/", "en", "Our events.")(-number) for number in range(90)]
    events = [f"/calendar/event/{number}-{name}" for number, name in enumerate(["concert", "walk", "talk"] * 30)]
    for number, (path, title, text) in enumerate(months):
        following = months[number + 1][0] if number + 1 < len(months) else "/"
        site.pages[path] = html(title, text, [events[number], following])
        site.pages[events[number]] = html(f"Event {number}", report(random.Random(number)))
    site.pages["/"] = html("Home", "A home page.", [months[0][0]])
    expect_all(crawl, site, [*events, *(path for path, _, _ in months)])


TEAMS = ["Ajax", "Feyenoord", "Twente", "Utrecht", "Heerenveen", "Groningen", "Vitesse", "Sparta", "Almere", "Breda"]
DISHES = [
    "Soup",
    "Pasta",
    "Fish",
    "Curry",
    "Dumplings",
    "Goulash",
    "Salad",
    "Risotto",
    "Pancakes",
    "Stew",
    "Lentils",
    "Rice",
]


def scores(chance: random.Random) -> str:
    teams = chance.sample(TEAMS, len(TEAMS))
    pairs = zip(teams[::2], teams[1::2], strict=True)
    return " ".join(f"{home} - {guest} {chance.randrange(6)}:{chance.randrange(5)}" for home, guest in pairs)


def rates(chance: random.Random) -> str:
    return " ".join(f"{name} {chance.uniform(0.5, 2):.4f}" for name in ("Dollar", "Pound", "Yen", "Franc"))


def dishes(chance: random.Random) -> str:
    return " ".join(
        f"{dish} {chance.randrange(4, 12)},{chance.randrange(10)}0 EUR" for dish in chance.sample(DISHES, 4)
    )


def tides(chance: random.Random) -> str:
    return " ".join(f"{kind} water {chance.randrange(24):02}:{chance.randrange(60):02}" for kind in ("High", "Low") * 2)


FIGURES: dict[str, tuple[str, Callable[[random.Random], str]]] = {
    "scores": ("/schedule/{:%Y-%m-%d}", scores),
    "rates": ("/exchange-rates?date={:%Y-%m-%d}", rates),
    "dishes": ("/menu/week/{:%Y/%m/%d}", dishes),
    "tides": ("/calendar/tides/{:%Y-%m-%d}", tides),
    "figures without a telling name": ("/figures/{:%Y-%m-%d}", lambda chance: f"Dollar {chance.random():.2f}"),
}


@pytest.mark.parametrize("kind", FIGURES)
def test_days_with_figures_are_no_trap(crawl: Crawl, site: MockSite, kind: str) -> None:
    path, text = FIGURES[kind]
    chance = random.Random(kind)
    days = [path.format(PAST + timedelta(days=number)) for number in range(130)]
    listed(site, {day: html(f"Of {day}", text(chance)) for day in days})
    expect_all(crawl, site, days)
