"""Rules of sources, in real crawls: what is fetched, what becomes a document, and what goes when the rules change."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import threading
import time
from typing import Any

import pytest

from lightship.config import SourceRules, read_rules
from lightship.crawler.dry_run import dry_run
from lightship.crawler.output.append import Appender
from lightship.crawler.removal import left_over, removal
from lightship.crawler.state.store import open_store
from mockweb.crawling import Crawl
from mockweb.site import Answer, MockSite
from mockweb.traps import html, prose
from support import wait_until


def pages(site: MockSite, *paths: str, home: str = "/") -> None:
    """Make a page of each path, all linked from `home`, which is linked from them."""
    for path in paths:
        site.pages[path] = html(f"Page {path}", prose(path), [home])
    site.pages[home] = html("Home", prose("home"), paths)


def rules(source: str, **values: Any) -> tuple[SourceRules, ...]:
    return read_rules(json.dumps({source: values}))


def paths(crawl: Crawl) -> set[str]:
    return {"/" + url.split("/", 3)[3] for url in crawl.documents()}


def asked(site: MockSite) -> set[str]:
    return set(site.counts())


def settled(crawl: Crawl, expected: set[str], *seeds: str, **settings: Any) -> None:
    """Crawl until the documents are those of the paths `expected`."""
    with crawl.running(*seeds, **settings):
        wait_until(lambda: crawl.progress.idle and paths(crawl) == expected, 60, f"the documents are {expected}")


def test_a_source_with_a_path_keeps_to_its_folder(crawl: Crawl, site: MockSite) -> None:
    pages(site, "/docs/a", "/docs/b/c", "/blog/x", "/", home="/docs/")
    site.page(
        "/sitemap.xml", f"<urlset><url><loc>{site.url('/news')}</loc></url></urlset>", content_type="application/xml"
    )
    crawl.once(site.url("/docs/"))
    assert paths(crawl) == asked(site) == {"/docs/", "/docs/a", "/docs/b/c"}
    reason = f"rule: outside of {site.url('/docs/')}"
    assert {path: crawl.explain(site.url(path)).reason for path in ("/blog/x", "/", "/news", "/never")} == {
        "/blog/x": reason, "/": reason, "/news": reason, "/never": reason,
    }  # fmt: skip
    assert crawl.explain(site.url("/news")).found_on == site.url("/sitemap.xml")


def test_exclude_wins_over_include(crawl: Crawl, site: MockSite) -> None:
    pages(site, "/docs/a", "/docs/a.pdf", "/docs/old/b", "/api/c", "/api/d.pdf")
    own = rules(site.url("/"), include=["/docs/", "/api/"], exclude=["*.pdf", "/docs/old/"])
    crawl.once(site.url("/"), rules=own)
    assert asked(site) == {"/", "/docs/a", "/api/c"}
    assert paths(crawl) == {"/docs/a", "/api/c"}  # the source is read for its links only
    crawl.settings = dataclasses.replace(crawl.settings, rules=own)
    assert crawl.explain(site.url("/docs/a.pdf")).reason == f'rule: excluded by "*.pdf" of {site.url("/")}'
    home = crawl.explain(site.url("/"))
    assert (home.state, home.indexed) == ("excluded", False)
    assert home.reason == f'read for its links only; rule: not included by "/docs/", "/api/" of {site.url("/")}'


def test_flags_are_for_all_sources(crawl: Crawl, site: MockSite, other: MockSite) -> None:
    for each in (site, other):
        pages(each, "/a", "/b.pdf")
    crawl.once(site.url("/"), other.url("/"), exclude=("*.pdf",))
    assert paths(crawl) == {"/", "/a"}
    assert len(crawl.documents()) == 4


def test_a_whole_site_from_a_page_in_a_folder(crawl: Crawl, site: MockSite) -> None:
    pages(site, "/docs/a", "/blog/x", "/y?z", home="/docs/")
    crawl.once(site.url("/docs/"), include=("/",))
    assert paths(crawl) == {"/docs/", "/docs/a", "/blog/x", "/y?z"}


def test_starts_are_read_for_their_links(crawl: Crawl, site: MockSite) -> None:
    pages(site, "/docs/a", home="/docs/")
    site.pages["/archive/all"] = html("All", prose("all"), ["/docs/hidden", "/archive/x"])
    site.pages["/docs/hidden"] = html("Hidden", prose("hidden"))
    own = rules(site.url("/docs/"), start=["/archive/all"])
    crawl.once(site.url("/docs/"), rules=own)
    assert paths(crawl) == {"/docs/", "/docs/a", "/docs/hidden"}
    assert asked(site) == {"/docs/", "/docs/a", "/docs/hidden", "/archive/all"}


def test_sitemap_only(crawl: Crawl, site: MockSite) -> None:
    pages(site, "/listed", "/linked")
    entries = "".join(f"<url><loc>{site.url(path)}</loc></url>" for path in ("/listed", "/lonely"))
    site.page("/sitemap.xml", f"<urlset>{entries}</urlset>", content_type="application/xml")
    site.pages["/lonely"] = html("Lonely", prose("lonely"))
    own = rules(site.url("/"), sitemap_only=True)
    crawl.once(site.url("/"), rules=own)
    assert paths(crawl) == {"/", "/listed", "/lonely"}
    settled(crawl, {"/", "/listed", "/lonely", "/linked"}, site.url("/"))
    settled(crawl, {"/", "/listed", "/lonely"}, site.url("/"), rules=own)  # it is known that a sitemap lists them


def test_depth_and_pages_of_a_source(crawl: Crawl, site: MockSite, other: MockSite) -> None:
    for n in range(5):
        site.pages[f"/{n or ''}"] = html(f"Page {n}", prose(n), [f"/{n + 1}"])
        other.pages[f"/{n or ''}"] = html(f"Other {n}", prose(n + 10), [f"/{n + 1}"])
    own = rules(site.url("/"), max_depth=2) + rules(other.url("/"), max_pages=3)
    crawl.once(site.url("/"), other.url("/"), rules=own)
    assert asked(site) == asked(other) == {"/", "/1", "/2"}
    crawl.settings = dataclasses.replace(crawl.settings, rules=own)
    assert (
        crawl.explain(site.url("/3")).reason
        == f"depth: 3 links from the source, more than max_depth=2 of {site.url('/')}"
    )
    assert crawl.explain(other.url("/3")).reason == "budget: the site has 3 documents, max_pages=3"


def test_revisit_of_a_source(crawl: Crawl, site: MockSite, other: MockSite) -> None:
    for each in (site, other):
        each.pages["/"] = html("Home", prose("home"))
    with crawl.running(site.url("/"), other.url("/"), rules=rules(site.url("/"), revisit=1)):
        wait_until(lambda: site.counts()["/"] >= 3, 60, "the one is visited again and again")
    assert other.counts()["/"] == 1
    with crawl.running(site.url("/"), other.url("/"), rules=rules(other.url("/"), revisit=1)):
        wait_until(lambda: other.counts()["/"] >= 3, 60, "then the other")


def test_language_fields_select_and_drop(crawl: Crawl, site: MockSite) -> None:
    body = "<html lang=en><title>T</title><nav><a href=/b>b</a></nav><div class=box><h2>Head</h2>wanted <i>not</i></div><p>rest"
    site.page("/", body)
    site.page("/b", body.replace("wanted", "other"), headers={"ETag": '"1"'})
    found = crawl.once(site.url("/"))
    assert found[site.url("/b")].document.language == "en"  # type: ignore[union-attr]
    own = rules(site.url("/"), language="de", fields={"product": "router"}, select=[".box"], drop=["i"])
    with crawl.running(site.url("/"), rules=own):  # at once, whatever the site says about changes
        wait_until(lambda: all(
            entry.document and entry.document.fields == {"product": "router"} for entry in crawl.entries().values()
        ), 60, "all are read again")  # fmt: skip
    documents = {url: entry.document for url, entry in crawl.entries().items() if entry.document}
    page = documents[site.url("/b")]
    assert (page.language, page.ranked_headings, " ".join(page.text.split())) == ("de", ["Head"], "Head other")
    requests = sum(site.counts().values())
    with crawl.running(site.url("/"), rules=own):
        wait_until(lambda: crawl.progress.idle, 60, "it has begun")
    assert sum(site.counts().values()) == requests  # the same rules: nothing to do


def test_a_soft_404_is_recognised_in_what_is_selected(crawl: Crawl, site: MockSite) -> None:
    def body(text: str, said: str) -> str:
        return f"<html><title>Shop</title><p>{said}<div class=box>{text}</div><a href=/a>a</a><a href=/b>b</a>"

    site.endless.append(lambda path: Answer(body(prose("nothing here"), prose(path))))
    site.page("/", body(prose("home"), "hello"))
    site.page("/a", body(prose("a"), "hello"))
    crawl.once(site.url("/"), rules=rules(site.url("/"), select=[".box"]))
    assert paths(crawl) == {"/", "/a"}
    assert crawl.explain(site.url("/b")).reason.startswith("soft 404: the site returns the same content")


def test_a_redirect_of_a_source_brings_its_folder(crawl: Crawl, site: MockSite) -> None:
    site.redirect("/docs/", site.url("/manual/start"))
    pages(site, "/manual/a", "/blog", home="/manual/start")
    crawl.once(site.url("/docs/"))
    assert paths(crawl) == {"/manual/start", "/manual/a"}
    folders = f"rule: outside of {site.url('/docs/')}, {site.url('/manual/')}"
    assert crawl.explain(site.url("/blog")).reason == folders
    site.pages["/manual/start"] = html("Start", prose("start"), ["/manual/b", "/blog"])
    site.pages["/manual/b"] = html("B", prose("b"))
    settled(crawl, {"/manual/start", "/manual/a", "/manual/b"}, site.url("/docs/"), revisit=1)  # it is remembered
    assert "/blog" not in asked(site)


def test_a_folder_whose_page_has_no_slash(crawl: Crawl, site: MockSite) -> None:
    site.redirect("/docs/", site.url("/docs"))
    pages(site, "/docs/a", "/blog", home="/docs")
    crawl.once(site.url("/docs/"))
    assert paths(crawl) == {"/docs", "/docs/a"}


def test_a_redirect_above_the_folder_is_no_way_out(
    crawl: Crawl, site: MockSite, caplog: pytest.LogCaptureFixture
) -> None:
    site.redirect("/docs/", site.url("/login?next=/docs/"))
    pages(site, "/docs/a", "/blog", home="/login?next=/docs/")
    crawl.once(site.url("/docs/"))
    assert paths(crawl) == {"/docs/a"}
    told = f"{site.url('/docs/')} redirects to {site.url('/login?next=/docs/')}, above its folder: only what is below"
    assert told in caplog.text


def test_a_redirect_of_another_page_leads_out_of_the_folder(crawl: Crawl, site: MockSite) -> None:
    pages(site, "/docs/a", "/docs/b", home="/docs/")
    site.redirect("/docs/a", site.url("/gone/a"))
    site.pages["/docs/b"] = html("B", prose("b"), head=f'<link rel=canonical href="{site.url("/b")}">')
    site.pages["/gone/a"] = site.pages["/b"] = html("Gone", prose("gone"))
    crawl.once(site.url("/docs/"))
    assert asked(site) == {"/docs/", "/docs/a", "/docs/b"}
    assert paths(crawl) == {"/docs/", "/docs/b"}  # under its own url: the canonical one is out of bounds
    chain = crawl.explain(site.url("/docs/a")).chain
    assert [(step.url, step.note) for step in chain] == [
        (site.url("/gone/a"), f"rule: outside of {site.url('/docs/')}")
    ]


def test_each_page_has_the_rules_of_the_source_in_whose_folder_it_is(crawl: Crawl, site: MockSite) -> None:
    pages(site, "/a", "/a.pdf", "/docs/b", "/docs/b.pdf", "/docs/")
    own = rules(site.url("/docs/"), exclude=["*.pdf"], fields={"part": "docs"})
    found = crawl.once(site.url("/"), site.url("/docs/"), rules=own)
    assert paths(crawl) == {"/", "/a", "/a.pdf", "/docs/", "/docs/b"}
    assert {url for url, each in found.items() if each.document and each.document.fields} == {
        site.url("/docs/"), site.url("/docs/b"),
    }  # fmt: skip


MANY = [f"/docs/{n}" for n in range(10)] + ["/docs/a.pdf", "/docs/b.pdf"]


def test_what_a_new_rule_excludes_goes_and_comes_back_without_it(crawl: Crawl, site: MockSite) -> None:
    pages(site, *MANY)
    all_of_them = {"/", *MANY}
    source = site.url("/")
    crawl.once(source)
    assert paths(crawl) == all_of_them
    site.requests.clear()
    own = rules(source, exclude=["*.pdf"])
    settled(crawl, all_of_them - {"/docs/a.pdf", "/docs/b.pdf"}, source, rules=own)
    assert not asked(site)  # none is fetched for that
    crawl.settings = dataclasses.replace(crawl.settings, rules=own)
    page = crawl.explain(site.url("/docs/a.pdf"))
    assert (page.reason, page.indexed, page.state) == (f'rule: excluded by "*.pdf" of {source}', False, "refused")
    crawl.settings = dataclasses.replace(crawl.settings, rules=())
    settled(crawl, all_of_them, source)
    assert asked(site) == {"/docs/a.pdf", "/docs/b.pdf"}
    assert crawl.progress == (13, 13, 0, 15, 2, True)


def test_what_was_never_fetched_is_found_again_when_a_rule_allows_it(crawl: Crawl, site: MockSite) -> None:
    pages(site, *MANY)
    site.pages["/docs/a.pdf"] = html("A", prose("a"), ["/docs/deep.pdf"])
    site.pages["/docs/deep.pdf"] = html("Deep", prose("deep"))
    crawl.once(site.url("/"), rules=rules(site.url("/"), exclude=["*.pdf", "/docs/1"]))
    assert len(paths(crawl)) == 10
    site.pages["/"] = html("Home", prose("home"))  # nothing links to them any more
    settled(
        crawl,
        {"/", *MANY, "/docs/deep.pdf"} - {"/docs/1"},
        site.url("/"),
        rules=rules(site.url("/"), exclude=["/docs/1"]),
    )
    assert crawl.explain(site.url("/docs/deep.pdf")).depth == 2


def test_one_wrong_rule_does_not_empty_the_index(crawl: Crawl, site: MockSite) -> None:
    pages(site, *MANY)
    source = site.url("/")
    crawl.once(source)
    own = rules(source, exclude=["/docs/*"])
    with crawl.running(source, rules=own):
        wait_until(lambda: crawl.explain(source).held, 60, "the site is held")
    assert paths(crawl) == {"/", *MANY}
    held = crawl.explain(source).held
    assert f'the rules refuse 12 of its 13 documents (latest: rule: excluded by "/docs/*" of {source})' in str(held)
    assert f"-accept={source[:-1]}" in str(held)
    settled(crawl, {"/"}, source, rules=own, accept=(source[:-1],))
    assert crawl.explain(source).held is None


def test_a_hold_ends_with_its_rule(crawl: Crawl, site: MockSite) -> None:
    pages(site, *MANY)
    crawl.once(site.url("/"))
    with crawl.running(site.url("/"), exclude=("/docs/*",)):
        wait_until(lambda: crawl.explain(site.url("/")).held, 60, "the site is held")
    with crawl.running(site.url("/")):
        wait_until(lambda: not crawl.explain(site.url("/")).held, 60, "it is not held any more")
    assert paths(crawl) == {"/", *MANY}


def test_a_duplicate_takes_the_place_of_a_page_that_a_rule_takes_away(crawl: Crawl, site: MockSite) -> None:
    pages(site, *MANY)
    site.pages["/docs/very/long"] = site.pages["/docs/1"]
    site.pages["/"] = html("Home", prose("home"), [*MANY, "/docs/very/long"])
    crawl.once(site.url("/"))
    assert paths(crawl) == {"/", *MANY}
    settled(crawl, {"/", *MANY, "/docs/very/long"} - {"/docs/1"}, site.url("/"), exclude=("/docs/1",))


def test_a_source_that_is_narrowed_leaves_documents_until_it_is_removed(crawl: Crawl, site: MockSite) -> None:
    pages(site, *MANY, "/a", "/b", "/docs/")
    whole, docs = site.url("/"), site.url("/docs/")
    crawl.once(whole)
    with crawl.running(docs):
        wait_until(lambda: crawl.progress.idle, 60, "it has begun")
    assert paths(crawl) == {"/", *MANY, "/a", "/b", "/docs/"}
    with contextlib.closing(open_store(crawl.data)) as store:
        told = list(left_over(store, [docs], crawl.data))
        assert told == [
            f"{whole} is no longer a SOURCE; its 3 documents stay until you run: lightship remove {whole} -data={crawl.data}"
        ]
        found = removal(store, whole)
        assert set(found.documents) == {site.url(path) for path in ("/", "/a", "/b")}
        found.run(store, Appender(crawl.log, threading.Event()))
        assert list(left_over(store, [docs], crawl.data)) == []
    settled(crawl, {"/docs/", *MANY}, docs)
    assert crawl.explain(site.url("/a")).reason == f"rule: outside of {docs}"


def test_a_dry_run_says_what_the_crawl_then_does(crawl: Crawl, site: MockSite) -> None:
    few = [f"/docs/{n}.html" for n in range(200)] + [f"/old/{n}" for n in range(30)] + [f"/{n}.pdf" for n in range(25)]
    pages(site, *few, "/x/1", "/x/2")
    source = site.url("/")
    crawl.once(source, exclude=("/x/*",))
    before = paths(crawl)
    planned = dataclasses.replace(crawl.settings, exclude=("*.pdf", "/old/", "/never/"))
    began = time.process_time()
    said = list(dry_run(planned, [source]))
    assert time.process_time() - began < 5
    heads = [line for line in said if not line.startswith("  ")]
    assert heads == [
        'rule: excluded by "*.pdf" of -exclude: 25 documents would go',
        'rule: excluded by "/old/" of -exclude: 30 documents would go',
        'rule: excluded by "/x/*" of -exclude: 2 urls, refused until now, would be crawled',
        'rule: excluded by "/never/" of -exclude: matches nothing that is known',
        "nothing has been changed",
    ]
    assert len(said) == len(heads) + 10 + 10 + 2
    assert paths(crawl) == before
    gone = {path for path in before if path.endswith(".pdf") or path.startswith("/old/")}
    assert len(gone) == 55
    settled(crawl, before - gone | {"/x/1", "/x/2"}, source, exclude=planned.exclude)
    again = list(dry_run(planned, [source]))
    assert again == [
        'rule: excluded by "/never/" of -exclude: matches nothing that is known',
        "nothing has been changed",
    ]


def test_a_source_that_is_not_indexed_itself_is_told_once(crawl: Crawl, site: MockSite) -> None:
    pages(site, *MANY)
    crawl.once(site.url("/"))
    planned = dataclasses.replace(crawl.settings, include=("/docs/",))
    said = list(dry_run(planned, [site.url("/")]))
    assert said == [
        'rule: not included by "/docs/" of -include: 1 document would go', f"  {site.url('/')}", "nothing has been changed"
    ]  # fmt: skip
    settled(crawl, set(MANY), site.url("/"), include=("/docs/",), revisit=60)
    assert list(dry_run(planned, [site.url("/")])) == ["nothing has been changed"]
    assert list(dry_run(crawl.settings, [site.url("/")])) == [
        "read for its links only: 1 source or start would be a document, too", f"  {site.url('/')}", "nothing has been changed"
    ]  # fmt: skip
    settled(crawl, {"/", *MANY}, site.url("/"))


def test_a_dry_run_tells_of_a_hold(crawl: Crawl, site: MockSite) -> None:
    pages(site, *MANY)
    crawl.once(site.url("/"))
    planned = dataclasses.replace(crawl.settings, exclude=("/docs/*",))
    said = "\n".join(dry_run(planned, [site.url("/")]))
    assert f"{site.url('')} would be held: the rules refuse 12 of its 13 documents" in said
    accepted = dataclasses.replace(planned, accept=(site.url(""),))
    assert "would be held" not in "\n".join(dry_run(accepted, [site.url("/")]))
