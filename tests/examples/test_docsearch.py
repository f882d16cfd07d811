"""DocSearch's dialog from npm, in plain JavaScript and in React, over a crawled documentation site of another origin."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from urllib.request import urlopen

import pytest
from playwright.sync_api import Page, expect

from examples.conftest import MODULES, block
from mockweb.site import MockSite
from support import ROOT, Program, free_port, wait_until

GUIDES = ("searching", "fields", "embedding")
REACT = """
import React from "react";
import { createRoot } from "react-dom/client";
import { DocSearch } from "@docsearch/react";
const transform = transformSearchClient({ url: "https://search.example.org" });
createRoot(document.getElementById("docsearch")).render(
  React.createElement(DocSearch, { indices: ["docs"], appId: "lightship", apiKey: "none", transformSearchClient: transform }),
);
"""


def rendered(name: str) -> str:
    """Return a page of our own documentation, with the anchors that MkDocs gives its headings."""
    from markdown_it import MarkdownIt

    html = MarkdownIt().enable("table").render((ROOT / "docs" / f"{name}.md").read_text())

    def anchored(found: re.Match[str]) -> str:
        anchor = re.sub(r"[^a-z0-9]+", "-", re.sub(r"<.*?>", "", found[2]).lower()).strip("-")
        return f'<h{found[1]} id="{anchor}">{found[2]}</h{found[1]}>'

    body = re.sub(r"<h(\d)>(.*?)</h\1>", anchored, html)
    links = "".join(f'<a href="/docs/{each}">{each}</a>' for each in GUIDES)
    title = re.search("<h1.*?>(.*?)</h1>", body)
    return f'<!doctype html><html lang="en"><title>{title[1] if title else name}</title><nav>{links}</nav><main>{body}</main>'


@pytest.fixture(scope="module")
def server(guest: MockSite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Crawl pages of our documentation, and return the address of the searchengine."""
    folder, port = tmp_path_factory.mktemp("docs"), free_port()
    for name in GUIDES:
        guest.page(f"/docs/{name}", rendered(name))
    program = Program(
        "lightship", "up", guest.url(f"/docs/{GUIDES[0]}"), f"--port={port}", f"--origins={guest.url('')}", f"--data={folder}/data",
        folder=folder, log=folder / "log",
    )  # fmt: skip
    try:
        base = f"http://127.0.0.1:{port}"
        wait_until(
            lambda: b'"total":3,' in urlopen(f"{base}/search?q=search&format=json").read(),
            60,
            f"all is crawled: {folder}/log",
        )
        yield base
    finally:
        program.stop()


def opened(page: Page) -> Page:
    page.locator(".DocSearch-Button").click()
    return page


def finds_and_goes(page: Page, guest: MockSite) -> None:
    page.keyboard.type("group facets hierarchy")
    hit = page.locator(".DocSearch-Hit a", has_text="Group").first
    expect(hit).to_be_visible()
    box = page.locator(".DocSearch-Input")
    box.fill("content-security-policy integrity")
    hit = page.locator(".DocSearch-Hit a").first
    expect(hit).to_have_attribute("href", guest.url("/docs/embedding#content-security-policy"))
    expect(hit.locator("mark").first).to_be_visible()
    expect(page.locator(".DocSearch-Hit-source").first).to_have_text("Search on your own pages")
    assert "&" not in page.locator(".DocSearch-Dropdown").inner_text()
    box.fill("qwxyzzy")
    expect(page.get_by_text("No results found for")).to_be_visible()
    box.fill("content-security-policy integrity")
    expect(hit).to_have_attribute("href", guest.url("/docs/embedding#content-security-policy"))
    box.press("Enter")
    page.wait_for_url(guest.url("/docs/embedding#content-security-policy"))


def test_plain_javascript(open_guest: Callable[[str], Page], server: str, guest: MockSite) -> None:
    finds_and_goes(opened(open_guest(block("DocSearch", "html").replace("https://search.example.org", server))), guest)


def test_react(open_guest: Callable[[str], Page], server: str, guest: MockSite) -> None:
    bundled = subprocess.run(
        [MODULES / ".bin" / "esbuild", "--bundle", "--minify", '--define:process.env.NODE_ENV="production"'],
        input=REACT.replace("https://search.example.org", server), cwd=MODULES.parent, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    guest.page("/app.js", bundled)
    scripts = f'<script src="{server}/searchclient.js"></script><script src="/app.js" defer></script>'
    finds_and_goes(opened(open_guest(f'<!doctype html><title>Docs</title><div id="docsearch"></div>{scripts}')), guest)
