"""`lightship explain` from end to end: a crawl, an index, and the reasons."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from lightship.crawler.state.progress import read_progress
from made import Caller
from mockweb.site import MockSite
from mockweb.traps import html, prose
from support import Program, free_port, wait_until


def test_explain_tells_of_crawler_and_replica(tmp_path: Path, spawn: Callable[..., Program]) -> None:
    with MockSite() as site:
        site.page("/robots.txt", "User-agent: *\nDisallow: /private", content_type="text/plain")
        site.pages["/"] = html("Start", prose("start"), ["/fruit", "/private", "/copy", "/gone"])
        site.pages["/fruit"] = html("Fruit", "pomegranates and " + prose("fruit"))
        site.pages["/copy"] = site.pages["/"]
        engine, listener = free_port(), free_port()
        spawn("searchengine", f"-addr=127.0.0.1:{engine}", "-data=store").wait_for("listening")
        spawn("indexer", f"-searchengine=127.0.0.1:{engine}", "-log=sqlite://log.sqlite", "-data=ix")
        spawn("crawler", "-log=sqlite://log.sqlite", "-data=crawl", f"-listen=127.0.0.1:{listener}", site.url("/"))
        wait_until(lambda: read_progress(str(tmp_path / "crawl")).idle, 20, "the first pass is complete")
        wait_until(lambda: Caller(engine).get("/readyz").status == 200, 20, "it is ready")
        wait_until(lambda: Caller(engine).found("pomegranates"), 20, "it is searchable")

        def explain(path: str, *more: str) -> str:
            parts = (f"-crawler=127.0.0.1:{listener}", f"-searchengine=127.0.0.1:{engine}")
            program = spawn("lightship", "explain", *parts, *more, site.url(path))
            assert program.process.wait(20) == 0, program.output
            return program.output

        fruit = explain("/fruit", "-query=pomegranates plums")
        for line in (
            ": indexed: ", "found by: a link", f"found on: {site.url('/')}", "depth: 1", "robots: allowed: no line of robots.txt",
            "served from shard 0 of s1v", "title: Fruit", "text of ", "rank 1 of 1, score ", "'pomegran' in text: ",
            "does not contain plums",
        ):  # fmt: skip
            assert line in fruit, fruit
        private = explain("/private", "-query=anything")
        assert "disallowed by line 2 of robots.txt: Disallow: /private" in private
        assert "not served; it would be in shard 0" in private
        assert f"duplicate of {site.url('/')}, which is indexed instead" in explain("/copy")
        assert "gone: status 404" in explain("/gone")
        assert "never found: no page, sitemap or feed read so far links to it" in explain("/never")
