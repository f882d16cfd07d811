"""The frontier: which pages are due, what visits leave behind, and what a restart knows."""

from __future__ import annotations

import time
from pathlib import Path

from lightship.crawler.frontier.entry import AT_ONCE, State
from unit.crawler.frontier.crawled import HOME, SITE, living


def test_new_pages_come_first_nearest_to_the_source_first(tmp_path: Path) -> None:
    with living(tmp_path) as life:
        assert life.due() == ["/"]
        life.visit("/", State.PAGE, "/a", "/b")
        life.visit("/a", State.PAGE, "/deep", next_visit=AT_ONCE)
        assert life.due() == ["/b", "/deep", "/a"]
        assert life.due(limit=2) == ["/b", "/deep"]
        assert life.due(busy=[f"{SITE}/b"]) == ["/deep", "/a"]


def test_a_visited_page_is_due_again_when_its_time_has_come(tmp_path: Path) -> None:
    with living(tmp_path) as life:
        now = time.time()
        life.visit("/", next_visit=now + 500)
        assert life.due(at=now + 499) == []
        assert life.due(at=now + 501) == ["/"]


def test_no_more_documents_than_max_pages_are_put_and_those_are_kept_fresh(tmp_path: Path) -> None:
    with living(tmp_path, max_pages=2) as life:
        life.visit("/", State.PAGE, "/a", "/b", "/c")
        assert life.due() == ["/a"], "one more may be"
        assert life.due(busy=[f"{SITE}/a"]) == []
        life.visit("/a", next_visit=AT_ONCE)
        assert life.due() == ["/a"]


def test_a_restart_knows_all_and_nothing_of_a_visit_that_was_not_settled(tmp_path: Path) -> None:
    with living(tmp_path) as life:
        life.visit("/", State.PAGE, "/a", "/b")
        life.visit("/a")
    with living(tmp_path) as life:
        assert life.due() == ["/b"]
        assert life.known == {"/", "/a", "/b"}
        assert life.entry("/a").digest == b"digest of /a"
        assert life.fetched == 2


def test_a_visit_that_a_kill_interrupted_waits_for_the_least_interval(tmp_path: Path) -> None:
    with living(tmp_path, revisit=600.0, revisit_least=50.0) as life:
        life.visit("/", State.PAGE, "/a", "/b")
        life.journal.begin(f"{SITE}/a")
    with living(tmp_path, revisit=600.0, revisit_least=50.0) as life:
        assert life.frontier.interrupted(SITE)
        assert life.due() == ["/b"]
        assert life.due(at=time.time() + 51) == ["/b", "/a"]


def test_a_failed_visit_keeps_what_the_page_was(tmp_path: Path) -> None:
    with living(tmp_path) as life:
        life.visit("/")
        life.visit("/", State.PAGE, status=500, failed=True, document=None, digest=None, content=None, failures=1)
        entry = life.entry("/")
        assert (entry.digest, entry.content, entry.failures, entry.doomed) == (b"digest of /", b"/", 1, None)


def test_a_page_that_is_gone_dooms_its_document_until_the_log_has_the_delete(tmp_path: Path) -> None:
    with living(tmp_path) as life:
        life.visit("/", State.PAGE, "/a")
        life.visit("/a")
        life.visit("/a", State.GONE, status=410)
        assert life.frontier.doomed([SITE]) == {SITE}
        assert life.entry("/a").digest is not None, "the log has it still"
    with living(tmp_path) as life:
        assert life.frontier.doomed([SITE]) == {SITE}
        life.frontier.deleted(SITE, [f"{SITE}/a"])
        assert life.frontier.doomed([SITE]) == set()
        assert life.entry("/a").digest is None
        assert life.entry("/").digest is not None


def test_a_page_that_comes_back_is_doomed_no_more(tmp_path: Path) -> None:
    with living(tmp_path) as life:
        life.visit("/")
        life.visit("/", State.GONE, status=404)
        life.visit("/")
        assert life.entry("/").doomed is None


def test_an_alias_is_indexed_itself_once_its_canonical_page_is_gone(tmp_path: Path) -> None:
    with living(tmp_path) as life:
        life.visit("/", State.PAGE, "/alias")
        life.visit("/alias", State.ALIAS, target=f"{SITE}/canonical")
        assert "/canonical" in life.due()
        life.visit("/canonical")
        assert "/alias" not in life.due()
        life.visit("/canonical", State.GONE, status=404)
        assert life.due() == ["/alias"]
        assert life.entry("/alias").own
        life.visit("/canonical")
        assert not life.entry("/alias").own, "its canonical page is back"


def test_a_source_that_redirects_to_another_host_takes_that_in_and_no_other_page_does(tmp_path: Path) -> None:
    with living(tmp_path) as life:
        life.visit("/", State.MOVED, "/a", target="https://www.example.org/")
        assert dict(life.frontier.sites) == {SITE: HOME, "https://www.example.org": HOME}
        life.visit("/a", State.MOVED, target="https://elsewhere.example/")
        assert "https://elsewhere.example" not in life.frontier.sites
    with living(tmp_path) as life:
        assert "https://www.example.org" in life.frontier.sites


def test_a_doubted_page_is_put_again_by_its_next_visit(tmp_path: Path) -> None:
    with living(tmp_path) as life:
        life.visit("/", etag='"1"')
        life.frontier.doubt([HOME])
        entry = life.entry("/")
        assert (entry.etag, entry.digest == b"digest of /") == (None, False)


def test_a_site_whose_bytes_of_the_day_are_spent_rests(tmp_path: Path) -> None:
    with living(tmp_path, max_site_bytes=1000) as life:
        life.frontier.spend(SITE, 999)
        assert life.due() == ["/"]
        life.frontier.spend(SITE, 1)
        life.visit("/", State.PAGE, "/a", size=1000)
        assert life.due() == []
    with living(tmp_path, max_site_bytes=1000) as life:
        assert life.due() == [], "a restart gives it no more"
        assert "/a" in life.due(at=time.time() + 86_400)


def test_a_new_pace_holds_for_pages_that_wait_already(tmp_path: Path) -> None:
    with living(tmp_path, revisit=100_000.0) as life:
        life.visit("/", next_visit=time.time() + 100_000, interval=100_000.0)
    with living(tmp_path, revisit=60.0) as life:
        assert life.due(at=time.time() + 61) == ["/"]


def test_a_site_that_wants_to_be_left_alone_is_remembered(tmp_path: Path) -> None:
    with living(tmp_path) as life:
        life.frontier.pause(SITE, 12_345.0)
    with living(tmp_path) as life:
        assert life.frontier.resume(SITE) == 12_345.0
