"""A Chromium, and pages of docs/embedding.md that load what npm has installed in place of what they name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, Route, sync_playwright

from mockweb.site import MockSite
from support import ROOT, require

MODULES = ROOT / "examples" / "node_modules"
CDN = "https://cdn.jsdelivr.net/npm/"
MAIN = {
    "instantsearch.js": "dist/instantsearch.production.min.js",
    "@docsearch/js": "dist/umd/index.js",
    "@docsearch/css": "dist/style.css",
}
TEXT = (ROOT / "docs" / "embedding.md").read_text()


def block(heading: str, kind: str) -> str:
    """Return the first block of `kind` below a heading of docs/embedding.md."""
    found = re.search(rf"^## {heading}\n.*?^```{kind}\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
    assert found, heading
    return found[1]


@pytest.fixture(scope="session")
def modules() -> None:
    """Skip what needs the packages of npm, if they are not installed."""
    require("what npm installs from examples/package.json (make examples)", (MODULES / "instantsearch.js").exists())


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """Return a headless Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def guest() -> Iterator[MockSite]:
    """Serve pages of another origin than the searchengine's."""
    with MockSite() as site:
        yield site


@pytest.fixture
def open_guest(browser: Browser, guest: MockSite, modules: None) -> Iterator[Callable[[str], Page]]:
    """Return what opens a page of the guest; at the end no script may have failed."""
    page, failed = browser.new_page(), list[str]()

    def fulfil(route: Route) -> None:
        name = re.sub(r"@\d+$", "", route.request.url.removeprefix(CDN))
        if name in MAIN:
            route.fulfill(
                path=MODULES / name / MAIN[name], content_type="text/css" if "css" in name else "text/javascript"
            )
        else:
            route.fulfill(body="", content_type="text/css")

    def open_guest(html: str) -> Page:
        page.route(f"{CDN}**", fulfil)
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda error: failed.append(str(error)))
        page.goto(guest.page("/", html))
        return page

    yield open_guest
    page.close()
    assert failed == []
