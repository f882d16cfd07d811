"""Lists of many links are stored a slice at a time, so that they hold up no other site."""

from __future__ import annotations

from pathlib import Path

from lightship.crawler.frontier.backlog import SLICE, Backlog
from lightship.crawler.frontier.entry import Link, Outcome, State
from mockweb.crawling import Crawl
from mockweb.site import MockSite
from mockweb.traps import html, prose
from support import wait_until
from unit.crawler.frontier.crawled import HOME, living


def listed(path: Path, site: str, links: int) -> Outcome:
    with living(path) as life:
        entry = life.frontier.due(HOME.rstrip("/"), 9e9, 1, ())[0]._replace(site=site)
    return Outcome(entry=entry, state=State.LIST, links=[Link(f"{site}/{number}") for number in range(links)])


def test_sites_take_turns_and_nothing_is_left_out(tmp_path: Path) -> None:
    backlog = Backlog()
    big = [
        listed(tmp_path, "http://a", 2 * SLICE + 1),
        listed(tmp_path, "http://b", SLICE + 1),
        listed(tmp_path, "http://a", SLICE + 1),
    ]
    small = listed(tmp_path, "http://a", SLICE)
    assert backlog.take([*big, small]) == [small]
    turns = []
    while backlog:
        part, is_last = backlog.next()
        turns.append((part.entry.site, len(part.links), is_last))
    a, b = "http://a", "http://b"
    assert turns == [
        (a, SLICE, False), (b, SLICE, False), (a, SLICE, False), (b, 1, True), (a, 1, True), (a, SLICE, False), (a, 1, True),
    ]  # fmt: skip


def test_a_long_list_is_read_to_its_end_while_other_sites_go_on(crawl: Crawl, site: MockSite, other: MockSite) -> None:
    last = 5 * SLICE + 7
    urls = "".join(f"<url><loc>{site.url(f'/p{number}')}</loc></url>" for number in range(last + 1))
    site.page("/sitemap.xml", f"<urlset>{urls}</urlset>", content_type="application/xml")
    site.pages["/"] = html("Home", prose("home"))
    other.pages["/"] = html("Other", prose("other"))
    with crawl.running(site.url("/"), other.url("/"), delay=0.5):
        wait_until(lambda: crawl.progress.found == last + 3, 30, "all of the list, and both home pages, are found")
    assert crawl.explain(site.url(f"/p{last}")).found_on == site.url("/sitemap.xml")
