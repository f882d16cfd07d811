"""How pages are found: sitemaps, feeds, robots.txt, translations, and when a list makes them due."""

from __future__ import annotations

import gzip

from lightship.crawler.explain import explain
from lightship.crawler.state.store import open_store
from mockweb.crawling import Crawl
from mockweb.site import MockSite
from mockweb.traps import html, prose
from support import wait_until

XML = "application/xml"


def urlset(*entries: str) -> str:
    return f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{"".join(entries)}</urlset>'


def entry(url: str, modified: str = "") -> str:
    return f"<url><loc>{url}</loc>{f'<lastmod>{modified}</lastmod>' if modified else ''}</url>"


def paths(crawl: Crawl) -> set[str]:
    return {"/" + url.split("/", 3)[3] for url in crawl.documents()}


def sent(site: MockSite) -> int:
    """Return the number of bytes of pages sent since the requests were cleared."""
    bodies = [site.pages[path].body for path, status, _ in site.requests if status == 200 and path in site.pages]
    return sum(len(body) for body in bodies if isinstance(body, bytes))


def test_sitemaps_feeds_and_translations_lead_to_pages(crawl: Crawl, site: MockSite, other: MockSite) -> None:
    site.page("/robots.txt", f"Sitemap: {site.url('/maps.xml')}\nSitemap: /plain.txt\n", content_type="text/plain")
    nested = f"<sitemapindex><sitemap><loc>{site.url('/packed.xml.gz')}</loc></sitemap></sitemapindex>"
    site.page("/maps.xml", nested, content_type=XML)
    site.page(
        "/packed.xml.gz", gzip.compress(urlset(entry(site.url("/mapped")), entry(other.url("/"))).encode()),
        content_type="application/x-gzip",
    )  # fmt: skip
    site.page("/plain.txt", site.url("/lined") + "\n", content_type="text/plain")
    head = (
        '<link rel="alternate" type="application/rss+xml" href="/feed"><link rel="alternate" hreflang="de" href="/de">'
    )
    site.pages["/"] = html("Start", prose("start"), head=head)
    site.page(
        "/feed", f"<rss version='2.0'><channel><item><link>{site.url('/news')}</link></item></channel></rss>",
        content_type="application/rss+xml",
    )  # fmt: skip
    for path in ("/mapped", "/lined", "/de", "/news"):
        site.pages[path] = html(path, prose(path))
    crawl.once(site.url("/"))
    assert paths(crawl) == {"/", "/mapped", "/lined", "/de", "/news"}
    assert crawl.progress == (5, 5, 0, 5, 0, True)  # lists are no pages
    assert not other.requests
    store = open_store(crawl.data)
    found = {path: explain(store, crawl.settings, site.url(path)) for path in ("/mapped", "/news", "/de", "/maps.xml")}
    assert [(each.found_by, each.found_on) for each in found.values()] == [
        ("a sitemap", site.url("/packed.xml.gz")), ("a feed", site.url("/feed")),
        ("a link to a translation (hreflang)", site.url("/")), ("a Sitemap line of robots.txt", site.url("/robots.txt")),
    ]  # fmt: skip
    assert found["/maps.xml"].reason == "read as a sitemap, for the URLs it lists: lists 0 pages and 1 sitemaps"
    store.close()


def test_sitemap_xml_is_looked_for_and_a_newer_lastmod_makes_a_page_due(crawl: Crawl, site: MockSite) -> None:
    site.page(
        "/sitemap.xml",
        urlset(entry(site.url("/a"), "2020-01-01"), entry(site.url("/b"), "2020-01-01")),
        content_type=XML,
    )
    for path in ("/", "/a", "/b"):
        site.pages[path] = html(path, prose(path))
    crawl.once(site.url("/"))
    assert paths(crawl) == {"/", "/a", "/b"}
    store = open_store(crawl.data)
    with store.transaction() as db:  # the sitemap alone is due
        db.execute("update pages set visit = 1 where kind = 1")
    store.close()
    site.page(
        "/sitemap.xml",
        urlset(entry(site.url("/a"), "2099-01-01"), entry(site.url("/b"), "2020-01-01")),
        content_type=XML,
    )
    site.requests.clear()
    with crawl.running(site.url("/"), revisit_least=1.0):
        wait_until(lambda: site.counts()["/a"] == 1, 30, "the page that changed is looked at")
    assert set(site.counts()) == {"/a"}


