"""What is said of pages whose text is not whole: in `explain`, and counted."""

from __future__ import annotations

from collections import Counter

import pytest

from lightship.crawler.parsing.html.extract import MAX_TEXT
from mockweb.crawling import Crawl
from mockweb.site import MockSite
from mockweb.traps import html, prose

SHELL = "<title>My app</title><div id=root></div><noscript>Enable JavaScript to run this app.</noscript><script src=/main.js></script>"
LOADING = "<title>My app</title><div id=app>Loading …</div><script type=module>import '/x.js'</script>"


@pytest.mark.parametrize(
    ("body", "kind", "said"),
    [
        (SHELL, "scripts", "its text is made by scripts: -render=127.0.0.1 (or auto) reads it in a browser"),
        (LOADING, "scripts", "its text is made by scripts"),
        ("<title>Nothing</title><div></div>", "empty", "it has no text"),
        (f"<title>Long</title><p>{'word ' * (MAX_TEXT // 5 + 9)}", "cut", f"cut at {MAX_TEXT} characters of text"),
        (f"<title>Long</title><p>{prose('x')}<!--{'x' * (3 << 20)}-->", "cut", "cut at 2097152 bytes (-max-bytes)"),
    ],
)
def test_a_text_that_is_not_whole(crawl: Crawl, site: MockSite, body: str, kind: str, said: str) -> None:
    site.pages["/"] = html("Home", prose("home"), ["/a", "/b"])
    site.page("/a", body)
    site.pages["/b"] = html("B", prose("b") + "<script>1</script>")
    crawl.once(site.url("/"), max_bytes=2 << 20)
    assert crawl.explain(site.url("/a")).reason.startswith("indexed: ")
    assert f"; {said}" in crawl.explain(site.url("/a")).reason
    assert crawl.explain(site.url("/b")).reason.endswith("links")
    assert crawl.remarks == Counter({kind: 1})
