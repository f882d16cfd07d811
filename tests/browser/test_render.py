"""Pages that scripts make are read through a real Chromium, whose every request the crawler answers."""

from __future__ import annotations

import dataclasses
import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from lightship.core.errors import ConfigurationError
from lightship.crawler.fetching import render
from mockweb.crawling import Crawl
from mockweb.site import MockSite
from support import chromium_path, require


@pytest.fixture
def site() -> Iterator[MockSite]:
    with MockSite() as started:
        yield started


@pytest.fixture
def other() -> Iterator[MockSite]:
    with MockSite() as started:
        yield started


@pytest.fixture
def crawl(tmp_path: Path) -> Iterator[Crawl]:
    require("Chromium", chromium_path())
    made = Crawl(tmp_path)
    made.settings = dataclasses.replace(made.settings, timeout=60.0)  # of a browser on a busy machine
    yield made
    made.log.close()


APP = """<!doctype html><html lang=en><head><title>Empty</title><script src=/app.js></script></head>
<body><div id=app>Please wait</div><img src=/picture.png></body></html>"""
SCRIPT = """addEventListener('load', async () => {
  const answer = await (await fetch('/data.json')).json();
  document.title = answer.title;
  document.getElementById('app').innerHTML = `<h1>${answer.title}</h1><p>${answer.text}</p><a href="/second">on</a>`;
});"""


