"""Archives: pages that are not indexed themselves lead to all that is; and those that lead nowhere new are cut."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable

import pytest

from lightship.crawler.explain import explain
from lightship.crawler.frontier.traps import ENOUGH
from lightship.crawler.state.progress import cuts
from lightship.crawler.state.store import open_store
from mockweb.crawling import Crawl
from mockweb.site import Answer, MockSite
from mockweb.traps import html, prose
from support import wait_until

PAGES = 60  # more than ENOUGH
NOINDEX = '<meta name="robots" content="noindex,follow">'


def post(path: str) -> Answer | None:
    found = re.fullmatch(r"/post-(\d+)|/blog\?p=(\d+)", path)
    return html(f"Post {path}", prose(path)) if found else None


def archive(pattern: str, link: str, head: str, posts: str = "/post-{}") -> Callable[[str], Answer | None]:
    """Return what answers for the pages of an archive: each has a post and the next page; all look much alike."""

    def answer(path: str) -> Answer | None:
        found = re.fullmatch(pattern, path)
        if not found or int(found[1]) > PAGES:
            return None
        number = int(found[1])
        return html("Archive", prose("archive"), [posts.format(number), link.format(number + 1)], head)

    return answer


@pytest.mark.parametrize(
    ("pattern", "link", "head"),
    [
        (r"/page/(\d+)/", "/page/{}/", NOINDEX),
        (r"/list\?page=(\d+)", "/list?page={}", '<link rel=canonical href="/list?page=1">'),
        (r"/(\d+)/more", "/{}/more", NOINDEX),
        (r"/index\.php\?view=all&from=(\d+)", "/index.php?view=all&amp;from={}", NOINDEX),
    ],
)
def test_every_post_of_an_archive_is_found(crawl: Crawl, site: MockSite, pattern: str, link: str, head: str) -> None:
    site.endless += [post, archive(pattern, link, head)]
    site.pages["/"] = html("Home", prose("home"), [link.format(1)])
    crawl.once(site.url("/"), max_depth=10 * PAGES)
    assert {site.url(f"/post-{number}") for number in range(1, PAGES + 1)} <= crawl.documents()


def test_posts_and_their_archive_may_have_one_path(crawl: Crawl, site: MockSite) -> None:
    site.endless += [post, archive(r"/blog\?paged=(\d+)", "/blog?paged={}", NOINDEX, "/blog?p={}")]
    site.pages["/"] = html("Home", prose("home"), ["/blog?paged=1"])
    crawl.once(site.url("/"), max_depth=10 * PAGES)
    assert {site.url(f"/blog?p={number}") for number in range(1, PAGES + 1)} <= crawl.documents()


def test_it_goes_on_after_a_restart(crawl: Crawl, site: MockSite) -> None:
    site.endless += [post, archive(r"/page/(\d+)/", "/page/{}/", NOINDEX)]
    site.pages["/"] = html("Home", prose("home"), ["/page/1/"])
    half = f"/page/{ENOUGH + 5}/"
    site.pages[half] = Answer("later", 503)
    crawl.once(site.url("/"), max_depth=10 * PAGES)
    del site.pages[half]
    store = open_store(crawl.data)
    with store.transaction() as db:
        db.execute("update pages set visit = 1, failures = 0 where url = ?", (site.url(half),))
    store.close()
    with crawl.running(site.url("/"), max_depth=10 * PAGES):
        wait_until(lambda: site.url(f"/post-{PAGES}") in crawl.documents(), 60, "the last post")


def test_an_archive_that_leads_nowhere_new_is_cut_and_the_cut_is_told(
    crawl: Crawl, site: MockSite, caplog: pytest.LogCaptureFixture
) -> None:
    def endless(path: str) -> Answer | None:
        found = re.fullmatch(r"/page/(\d+)/", path)
        return html("Archive", prose("archive"), ["/post-1", f"/page/{int(found[1]) + 1}/"], NOINDEX) if found else None

    site.endless += [post, endless]
    site.pages["/"] = html("Home", prose("home"), ["/page/1/"])
    with caplog.at_level(logging.WARNING, "lightship.crawler"):
        crawl.once(site.url("/"), max_depth=1000)
    assert ENOUGH <= sum(path.startswith("/page/") for path in site.counts()) <= ENOUGH + 10
    (told,) = [message for message in caplog.messages if "trap" in message]
    assert f"pages like {site.url('/page/#/')}" in told
    store = open_store(crawl.data)
    with store.access() as db:
        (cut,) = cuts(db)
    assert (cut.site, cut.urls) == (f"http://{site.address}", 1)
    assert "endless URLs" in cut.reason
    lost = explain(store, crawl.settings, site.url("/post-999"))
    assert "never found" in lost.reason
    assert "endless URLs" in lost.reason
    store.close()
