"""Removing a source: its documents go, those of others stay, and a crash in between does no harm."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from lightship.core.errors import LightshipError
from lightship.core.model import Change
from lightship.crawler.frontier.entry import State
from lightship.crawler.output.append import Appender
from lightship.crawler.removal import known_sources, left_over, removal
from mockweb.crawling import Crawl
from mockweb.site import MockSite
from mockweb.traps import html, prose
from support import wait_until
from unit.crawler.frontier.crawled import HOME, SITE, Life, living

DOCS = f"{SITE}/docs/"


class Deleting(Appender):
    """An appender that only notes what it is to delete."""

    def __init__(self) -> None:
        self.deleted: set[str] = set()

    def put(self, changes: Sequence[Change]) -> dict[str, LightshipError]:
        assert all(change.document is None for change in changes)
        self.deleted |= {change.url.removeprefix(SITE) for change in changes}
        return {}


def filled(life: Life) -> None:
    for path in ("/", "/docs/"):
        life.visit(path, State.PAGE, "/a", "/docs/b", "/x", "/docs/x")
    life.visit("/a")
    life.visit("/docs/b")
    life.visit("/x", State.GONE)


def test_a_source_that_shares_its_site_leaves_the_pages_of_the_other(tmp_path: Path) -> None:
    with living(tmp_path, HOME, DOCS) as life:
        filled(life)
        found = removal(life.database, HOME)
        assert sorted(found.documents) == [HOME, f"{SITE}/a"]
        appender = Deleting()
        found.run(life.database, appender)
        assert appender.deleted == {"/", "/a"}
        assert life.known == {"/docs/", "/docs/b", "/docs/x"}
        assert life.rows("select site, source from sites") == [(SITE, DOCS)]
        assert life.rows("select name from sources") == [(DOCS,)]
        assert life.rows("select count(*) from visits where page not in (select id from pages)") == [(0,)]
    with living(tmp_path, DOCS) as life:
        assert set(life.due()) == {"/docs/", "/docs/b", "/docs/x"}  # read again: what was found from the other one


def test_the_inner_one_may_go_too(tmp_path: Path) -> None:
    with living(tmp_path, HOME, DOCS) as life:
        filled(life)
        appender = Deleting()
        removal(life.database, DOCS).run(life.database, appender)
        assert appender.deleted == {"/docs/", "/docs/b"}
        assert life.known == {"/", "/a", "/x"}


def test_the_last_source_of_a_site_takes_everything_with_it(tmp_path: Path) -> None:
    with living(tmp_path, exclude=("/docs/*",)) as life:
        life.visit("/", State.PAGE, "/a", "/docs/b")
        life.visit("/a", State.MOVED, target="https://other.example/a", document=None, digest=None)
        removal(life.database, HOME).run(life.database, Deleting())
        for table in ("pages", "refused", "sites", "sources", "visits", "robots"):
            assert life.rows(f"select count(*) from {table}") == [(0,)]


def test_after_a_crash_it_is_removed_again(tmp_path: Path) -> None:
    class Dying(Deleting):
        def put(self, changes: Sequence[Change]) -> dict[str, LightshipError]:
            super().put(changes)
            raise KeyboardInterrupt

    with living(tmp_path) as life:
        life.visit("/")
        with pytest.raises(KeyboardInterrupt):
            removal(life.database, HOME).run(life.database, Dying())
        again = Deleting()
        removal(life.database, HOME).run(life.database, again)
        assert again.deleted == {"/"}
        assert life.known == set()


def test_records_of_a_file_are_removed(tmp_path: Path) -> None:
    with living(tmp_path) as life:
        with life.database.transaction() as db:
            db.execute("insert into sources (name) values ('/data/b.jsonl')")
            db.execute("insert into records values ('https://ex.org/b', '/data/b.jsonl', x'01', null, 1)")
            db.execute("insert into passes values ('/data/b.jsonl', 1, null)")
        assert [line.partition(";")[0] for line in left_over(life.database, [HOME], "data")] == [
            "/data/b.jsonl is no longer a SOURCE"
        ]
        appender = Deleting()
        removal(life.database, "/data/b.jsonl").run(life.database, appender)
        assert appender.deleted == {"https://ex.org/b"}
        with life.database.access() as db:
            assert known_sources(db) == [HOME]
        assert life.rows("select count(*) from records") == life.rows("select count(*) from passes") == [(0,)]
        assert life.known == {"/"}


def test_a_site_that_a_source_redirects_to_goes_with_it(crawl: Crawl, site: MockSite) -> None:
    site.redirect("/docs/", site.url("/manual/"))
    site.pages["/manual/"] = html("Manual", prose("manual"), ["/manual/a"])
    site.pages["/manual/a"] = html("A", prose("a"))
    source = site.url("/docs/")
    with crawl.running(source):
        wait_until(lambda: crawl.progress.idle, 60, "all is read")
    with living(Path(crawl.data), source) as life:
        removal(life.database, source).run(life.database, Appender(crawl.log, threading.Event()))
    assert crawl.documents() == set()
