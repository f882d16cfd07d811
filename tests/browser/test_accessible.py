"""axe finds nothing that keeps people out, in any state of the page."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Page, expect

from support import require, wait_until

OpenPage = Callable[..., Page]
SCHEMES: list[Literal["light", "dark"]] = ["light", "dark"]


def nothing(_: Page) -> None:
    """Leave the page as it is."""


def type_light(page: Page) -> None:
    page.keyboard.type("light")
    expect(page.get_by_role("option").first).to_be_visible()
    page.keyboard.press("ArrowDown")
    wait_until(lambda: page.evaluate("!document.querySelector('[aria-busy=true]')"), 10, "the page is there")


def open_facets(page: Page) -> None:
    page.locator(".facets").evaluate("each => { each.open = true; }")


def open_menu(page: Page) -> None:
    page.locator(".menu summary").last.click()


def fail(page: Page) -> None:
    page.route("**/?q=*", lambda route: route.fulfill(status=400, body="<main class=message><p>Wrong."))
    page.get_by_label("Search", exact=True).press("Enter")
    expect(page.get_by_role("status")).not_to_be_empty()


STATES: dict[str, tuple[str, Callable[[Page], None]]] = {
    "home": ("/", nothing),
    "results": ("/?q=lighthouse&page=2", nothing),
    "mixed": ("/?q=lighthouse+灯塔+hostile+المنارة&size=100", nothing),
    "facets": ("/?q=lighthouse&f.keeper=守塔人&f.lit=true", open_facets),
    "menu": ("/?q=灯塔+المنارة&size=50", open_menu),
    "suggestions": ("/", type_light),
    "nothing": ("/?q=%22xyzzy%22&f.lit=true", nothing),
    "corrected": ("/?q=lighthosue", nothing),
    "arabic": ("/?q=المنارة&lang=ar", nothing),
    "chinese": ("/?q=搜索引擎", nothing),
    "beyond": ("/?q=lighthouse&page=99", nothing),
    "about": ("/about", nothing),
    "failed": ("/?q=lighthouse", fail),
}


def problems(page: Page) -> list[tuple[str, list[str]]]:
    """Return the rules of axe-core that the page breaks, with the elements that do."""
    package = importlib.util.find_spec("axe_playwright_python")
    require("axe-playwright-python", package)
    assert package
    assert package.origin
    if page.evaluate("typeof axe === 'undefined'"):
        page.evaluate(Path(package.origin).with_name("axe.min.js").read_text())
    found = page.evaluate("axe.run({resultTypes: ['violations']}).then((found) => found.violations)")
    return [(each["id"], [node["html"] for node in each["nodes"]]) for each in found]


@pytest.mark.parametrize("state", STATES)
def test_axe_finds_nothing(open_page: OpenPage, told: list[str], state: str) -> None:
    address, act = STATES[state]
    page = open_page(address, reduced_motion="reduce")
    act(page)
    for width in (360, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            assert problems(page) == [], (width, scheme)
    if state == "failed":
        told.clear()


def test_axe_finds_nothing_without_javascript(open_page: OpenPage) -> None:
    page = open_page("/?q=lighthouse&f.lit=true")
    page.route("**/static/search.js*", lambda route: route.fulfill(body="", content_type="text/javascript"))
    page.reload()
    assert page.locator("[role=combobox]").count() == 0
    assert problems(page) == []


def test_axe_looks(open_page: OpenPage) -> None:
    page = open_page("/?q=lighthouse")
    page.evaluate("document.querySelector('label').remove()")
    page.evaluate("document.querySelector('#q').placeholder = ''")
    assert [rule for rule, _ in problems(page)] == ["label"]
