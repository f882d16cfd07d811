"""Crawls of a real site on the loopback: what is fetched, what is put, under which URL, and what is deleted."""

from __future__ import annotations

import asyncio
import gzip
import logging
import re
import threading
import time
import urllib.request
from collections.abc import AsyncIterator, Mapping, Sequence

import pytest

from lightship.core.model import Change
from lightship.core.urls import normalise
from lightship.crawler.fetching.site import MAX_UNSETTLED
from lightship.crawler.state.progress import read_waiting
from lightship.doclog import Position
from lightship.doclog.protocol.fence import Fence
from mockweb.crawling import Crawl
from mockweb.raw import RawServer
from mockweb.site import Answer, MockSite
from mockweb.traps import html, prose
from support import wait_until

CHINESE = "搜索引擎是一种信息检索系统，用于帮助查找存储在计算机系统上的信息。"


def links(*targets: str) -> str:
    return "<title>Links</title><p>some words here</p>" + "".join(f'<a href="{target}">x</a>' for target in targets)


def test_all_linked_pages_of_the_host_are_put(crawl: Crawl, site: MockSite, other: MockSite) -> None:
    site.page("/", links("a", "/d/b?x=1#part", "//127.0.0.1:1/out", other.url("/out"), "mailto:x", "/missing"))
    site.page("/a", "<html lang=de><title> A  page</title><h1>Head</h1><meta name=description content=short>text of a")
    site.page("/d/b?x=1", links("../c", "b?x=1", "/"))
    site.page("/c", "<base href=/e/><a href=f>x</a>")
    site.page("/e/f", "last")
    found = crawl.once(site.url("/"))
    assert set(found) == {site.url(path) for path in ("/", "/a", "/d/b?x=1", "/c", "/e/f")}
    document = found[site.url("/a")].document
    assert document is not None
    assert (document.title, document.ranked_headings, document.language) == ("A page", ["Head"], "de")
    assert document.description == "short"
    assert "text of a" in document.text
    assert max(site.counts().values()) == 1
    assert not other.requests
    assert crawl.progress == (6, 6, 0, 5, 0, True)


def test_pages_are_fetched_breadth_first_up_to_max_pages(crawl: Crawl, site: MockSite) -> None:
    for number in range(20):
        site.page("/" if number == 0 else f"/{number}", links(f"/{2 * number + 1}", f"/{2 * number + 2}"))
    found = crawl.once(site.url("/"), max_pages=7, per_host=1)
    assert set(found) == {site.url("/"), *(site.url(f"/{number}") for number in range(1, 7))}