@pytest.mark.parametrize("name", ["chromium-headless-shell", "chromium"])
def test_a_page_made_by_scripts_is_read_and_its_links_are_followed(
    crawl: Crawl, site: MockSite, name: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    require(name, shutil.which(name))
    monkeypatch.setattr(render, "BROWSERS", (name,))
    site.page("/", APP)
    site.page("/app.js", SCRIPT, content_type="text/javascript")
    site.page("/data.json", '{"title": "Made by a script", "text": "搜索引擎 words"}', content_type="application/json")
    site.page("/second", "<title>Second</title><p>plain text")
    found = crawl.once(site.url("/"), render=("127.0.0.1",))
    document = found[site.url("/")].document
    assert document is not None
    assert (document.title, document.ranked_headings) == ("Made by a script", ["Made by a script"])
    assert "搜索引擎 words" in document.text
    assert "Please wait" not in document.text
    assert site.url("/second") in found
    assert ("without its sandbox" in caplog.text) == (os.geteuid() == 0)
    assert "/picture.png" not in site.counts(), "pictures are not asked for"
    assert site.counts()["/"] == 1, "the page itself is fetched once"


def test_without_the_setting_and_for_other_hosts_no_script_runs(crawl: Crawl, site: MockSite) -> None:
    site.page("/", APP)
    for hosts in ((), ("example.org",)):
        document = crawl.once(site.url("/"), render=hosts)[site.url("/")].document
        assert document is not None
        assert (document.title, document.text) == ("Empty", "Please wait")
    assert "/app.js" not in site.counts()


def test_with_auto_only_empty_pages_of_scripts_are_rendered(crawl: Crawl, site: MockSite) -> None:
    site.page("/", APP)
    site.page("/app.js", SCRIPT, content_type="text/javascript")
    site.page("/data.json", '{"title": "Made by a script", "text": "of words"}', content_type="application/json")
    text = f"<title>Second</title><p>{'plain text ' * 20}</p>"
    site.page("/second", f"{text}<script src=/second.js></script>")
    site.page("/second.js", "document.title = 'Rendered'", content_type="text/javascript")
    found = crawl.once(site.url("/"), render=("auto",))
    titles = {url: entry.document.title for url, entry in found.items() if entry.document}
    assert titles == {site.url("/"): "Made by a script", site.url("/second"): "Second"}
    assert (site.counts()["/"], "/second.js" in site.counts()) == (1, False)


def test_with_auto_a_site_whose_pages_stay_empty_is_left_as_it_is(crawl: Crawl, site: MockSite) -> None:
    pages = [f"/{number}" for number in range(render.MAX_VAIN + 5)]
    site.page("/", f"<title>All</title><p>{'text ' * 50}" + "".join(f"<a href={path}>{path}</a> " for path in pages))
    for path in pages:
        site.page(path, f"<title>{path}</title><p>Page {path}</p><script src=/script.js></script>")
    site.page("/script.js", "window.x = 1", content_type="text/javascript")
    found = crawl.once(site.url("/"), render=("auto",))
    assert len(found) == len(pages) + 1
    assert render.MAX_VAIN <= site.counts()["/script.js"] < len(pages)


def test_with_auto_and_no_browser_pages_are_read_as_they_are(
    crawl: Crawl, site: MockSite, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(render, "BROWSERS", ())
    site.page("/", APP)
    document = crawl.once(site.url("/"), render=("auto",))[site.url("/")].document
    assert document is not None
    assert document.title == "Empty"
    assert "-render=auto renders no pages" in caplog.text


def test_no_request_of_a_page_reaches_an_address_that_is_not_allowed(
    crawl: Crawl, site: MockSite, other: MockSite
) -> None:
    out = other.url("/x")
    stream = out.replace("http:", "ws:")
    site.page("/", f"""<html><title>t</title><link rel=preconnect href={other.url("/")}><link rel=prefetch href={out}>
    <link rel=stylesheet href={out}><script src={out}></script><img src={out}><iframe src={out}></iframe>
    <body>before<form id=f action={out} method=post></form><script>
    fetch('{out}', {{mode: 'no-cors'}}).catch(() => 0); fetch('/moved', {{mode: 'no-cors'}}).catch(() => 0);
    navigator.sendBeacon('{out}', 'x'); new WebSocket('{stream}'); new Image().src = '{out}'; new EventSource('{out}');
    window.open('{out}'); document.getElementById('f').target = '_blank'; document.getElementById('f').submit();
    navigator.serviceWorker.register('/worker.js').catch(() => 0); new Worker('/worker.js');
    document.body.append(' after');</script>""")  # fmt: skip
    site.redirect("/moved", out)
    site.page("/worker.js", f"fetch('{out}').catch(() => 0)", content_type="text/javascript")
    document = crawl.once(site.url("/"), render=("*",))[site.url("/")].document
    assert document is not None
    assert "after" in document.text
    assert other.requests == []


REACHING = """
const stun = port => ({iceServers: [{urls: `stun:127.0.0.1:${port}`}, {urls: `stun:localhost:${port}`},
    {urls: `turn:127.0.0.1:${port}`, username: 'u', credential: 'c'},
    {urls: `turn:127.0.0.1:${port}?transport=tcp`, username: 'u', credential: 'c'}]});
const call = (scope, port) => { try {
    const Peer = scope.RTCPeerConnection || scope.webkitRTCPeerConnection, peer = new Peer(stun(port));
    peer.createDataChannel('x'); peer.createOffer().then(offer => peer.setLocalDescription(offer)); } catch {} };
const transport = (scope, port) => { try { new scope.WebTransport(`https://127.0.0.1:${port}/x`).ready.catch(() => 0);
    new scope.WebTransport(`https://localhost:${port}/x`, {serverCertificateHashes: [{algorithm: 'sha-256',
        value: new Uint8Array(32)}]}).ready.catch(() => 0); } catch {} };
const reach = (scope, port) => { call(scope, port); transport(scope, port); };
"""


def test_no_datagram_of_a_page_reaches_anything(crawl: Crawl, site: MockSite) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener, socket.create_server(("127.0.0.1", 0)) as tcp:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        away = f"127.0.0.1:{tcp.getsockname()[1]}"
        site.page("/reach.js", REACHING, content_type="text/javascript")
        site.page("/worker.js", f"{REACHING} reach(self, {port});", content_type="text/javascript")
        site.page("/inner", f"<script src=/reach.js></script><script>reach(window, {port})</script>")
        site.page("/", f"""<html><head><title>t</title><link rel=dns-prefetch href=//{away}><link rel=preconnect href=//{away}>
        <script type=speculationrules>{{"prefetch": [{{"urls": ["http://{away}/"]}}], "prerender": [{{"urls": ["http://{away}/"]}}]}}</script>
        <script src=/reach.js></script></head><body>before<iframe src=/inner></iframe><script>
        reach(window, {port});
        const fresh = document.body.appendChild(document.createElement('iframe'));
        reach(fresh.contentWindow, {port});  // before any script of ours could run in it
        const inline = document.createElement('iframe');
        inline.srcdoc = `<script src=/reach.js><\\/script><script>reach(window, {port})<\\/script>`;
        document.body.append(inline);
        new Worker('/worker.js'); try {{ new SharedWorker('/worker.js') }} catch {{}}
        const link = document.createElement('a'); link.href = '#'; link.ping = 'http://{away}/'; document.body.append(link); link.click();
        setTimeout(() => document.body.append(' after'), 1500);</script></body></html>""")  # fmt: skip
        document = crawl.once(site.url("/"), render=("*",))[site.url("/")].document
        assert document is not None
        assert "after" in document.text
        for each in (listener, tcp):
            each.settimeout(0.5)
        with pytest.raises(TimeoutError):
            print(listener.recv(2048))
        with pytest.raises(TimeoutError):
            tcp.accept()


def test_a_page_has_no_means_to_send_datagrams(crawl: Crawl, site: MockSite) -> None:
    names = "['RTCPeerConnection', 'webkitRTCPeerConnection', self.document ? 'WebTransport' : 'none'].filter(name => name in self).join()"
    site.page("/inner", f"<script>parent.postMessage('frame: ' + {names}, '*')</script>")
    site.page("/worker.js", f"postMessage('worker: ' + {names})", content_type="text/javascript")
    site.page("/", f"""<body><iframe src=/inner></iframe><script>onmessage = said => document.body.append(` [${{said.data}}] `);
    new Worker('/worker.js').onmessage = onmessage; document.body.append('page: ' + {names})</script>""")  # fmt: skip
    document = crawl.once(site.url("/"), render=("*",))[site.url("/")].document
    assert document is not None
    assert sorted(document.text.replace("[", "").replace("]", "").split()) == ["frame:", "page:", "worker:"]


def test_a_script_that_goes_elsewhere_is_a_redirect(crawl: Crawl, site: MockSite) -> None:
    site.page("/", "<title>Gate</title><body>gate<script>location.href = '/inside?a=1'</script>")
    site.page("/inside?a=1", "<title>Inside</title><p>what is inside")
    assert site.url("/inside?a=1") in crawl.once(site.url("/"), render=("*",))


def test_a_page_that_never_ends_is_read_as_it_was_sent(
    crawl: Crawl, site: MockSite, caplog: pytest.LogCaptureFixture
) -> None:
    site.page("/", "<title>Endless</title><body><p>as it was sent</p><script>for (;;) {}</script>")
    document = crawl.once(site.url("/"), render=("*",), timeout=2.0)[site.url("/")].document
    assert document is not None
    assert document.text == "as it was sent"
    assert "indexed without running its scripts" in caplog.text


def test_no_cookie_or_storage_goes_from_page_to_page(crawl: Crawl, site: MockSite) -> None:
    script = "document.body.append(document.cookie + (localStorage.x || 'nothing')); document.cookie = 'a=1'; localStorage.x = 'kept'"
    site.page("/", f"<body><a href=/b>b</a><script>{script}</script>")
    site.page("/b", f"<body><script>{script}</script>")
    found = crawl.once(site.url("/"), render=("*",))
    document = found[site.url("/b")].document
    assert document is not None
    assert document.text == "nothing"


def test_without_a_browser_the_crawler_says_what_is_missing(
    crawl: Crawl, site: MockSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(ConfigurationError, match="browser"), crawl.running(site.url("/"), render=("*",)):
        pass
    assert render.BROWSERS
