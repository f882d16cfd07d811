"""The crawler's listener: explanations as JSON and as a page, authorization, and the status of held sites."""

from __future__ import annotations

import base64
import json
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from pathlib import Path

import pytest

from lightship.config import CrawlerSettings
from lightship.crawler.listen import answering
from lightship.crawler.state.progress import Remarks
from lightship.crawler.state.store import open_store
from mockweb.crawling import Crawl
from mockweb.site import MockSite
from mockweb.traps import html, prose

SECRET = "a secret of enough characters"


def get(port: int, target: str, **headers: str) -> str:
    request = urllib.request.Request(f"http://127.0.0.1:{port}{target}", headers=headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return str(answer.read().decode())


def test_the_listener_explains(crawl: Crawl, site: MockSite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIGHTSHIP_TOKEN", SECRET)
    site.pages["/"] = html("Start", prose("start"), ["/gone", "/a?x=<script>"])
    crawl.once(site.url("/"))
    store = open_store(crawl.data)
    with store.transaction() as db:
        db.execute("update sites set held = 'it is under test', held_since = 5")
    settings = CrawlerSettings(data=crawl.data, listen="127.0.0.1:0")
    shown = {"Authorization": f"Bearer {SECRET}"}
    remarks = Remarks(Counter({"price": 2}), Counter({"empty": 3}))
    with answering(settings, store, {}, remarks) as port:
        assert get(port, "/livez") == "alive\n"
        found = json.loads(get(port, f"/explain?url={urllib.parse.quote(site.url('/gone'))}", **shown))
        assert (found["reason"], found["state"], found["status"]) == ("gone: status 404", "gone", 404)
        assert found["found_on"] == site.url("/")
        page = get(port, "/?url=http%3A%2F%2Fex.org%2F%3Cscript%3E", Accept="text/html", **shown)
        assert "no source leads to http://ex.org" in page
        assert "<script>" not in page
        status = json.loads(get(port, "/status", **shown))
        assert status["held"] == [{"site": f"http://{site.address}", "reason": "it is under test", "since": 5.0}]
        assert (status["fetched"], status["left_out"], status["remarks"]) == (3, {"price": 2}, {"empty": 3})
        for target, code, headers in (("/explain?url=x", 401, {}), ("/explain", 400, shown)):
            with pytest.raises(urllib.error.HTTPError) as refused:
                get(port, target, **headers)
            assert refused.value.code == code
            refused.value.close()
    store.close()


def test_a_browser_shows_the_token_as_a_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIGHTSHIP_TOKEN", SECRET)
    store = open_store(str(tmp_path))

    def basic(password: str) -> dict[str, str]:
        return {
            "Authorization": f"Basic {base64.b64encode(f'anybody:{password}'.encode()).decode()}", "Accept": "text/html"
        }  # fmt: skip

    with answering(CrawlerSettings(data=str(tmp_path), listen="127.0.0.1:0"), store, {}, Remarks.none()) as port:
        assert "Why is a page in the index, or not?" in get(port, "/", **basic(SECRET))
        for headers in ({"Accept": "text/html"}, basic("wrong"), basic(""), {**basic(""), "Authorization": "Basic ~"}):
            with pytest.raises(urllib.error.HTTPError) as refused:
                get(port, "/", **headers)
            assert refused.value.code == 401
            assert refused.value.headers["WWW-Authenticate"].startswith("Basic realm=")  # so that a browser asks for it
            refused.value.close()
    store.close()


def test_without_an_address_nobody_listens(tmp_path: Path) -> None:
    store = open_store(str(tmp_path))
    with answering(CrawlerSettings(data=str(tmp_path)), store, {}, Remarks.none()) as port:
        assert port == 0
    store.close()
