"""What is found: which urls the frontier takes in, and which it refuses, with the reason."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from lightship.crawler.frontier import discovery
from lightship.crawler.frontier.discovery import ROWS_PER_PAGE
from lightship.crawler.frontier.entry import How, Kind, Link, State
from unit.crawler.frontier.crawled import HOME, SITE, living


def test_links_within_the_crawl_are_added_once_and_others_are_not(tmp_path: Path) -> None:
    with living(tmp_path) as life:
        links = [Link(f"{SITE}/a"), Link(f"{SITE}/a"), Link("https://elsewhere.example/"), Link("http://example.org/a")]
        life.visit("/", State.PAGE, links=links)
        assert life.known == {"/", "/a"}
        assert life.rows("select found_on, depth, how from pages where url = ?", f"{SITE}/a") == [(HOME, 1, How.LINK)]


def test_what_is_deeper_than_max_depth_is_refused_with_the_reason(tmp_path: Path) -> None:
    with living(tmp_path, max_depth=1) as life:
        life.visit("/", State.PAGE, "/a")
        life.visit("/a", State.PAGE, "/a/b")
        assert life.known == {"/", "/a"}
        assert "more than -max-depth=1" in life.refused["/a/b"]


def test_a_site_fills_the_store_with_no_more_urls_than_its_pages_allow(tmp_path: Path) -> None:
    with living(tmp_path, max_pages=2) as life:
        life.visit("/", State.PAGE, *(f"/{'x' * number}" for number in range(1, 50)))
        assert len(life.known) == 2 * ROWS_PER_PAGE
        assert "budget" in life.refused["/" + "x" * 49]


def test_of_refused_urls_only_so_many_are_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discovery, "MAX_REFUSED", 5)
    with living(tmp_path, max_depth=0) as life:
        life.visit("/", State.PAGE, *(f"/{number}" for number in range(20)))
        assert len(life.refused) == 5


def test_a_session_id_is_refused_and_the_url_without_it_looked_at(tmp_path: Path) -> None:
    with living(tmp_path) as life:
        life.visit("/", State.PAGE, "/a?PHPSESSID=1234abcd&b=1", "/a?PHPSESSID=99999abc&b=1")
        assert life.known == {"/", "/a?b=1"}
        assert len(life.refused) == 2


def test_a_trap_that_was_learnt_is_known_after_a_restart(tmp_path: Path) -> None:
    with living(tmp_path) as life:
        life.visit("/", State.PAGE, *(f"/list?page={number}" for number in range(40)))
        for number in range(40):
            life.visit(f"/list?page={number}", State.EXCLUDED)
    with living(tmp_path) as life:
        life.visit("/", State.PAGE, "/list?page=40", "/story")
        assert life.known >= {"/story"}
        assert "brought anything new" in life.refused["/list?page=40"]


def test_a_page_that_a_list_says_was_changed_is_due_but_no_sooner_than_allowed(tmp_path: Path) -> None:
    with living(tmp_path, revisit=1000.0, revisit_least=100.0) as life:
        life.visit("/", State.PAGE, "/a", "/b")
        now = time.time()
        for page in ("/a", "/b"):
            life.visit(page, fetched=now - 50)
        life.frontier.listed(SITE, [
            Link(f"{SITE}/a", How.SITEMAP, modified=now), Link(f"{SITE}/b", How.SITEMAP, modified=now - 60),
        ])  # fmt: skip
        assert life.due(at=now + 40) == []
        assert life.due(at=now + 60) == ["/a"], "/b was looked at after its change"


def test_a_sitemap_is_taken_whatever_speaks_against_pages(tmp_path: Path) -> None:
    with living(tmp_path, max_depth=0) as life:
        life.frontier.listed(SITE, [Link(f"{SITE}/sitemap.xml", How.ROBOTS, Kind.SITEMAP)])
        assert "/sitemap.xml" in life.due()
        assert life.known == {"/"}, "it is no page"