def test_a_site_is_not_read_far_ahead_of_what_is_known_of_it(
    crawl: Crawl, site: MockSite, other: MockSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise a trap would be fetched for as long as the log is slow."""
    site.page("/", links(*(f"/{number}" for number in range(3 * MAX_UNSETTLED))))
    for number in range(3 * MAX_UNSETTLED):
        site.page(f"/{number}", f"page {number}")
    go_on, put = threading.Event(), crawl.log.put

    def slow_put(changes: Sequence[Change], fences: Sequence[Fence]) -> list[Position]:
        if any(change.url != site.url("/") for change in changes):
            assert go_on.wait(30)
        return put(changes, fences)

    monkeypatch.setattr(crawl.log, "put", slow_put)
    with crawl.running(site.url("/")):
        wait_until(lambda: sum(site.counts().values()) > MAX_UNSETTLED, 30, "the pages that may be read ahead")
        for number in range(50):  # while another site answers this often, nothing more is asked for
            urllib.request.urlopen(other.page(f"/{number}", "")).close()
        assert sum(site.counts().values()) == 1 + MAX_UNSETTLED
        go_on.set()
        wait_until(lambda: crawl.progress.idle, 30, "the first pass is complete")
    assert len(crawl.documents()) == 1 + 3 * MAX_UNSETTLED


def test_robots_txt_is_obeyed(crawl: Crawl, site: MockSite) -> None:
    site.page(
        "/robots.txt",
        "User-agent: *\nDisallow: /no\nUser-agent: Lightship\nDisallow: /secret",
        content_type="text/plain",
    )
    site.page("/", links("/secret/x", "/no"))
    site.page("/no", "for us it is allowed")
    site.page("/secret/x", "must not be asked for")
    assert set(crawl.once(site.url("/"))) == {site.url("/"), site.url("/no")}
    assert "/secret/x" not in site.counts()


def test_a_robots_txt_that_fails_allows_nothing(crawl: Crawl, site: MockSite) -> None:
    site.page("/robots.txt", "oops", status=500)
    site.page("/", "text")
    assert crawl.once(site.url("/")) == {}
    assert site.counts() == {}
    assert crawl.progress.failed == 1


def test_redirects_end_under_the_last_url_once(crawl: Crawl, site: MockSite) -> None:
    site.page("/", links("/r1", "/r2", "/loop1"))
    site.redirect("/r1", "/r2", 302)
    site.redirect("/r2", "end")
    site.redirect("/loop1", "/loop2")
    site.redirect("/loop2", "/loop1")
    site.page("/end", "the end")
    assert set(crawl.once(site.url("/"))) == {site.url("/"), site.url("/end")}
    assert max(site.counts().values()) == 1


def test_endless_redirects_are_cut(crawl: Crawl, site: MockSite) -> None:
    site.page("/", links("/0"))
    for number in range(30):
        site.redirect(f"/{number}", f"/{number + 1}")
    crawl.once(site.url("/"), max_redirects=5)
    assert set(site.counts()) == {"/", *(f"/{number}" for number in range(6))}


def test_a_canonical_page_stands_for_its_others(crawl: Crawl, site: MockSite) -> None:
    site.page("/", links("/p?a", "/p?b", "/q", "/away"))
    for path in ("/p?a", "/p?b", "/p"):
        site.page(path, "<link rel=canonical href=/p>product")
    site.page("/q", "<link rel=canonical href=/gone>its canonical is gone")
    site.page("/away", "<link rel=canonical href=http://elsewhere.example/>its canonical is on another host")
    assert set(crawl.once(site.url("/"))) == {site.url(path) for path in ("/", "/p", "/q", "/away")}


def test_canonical_and_redirect_that_point_at_each_other(crawl: Crawl, site: MockSite) -> None:
    site.page("/", links("/a/"))
    site.page("/a/", "<link rel=canonical href=/a>text")
    site.redirect("/a", "/a/")
    with crawl.running(site.url("/")):
        wait_until(lambda: crawl.documents() == {site.url("/"), site.url("/a/")}, 30, "the page is under its own url")


def test_noindex_and_nofollow(crawl: Crawl, site: MockSite) -> None:
    site.page("/", links("/hidden", "/header", "/dead-end") + "<a rel=nofollow href=/unfollowed>x</a>")
    site.page("/hidden", "<meta name=robots content=noindex>" + links("/behind"))
    site.page("/header", links("/behind"), headers={"X-Robots-Tag": "noindex"})
    site.page("/dead-end", '<meta name="lightship" content="x"><meta name=robots content="nofollow">' + links("/never"))
    site.page("/behind", "found through a hidden page")
    assert set(crawl.once(site.url("/"))) == {site.url(path) for path in ("/", "/dead-end", "/behind")}
    assert not {"/never", "/unfollowed"} & set(site.counts())


@pytest.mark.parametrize(
    ("encoding", "header", "meta"),
    [
        ("gb18030", "gb2312", ""), ("gb18030", "", "gbk"), ("gb18030", "", ""), ("big5", "big5", ""),
        ("big5", "", "big5"), ("utf-8", "", ""), ("utf-8", "iso-8859-1", "utf-8"), ("utf-16", "", ""),
    ],
)  # fmt: skip
def test_character_sets(crawl: Crawl, site: MockSite, encoding: str, header: str, meta: str) -> None:
    text = CHINESE if encoding != "big5" else "搜尋引擎是一種資訊檢索系統，用於幫助查找儲存在電腦系統上的資訊。"
    body = (f'<meta charset="{meta}">' if meta else "") + f"<title>{text[:4]}</title><p>{text}"
    if header == "iso-8859-1":
        body = "\ufeff" + body  # a byte order mark is stronger than a wrong header
    site.page("/", body.encode(encoding), content_type="text/html" + (f"; charset={header}" if header else ""))
    document = crawl.once(site.url("/"))[site.url("/")].document
    assert document is not None
    assert (document.text, document.title, document.language) == (text, text[:4], "zh")


def test_revisits_are_conditional_and_put_only_what_changed(crawl: Crawl, site: MockSite) -> None:
    site.page("/", links("/same", "/tagged", "/gone", "/hidden", "/broken"))
    site.page("/same", "same")
    site.page("/tagged", "tagged", headers={"ETag": '"1"'})
    for path in ("/gone", "/hidden", "/broken"):
        site.page(path, f"text of {path}")
    before = crawl.once(site.url("/"))
    site.page("/gone", "", status=410)
    site.page("/hidden", "<meta name=robots content=noindex>")
    site.page("/broken", "", status=500)
    site.requests.clear()
    with crawl.running(site.url("/"), revisit=1.0):
        wait_until(lambda: crawl.progress.deleted == 2, 30, "two deletes")
        wait_until(lambda: min(site.counts()[path] for path in before_paths(before)) >= 1, 30, "all visited again")
    after = crawl.entries()
    assert crawl.documents() == {site.url(path) for path in ("/", "/same", "/tagged", "/broken")}
    assert all(after[url] == before[url] for url in crawl.documents())
    assert ("/tagged", 304) in {(path, status) for path, status, _ in site.requests}


def before_paths(found: Mapping[str, object]) -> set[str]:
    return {"/" + url.split("/", 3)[3] for url in found}


def test_a_private_address_that_was_not_given_is_refused(
    crawl: Crawl, site: MockSite, other: MockSite, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    other.page("/", "internal")
    site.redirect("/", other.url("/"))
    told = "the private address 127.0.0.1, which was not given as a source"
    with crawl.running(site.url("/")):
        wait_until(lambda: told in caplog.text, 30, told)
    assert crawl.entries() == {}
    assert other.requests == []


def test_a_source_that_moved_to_another_given_host_is_followed(crawl: Crawl, site: MockSite, other: MockSite) -> None:
    other.page("/home", links("/more"))
    other.page("/more", "more")
    site.redirect("/", other.url("/home"))
    assert set(crawl.once(site.url("/"), other.url("/home"))) == {other.url("/home"), other.url("/more")}


async def endless() -> AsyncIterator[bytes]:
    while True:
        yield b"<p>words without end " * 1000


async def slow() -> AsyncIterator[bytes]:
    yield b"<p>first words"
    await asyncio.sleep(30)


@pytest.mark.slow
def test_bad_bodies_hurt_nobody(crawl: Crawl, site: MockSite, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    site.page("/", links("/endless", "/slow", "/bomb", "/binary", "/pdf", "/png", "/deep", "/garbled", "/good"))
    site.page("/endless", endless)
    site.page("/slow", slow)
    site.page("/bomb", gzip.compress(b"<p>a</p>" * (12 << 20)), headers={"Content-Encoding": "gzip"})
    site.page("/binary", bytes(range(256)) * 100, content_type="text/html")
    site.page("/pdf", "%PDF-1.7 text", content_type="application/pdf")
    site.page("/png", b"\x89PNG\r\n\x1a\n" + b"a" * 500, content_type="text/html")
    site.page("/deep", "<div>" * 200_000 + "deep words")
    site.page("/garbled", b"not really gzip", headers={"Content-Encoding": "gzip"})
    site.page("/good", "good")
    found = crawl.once(site.url("/"), timeout=10.0, max_bytes=4 << 20)
    assert set(found) == {site.url(path) for path in ("/", "/endless", "/deep", "/good")}
    for line in (
        "/endless: truncated to 4194304 bytes",
        "/slow: failed, no complete answer within 10 s",
        "/bomb: failed, decompression bomb",
        "/binary: excluded, binary: ",
        "/pdf: excluded, unreadable PDF",
        "/png: excluded, binary: ",
        "/garbled: failed, ",
    ):
        assert line in caplog.text, line


def test_text_is_limited_to_its_head(crawl: Crawl, site: MockSite) -> None:
    site.page("/", "<p>" + "word " * 400_000)
    document = crawl.once(site.url("/"))[site.url("/")].document
    assert document is not None
    assert len(document.text) in (999_999, 1_000_000)


def test_nul_bytes_are_cleaned(crawl: Crawl, site: MockSite) -> None:
    site.page("/", "<title>a\x00b</title>" + "some plain words " * 10 + "a\x00b&#55296;")
    document = crawl.once(site.url("/"))[site.url("/")].document
    assert document is not None
    assert "\x00" not in document.text + document.title
    document.text.encode()


def test_headers_that_are_no_text_hurt_nobody(crawl: Crawl) -> None:
    answers = {
        b"/robots.txt": b"404 x\r\nLocation: \xff",
        b"/": b'200 x\r\nETag: "\xff"\r\nLast-Modified: \xfe\r\nContent-Type: text/html; charset=\xff',
        b"/image": b"200 x\r\nContent-Type: image/\xff",
        b"/moved": b"302 x\r\nLocation: /\xff\xfe",
    }

    async def answer(head: bytes, writer: asyncio.StreamWriter) -> None:
        body = b"<p>some words here<a href=/image>a</a><a href=/moved>b</a>"
        start = answers.get(head.split()[1], b"404 x")
        writer.write(b"HTTP/1.1 %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (start, len(body), body))
        await writer.drain()

    async def crawl_it() -> None:
        async with RawServer(answer) as server:
            found = await asyncio.to_thread(crawl.once, server.url(), revisit=0.3, revisit_least=0.3)
            assert set(found) == {server.url()}
            before = len(server.heads)

            def again() -> None:
                with crawl.running(server.url(), revisit=0.3, revisit_least=0.3):
                    wait_until(
                        lambda: any(head.startswith(b"GET / ") for head in server.heads[before:]), 30, "a revisit"
                    )

            await asyncio.to_thread(again)
            assert not any(b"If-None-Match" in head or b"If-Modified-Since" in head for head in server.heads)

    asyncio.run(crawl_it())


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("HTTP://Ex.ORG:80", "http://ex.org/"), ("http://ex.org/%7euser/%2F/ü", "http://ex.org/~user/%2F/%C3%BC"),
        ("http://ex.org/a/./b/../c?x=%41#y", "http://ex.org/a/c?x=A"), ("//ex.org//b", "http://ex.org//b"),
        ("http://user:pass@ex.org/", "http://ex.org/"), ("ftp://ex.org/", None), ("http://ex.org:99999/", None),
        ("javascript:alert(1)", None), ("", "http://base.org/d/e"), (" \n../x\t", "http://base.org/x"),
        ("http://[::1", None),
    ],
)  # fmt: skip
def test_urls_have_one_normal_form(link: str, expected: str | None) -> None:
    assert normalise(link, "http://base.org/d/e") == expected
    assert expected is None or normalise(expected) == expected


@pytest.mark.parametrize("documents", [1, 0])
def test_pages_that_wait_for_a_failing_site_are_told_when_the_first_pass_is_complete(
    crawl: Crawl, site: MockSite, caplog: pytest.LogCaptureFixture, documents: int
) -> None:
    caplog.set_level(logging.INFO)
    robots = "" if documents else "<meta name=robots content=noindex>"
    seed = site.page("/", robots + links(*(f"/{number}" for number in range(40))))
    for number in range(40):
        site.page(f"/{number}", "no", status=500)
    found = crawl.once(seed, per_host=1)
    assert len(found) == documents
    (told,) = (record.getMessage() for record in caplog.records if "the first pass is complete" in record.getMessage())
    counted = re.search("complete; (\\d+) pages of 1 site wait, because it keeps failing", told)
    assert counted
    waiting = int(counted[1])  # some are tried again meanwhile; on a busy machine /sitemap.xml waits, too
    assert read_waiting(crawl.data).pages <= waiting <= 41


def test_a_source_that_another_one_leads_to_is_not_complete_before_it_is(
    crawl: Crawl, site: MockSite, other: MockSite
) -> None:
    """One site redirects late into another whose first pass was complete: its page is not missing from the first pass."""

    def late(path: str) -> Answer | None:
        if path != "/":
            return None
        wait_until(lambda: other.counts()["/"] == 1 and crawl.progress.put == 1, 20, "the other one is done")
        time.sleep(1.0)  # the first pass over the other one is complete, as far as it can tell
        return Answer(status=302, headers={"Location": other.url("/landing")})

    site.endless.append(late)
    other.pages["/"], other.pages["/landing"] = html("Other", prose("other")), html("Landing", prose("landing"))
    crawl.once(site.url("/"), other.url("/"))
    assert crawl.documents() == {other.url("/landing"), other.url("/")}