def test_an_unchanged_site_is_crawled_again_for_few_bytes(crawl: Crawl, site: MockSite) -> None:
    pages = [f"/{n}" for n in range(40)]
    for path in ("/", *pages):
        answer = html(path, prose(path, 2000), pages if path == "/" else [])
        site.page(path, answer.body, headers={"ETag": f'"{path}"'})
    crawl.once(site.url("/"))
    first = sent(site)
    site.requests.clear()
    with crawl.running(site.url("/"), revisit=1.0):
        wait_until(lambda: all(site.counts()[path] for path in pages), 30, "all are looked at again")
    again = sent(site)
    asked = [status for path, status, _ in site.requests if path in pages]
    print(f"{again} of {first} bytes")
    assert set(asked) == {304}
    assert again < 0.05 * first


def test_robots_txt_is_kept_over_restarts_and_obeyed_while_it_can_not_be_had(crawl: Crawl, site: MockSite) -> None:
    site.page("/robots.txt", "User-agent: *\nDisallow: /no", content_type="text/plain")
    site.pages["/"] = html("Start", prose("start"), ["/no", "/yes"])
    site.pages["/no"] = site.pages["/yes"] = html("Page", prose("page"))
    crawl.once(site.url("/"))
    assert [path for path, _, _ in site.requests].count("/robots.txt") == 1
    site.page("/robots.txt", "oops", status=500)
    with crawl.running(site.url("/"), revisit=1.0):
        wait_until(lambda: site.counts()["/yes"] >= 2, 30, "it goes on")
    assert [path for path, _, _ in site.requests].count("/robots.txt") == 1  # younger than a day
    store = open_store(crawl.data)
    with store.transaction() as db:
        db.execute("update robots set fetched = fetched - 90000")
    store.close()
    with crawl.running(site.url("/"), revisit=1.0):
        wait_until(lambda: site.counts()["/yes"] >= 4, 30, "it goes on by the old rules")
    assert [path for path, _, _ in site.requests].count("/robots.txt") >= 2
    assert "/no" not in site.counts()


def test_retry_after_is_honoured_also_over_a_restart(crawl: Crawl, site: MockSite) -> None:
    site.pages["/"] = html("Start", prose("start"), ["/busy", *(f"/{n}" for n in range(30))])
    site.page("/busy", "busy", status=503, headers={"Retry-After": "3600"})
    for n in range(30):
        site.pages[f"/{n}"] = html(f"Page {n}", prose(n))
    with crawl.running(site.url("/"), per_host=1):
        wait_until(lambda: site.counts()["/busy"], 30, "it is told to wait")
    asked = sum(site.counts().values())
    assert asked < 31
    with crawl.running(site.url("/"), per_host=1):
        wait_until(lambda: "/busy" in site.counts(), 1, "a moment")
    assert sum(site.counts().values()) == asked


def test_budgets_bound_what_is_fetched_of_a_site(crawl: Crawl, site: MockSite) -> None:
    site.pages["/"] = html("Start", prose("start"), [f"/{n}" for n in range(60)])
    for n in range(60):
        site.pages[f"/{n}"] = html(f"Page {n}", prose(n, 500))
    crawl.once(site.url("/"), max_site_bytes=100_000, per_host=1)
    assert 20 <= len(crawl.documents()) < 50
    store = open_store(crawl.data)
    settings = type(crawl.settings)(data=crawl.data, max_site_bytes=100_000)
    reasons = [explain(store, settings, site.url(f"/{n}")).reason for n in range(60)]
    store.close()
    assert sum("-max-site-bytes=100000" in reason and reason.startswith("budget: ") for reason in reasons) >= 10
