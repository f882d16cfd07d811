"""The page at /about in a browser: its lines are copied, and its box searches."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

OpenPage = Callable[..., Page]


def test_the_first_page_leads_there_and_a_line_is_copied(open_page: OpenPage, base: str) -> None:
    page = open_page("/")
    page.get_by_role("link", name="About this search").click()
    page.locator(".copied", has_text="claude mcp add").get_by_role("button").click()
    expect(page.get_by_role("button", name="Copied")).to_have_count(1)
    page.locator("#q").press("Control+V")
    expect(page.locator("#q")).to_have_value(f"claude mcp add --transport http lightship {base}/mcp")


def test_its_box_searches(open_page: OpenPage) -> None:
    page = open_page("/about")
    page.locator("lightship-search").get_by_role("button", name="Search").click()
    page.keyboard.type("lighthouse keeper")
    expect(page.locator("lightship-search").get_by_role("option").first).to_contain_text("Log book")


def test_a_site_is_searched_without_another_page(open_page: OpenPage) -> None:
    page = open_page("/about")
    page.locator(".sites").get_by_role("link", name="example.eg").click()
    expect(page.locator(".results > li")).to_have_count(8)
    page.go_back()
    expect(page.get_by_role("heading", name="What is indexed")).to_be_visible()


def test_without_javascript_it_is_whole(open_page: OpenPage) -> None:
    page = open_page("/about", java_script_enabled=False)
    expect(page.locator("pre").first).to_be_visible()
    expect(page.locator(".copy").first).to_be_hidden()
    expect(page.locator(".sites a")).to_have_count(3)
