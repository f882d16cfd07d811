"""How the search page looks: readable in the light and in the dark, on every width."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal

import pytest
from playwright.sync_api import Page

from lightship.searchengine.web.presenters import HUES

OpenPage = Callable[..., Page]
SCHEMES: list[Literal["light", "dark"]] = ["light", "dark"]
PAGES = {
    "home": "/",
    "results": "/?q=lighthouse&page=2",
    "chinese": "/?q=搜索引擎",
    "arabic": "/?q=المنارة",
    "filtered": "/?q=lighthouse&f.keeper=守塔人&f.height=10..40",
    "mixed": "/?q=lighthouse+灯塔+hostile&size=100",
    "nothing": "/?q=%22xyzzy%22",
    "beyond": "/?q=lighthouse&page=99",
    "about": "/about",
}
TEXTS = """() => {
    const solid = (element) => {
        for (; element; element = element.parentElement) {
            const color = getComputedStyle(element).backgroundColor;
            if (color !== "rgba(0, 0, 0, 0)") return color;
        }
        return "none";
    };
    return [...document.querySelectorAll("body *")]
        .filter((element) => element.checkVisibility() && !element.closest(".unseen, .skip"))
        .filter((element) => element.matches("input")
            || [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim()))
        .map((element) => [element.outerHTML.slice(0, 80), getComputedStyle(element).color, solid(element)]);
}"""
WIDTH_NEEDED = "document.documentElement.scrollWidth"


def luminance(color: str) -> float:
    """Return the relative luminance that WCAG 2 defines for a colour written like `rgb(1, 2, 3)`."""
    found = re.fullmatch(r"rgb\((\d+), (\d+), (\d+)\)", color)
    assert found, f"not an opaque colour: {color}"
    linear = [
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in (int(channel) / 255 for channel in found.groups())
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, from 1 to 21."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("name", PAGES)
def test_all_text_has_contrast(open_page: OpenPage, name: str) -> None:
    page = open_page(PAGES[name])
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        texts: list[tuple[str, str, str]] = page.evaluate(TEXTS)
        assert len(texts) > 3
        pale = {html: (scheme, ratio) for html, ink, paper in texts if (ratio := contrast(ink, paper)) < 4.5}
        assert pale == {}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_letters_of_sites_have_contrast(open_page: OpenPage, scheme: str) -> None:
    page = open_page("/?q=lighthouse", color_scheme=scheme)
    tile = page.locator(".tile").first
    colors = set()
    for hue in range(HUES):
        tile.evaluate("(each, hue) => { each.className = `tile hue-${hue}`; }", hue)
        ink, paper = tile.evaluate("(each) => [getComputedStyle(each).color, getComputedStyle(each).backgroundColor]")
        assert contrast(ink, paper) >= 4.5, hue
        colors.add(paper)
    assert len(colors) == HUES


def test_dark_is_dark(open_page: OpenPage) -> None:
    body = "getComputedStyle(document.body).backgroundColor"
    assert luminance(open_page(color_scheme="dark").evaluate(body)) < 0.05
    assert luminance(open_page(color_scheme="light").evaluate(body)) > 0.8


@pytest.mark.parametrize("name", PAGES)
def test_never_scrolls_sideways(open_page: OpenPage, save: Callable[[Page, str], None], name: str) -> None:
    page = open_page(PAGES[name])
    for width in (320, 375, 800, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate(WIDTH_NEEDED) <= width
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            save(page, f"{name}-{scheme}-{width}")


def test_focus_is_visible(open_page: OpenPage) -> None:
    page = open_page("/?q=lighthouse")
    page.keyboard.press("Tab")
    outline = page.evaluate("getComputedStyle(document.activeElement).outline")
    assert "3px" in outline
    assert "solid" in outline


def test_the_stylesheet_is_used(open_page: OpenPage) -> None:
    page = open_page("/?q=lighthouse")
    assert page.evaluate("getComputedStyle(document.querySelector('.results')).display") == "grid"
    assert page.evaluate("document.querySelector('.brand img').naturalWidth") > 0
