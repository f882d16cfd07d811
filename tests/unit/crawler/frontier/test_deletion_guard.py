"""A failed crawl never empties the index; pages that are really gone are deleted."""

from __future__ import annotations

import time
from collections.abc import Callable

import apsw
import pytest

from lightship.crawler.frontier.deletion_guard import Counts
from lightship.crawler.state.store import open_store
from mockweb.crawling import Crawl
from mockweb.site import Answer, MockSite
from mockweb.traps import html, prose
from support import wait_until

PAGES = 30
LOGIN = '<form action="/in" method="post"><input name="user"><input type="password" name="pass"><button>Sign in</button></form>'


def fill(site: MockSite) -> set[str]:
    paths = [f"/{n}" for n in range(PAGES)]
    site.page("/", "<title>Start</title><p>start" + "".join(f'<a href="{path}">x</a>' for path in paths))
    for path in paths:
        site.pages[path] = html(f"Page {path}", prose(path))
    return {site.url("/"), *(site.url(path) for path in paths)}


def held(crawl: Crawl) -> str:
    store = open_store(crawl.data)
    with store.access() as db:
        reason: str | None = db.execute(
            "select group_concat(site || ': ' || held) from sites where held is not null"
        ).get
    store.close()
    return reason or ""


def asked_again(site: MockSite) -> bool:
    """Whether each page was requested twice since the requests were cleared."""
    counts = site.counts()
    return all(counts[f"/{n}"] >= 2 for n in range(PAGES))


def every_page(answer: Callable[[str], Answer]) -> Callable[[MockSite], None]:
    def change(site: MockSite) -> None:
        for path in list(site.pages):
            site.pages[path] = answer(path)

    return change


@pytest.mark.parametrize(
    "change",
    [
        every_page(lambda _: Answer("not here", 404)),
        every_page(lambda _: Answer("oops", 500)),
        every_page(lambda _: Answer("busy", 503)),
        every_page(lambda _: html("Sign in", LOGIN)),
        every_page(
            lambda path: html("Sign in", LOGIN) if path == "/0" else Answer(status=302, headers={"Location": "/0"})
        ),
        every_page(lambda _: html("Maintenance", "We will be back soon. " + prose("maintenance"))),
        every_page(lambda path: Answer("gone", 410) if path > "/2" else html(f"Page {path}", prose(path))),
        every_page(
            lambda path: html("Home", prose("home")) if path == "/" else Answer(status=301, headers={"Location": "/"})
        ),
        every_page(lambda path: html("x", prose(path), head='<meta name="robots" content="noindex">')),
    ],
    ids=["404", "500", "503", "login", "redirect-to-login", "maintenance", "few-are-left", "all-to-home", "noindex"],
)
def test_a_site_that_goes_wrong_keeps_its_documents_and_is_named(
    crawl: Crawl, site: MockSite, change: Callable[[MockSite], None], caplog: pytest.LogCaptureFixture
) -> None:
    urls = fill(site)
    assert set(crawl.once(site.url("/"))) == urls
    change(site)
    site.requests.clear()
    with crawl.running(site.url("/"), revisit=1.0, revisit_least=1.0, revisit_most=1.0):
        wait_until(lambda: held(crawl), 30, "the site is held")
        wait_until(lambda: asked_again(site) or site.pages["/"].status >= 500, 30, "all were looked at again")
    assert len(crawl.documents() & urls) >= len(urls) - 1  # one may be replaced: all others became like it
    assert held(crawl).startswith(f"http://{site.address}: ")
    assert f"http://{site.address} is held: " in caplog.text


def test_a_held_site_that_is_well_again_is_held_no_longer(crawl: Crawl, site: MockSite) -> None:
    urls = fill(site)
    crawl.once(site.url("/"))
    before = dict(site.pages)
    site.pages = {path: Answer("not here", 404) for path in before}
    with crawl.running(site.url("/"), revisit=1.0, revisit_most=1.0):
        wait_until(lambda: held(crawl), 30, "the site is held")
        site.pages = before
        wait_until(lambda: not held(crawl), 30, "it is held no longer")
    assert crawl.documents() == urls
    assert crawl.progress.deleted == 0


def test_what_is_accepted_vanishes(crawl: Crawl, site: MockSite) -> None:
    urls = fill(site)
    crawl.once(site.url("/"))
    for path in list(site.pages)[3:]:
        del site.pages[path]
    with crawl.running(site.url("/"), revisit=1.0, revisit_most=1.0):
        wait_until(lambda: held(crawl), 30, "the site is held")
    assert crawl.documents() == urls
    with crawl.running(site.url("/"), revisit=1.0, revisit_most=1.0, accept=(f"http://{site.address}",)):
        wait_until(lambda: crawl.documents() == {site.url(path) for path in list(site.pages)[:3]}, 30, "they are gone")
        wait_until(lambda: not held(crawl), 30, "it is held no longer")


def test_a_changed_a_deleted_and_a_moved_page_are_right_within_one_cycle(crawl: Crawl, site: MockSite) -> None:
    urls = fill(site)
    crawl.once(site.url("/"))
    site.pages["/1"] = html("Changed", prose("changed"))
    site.pages["/2"] = Answer("gone", 410)
    site.redirect("/3", "/new")
    site.page("/new", "<title>New</title>" + prose("/3"))
    began = time.monotonic()

    def right() -> bool:
        entries = crawl.entries()
        changed = entries[site.url("/1")].document
        return crawl.documents() == urls - {site.url("/2"), site.url("/3")} | {site.url("/new")} and (
            changed is not None and changed.title == "Changed"
        )

    with crawl.running(site.url("/"), revisit=2.0):
        wait_until(right, 30, "all three are right")
    print(f"right {time.monotonic() - began:.1f} s after, with pages looked at each 2 s")
    assert not held(crawl)


def test_a_store_of_the_first_version_is_brought_up(crawl: Crawl, site: MockSite, tmp_path: object) -> None:
    urls = fill(site)
    crawl.once(site.url("/"))
    path = f"{crawl.data}/frontier.sqlite"
    db = apsw.Connection(path)
    for name in (
        "pages_alive",
        "pages_doomed",
        "pages_interrupted",
        "pages_a",
        "pages_b",
        "pages_c",
        "pages_d",
        "pages_titled",
    ):
        db.execute(f"drop index {name}")
    for name in ("visits", "refused", "robots", "settings", "mail", "mailed"):
        db.execute(f"drop table {name}")
    for name in (
        "kind",
        "fetched",
        "interval",
        "content",
        "fingerprint",
        "doomed",
        "note",
        "how",
        "found_on",
        "found",
        "modified",
    ):
        db.execute(f"alter table pages drop column {name}")
    for name in ("held", "held_since", "resume", "day", "bytes", "probed", "absent", "absent_fingerprint"):
        db.execute(f"alter table sites drop column {name}")
    db.pragma("user_version", 1)
    db.close()
    del site.pages["/7"]
    with crawl.running(site.url("/"), revisit=1.0):
        wait_until(lambda: crawl.documents() == urls - {site.url("/7")}, 30, "what went meanwhile is deleted")


@pytest.mark.parametrize(
    ("vanished", "well", "before", "allowed"),
    [(1, 0, 1, False), (1, 1, 100, True), (3, 3, 100, True), (6, 6, 100, False), (6, 14, 100, True), (40, 10, 100, False),
     (100, 100, 100, True), (100, 60, 100, False), (0, 0, 0, True)],
)  # fmt: skip
def test_how_many_may_vanish(vanished: int, well: int, before: int, allowed: bool) -> None:
    assert Counts(vanished, well, 0, before).allow(0.3) is allowed
