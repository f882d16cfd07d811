"""The back button, and what the page shows when the server or the network fails."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from browser.test_typing import box
from support import wait_until

OpenPage = Callable[..., Page]


def write(page: Page, text: str) -> None:
    """Type `text` without a pause after which the page takes it as settled, however busy the machine is."""
    page.clock.install()
    page.clock.pause_at(page.evaluate("Date.now()") + 1000)
    for letter in text:
        page.keyboard.press(letter)
        page.clock.run_for(80)
    page.clock.resume()


def test_back_leads_over_searches_and_not_over_letters(open_page: OpenPage) -> None:
    page = open_page()
    write(page, "lighthou")
    page.keyboard.press("Enter")
    expect(page).to_have_title("lighthou – Lightship")
    box(page).fill("搜索")
    expect(page.locator(".found .count")).to_have_text("12 results")
    page.keyboard.press("Enter")
    page.go_back()
    expect(box(page)).to_have_value("lighthou")
    expect(page.locator(".found .count")).to_have_text("50 results")
    page.go_back()
    expect(box(page)).to_have_value("")
    expect(page.get_by_text("exact phrase")).to_be_visible()
    assert page.url.endswith("/")
    page.go_forward()
    expect(box(page)).to_have_value("lighthou")
    page.go_forward()
    expect(page.locator(".found .count")).to_have_text("12 results")


def test_a_click_makes_a_search_to_come_back_to(open_page: OpenPage) -> None:
    page = open_page()
    write(page, "lighthouse")
    expect(page.locator("#main h1")).to_have_text("Results for “lighthouse”")  # not those of its first letters
    page.get_by_role("list", name="Keeper").get_by_role("link", name="守塔人").click()
    expect(page.locator(".found .count")).to_have_text("12 results")
    page.go_back()
    expect(page.locator(".found .count")).to_have_text("50 results")
    page.go_back()
    expect(page.get_by_text("exact phrase")).to_be_visible()


def test_enter_keeps_what_is_shown(open_page: OpenPage) -> None:
    page = open_page("/?q=灯塔")
    box(page).fill("lig")  # no word, and nothing to correct
    expect(page.locator(".results mark").first).to_have_text(re.compile("^lights?h", re.IGNORECASE))
    page.keyboard.press("Enter")
    expect(page.locator(".results mark").first).to_have_text(re.compile("^lights?h", re.IGNORECASE))
    page.go_back()
    expect(box(page)).to_have_value("灯塔")


def test_a_pause_makes_a_search_to_come_back_to(open_page: OpenPage) -> None:
    page = open_page()
    write(page, "lighthouse")
    wait_until(lambda: page.evaluate("history.state?.settled"), 10, "the page is there")
    box(page).fill("灯塔")
    expect(page.locator(".found .count")).to_have_text("12 results")
    page.go_back()
    expect(box(page)).to_have_value("lighthouse")
    page.go_back()
    expect(page.get_by_text("exact phrase")).to_be_visible()


def test_back_restores_the_place(open_page: OpenPage) -> None:
    page = open_page("/?q=lighthouse&size=50")
    page.evaluate("scrollTo(0, 1500)")
    wait_until(lambda: page.evaluate("history.state?.top === 1500"), 10, "the page is there")
    page.get_by_role("link", name="Remove").or_(page.get_by_text("Sort: Relevance")).evaluate("e => e.click()")
    page.get_by_role("link", name="Date").evaluate("e => e.click()")
    expect(page.get_by_text("Sort: Date")).to_have_count(1)
    page.evaluate("scrollTo(0, 0)")
    page.go_back()
    expect(page.get_by_text("Sort: Relevance")).to_have_count(1)
    wait_until(lambda: page.evaluate("scrollY === 1500"), 10, "the page is there")


def test_back_from_a_result(open_page: OpenPage) -> None:
    page = open_page("/?q=lighthouse&size=50")
    page.route("https://example.org/**", lambda route: route.fulfill(body="the page"))
    box(page).fill("keeper")
    expect(page).to_have_title("keeper – Lightship")
    page.evaluate("scrollTo(0, 900)")
    wait_until(lambda: page.evaluate("history.state?.top === 900"), 10, "the page is there")
    page.locator(".results a").nth(7).evaluate("e => e.click()")
    expect(page).to_have_url(re.compile("^https://example.org/"))
    page.go_back()
    expect(page.locator(".results mark").first).to_have_text("keeper")
    wait_until(lambda: page.evaluate("scrollY === 900"), 10, "the page is there")


def test_without_a_network_the_results_stay(open_page: OpenPage, told: list[str]) -> None:
    page = open_page("/?q=lighthouse")
    page.context.set_offline(True)
    box(page).fill("灯塔")
    problem = page.get_by_text("The search cannot be reached. Press Enter to try again. The results below are older.")
    expect(problem).to_be_visible()
    expect(page.locator(".results > li")).to_have_count(10)
    page.context.set_offline(False)
    page.keyboard.press("Enter")
    expect(page.locator(".found .count")).to_have_text("12 results")
    expect(problem).to_be_hidden()
    assert all("ERR_INTERNET_DISCONNECTED" in each for each in told)
    told.clear()


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_server_is_asked_again(open_page: OpenPage, told: list[str], status: int) -> None:
    page = open_page("/?q=lighthouse")
    refused: list[str] = []

    def refuse_once(route: Route) -> None:
        if refused:
            route.continue_()
        else:
            refused.append(route.request.url)
            route.fulfill(status=status, headers={"Retry-After": "1"}, body="busy")

    page.route("**/?q=*", refuse_once)
    box(page).fill("灯塔")
    expect(page.locator(".found .count")).to_have_text("12 results")
    assert refused
    assert all(str(status) in each for each in told)
    told.clear()


def test_a_server_that_stays_busy(open_page: OpenPage, told: list[str]) -> None:
    page = open_page("/?q=lighthouse")
    page.route("**/?q=*", lambda route: route.fulfill(status=503, headers={"Retry-After": "0"}, body="busy"))
    box(page).fill("灯塔")
    page.keyboard.press("Enter")
    expect(page.get_by_text("The search is not ready. The results below are older.")).to_be_visible()
    expect(page.locator(".results > li")).to_have_count(10)
    told.clear()


def test_a_refusal_is_told_and_the_results_stay(open_page: OpenPage, base: str, told: list[str]) -> None:
    page = open_page("/?q=lighthouse")
    page.route("**/?q=*", lambda route: route.fulfill(response=route.fetch(url=f"{base}/?q=a&page=0")))
    box(page).fill("keeper")
    expect(page.get_by_role("status")).to_have_text(
        re.compile(r"^Invalid page '0': must be a whole number .*\d\. The results below are older\.$")
    )
    expect(page.locator(".results > li")).to_have_count(10)
    told.clear()


def test_a_server_that_sends_something_else_is_visited(open_page: OpenPage) -> None:
    page = open_page("/?q=lighthouse")
    page.route("**/?q=*", lambda route: route.fulfill(body="<title>Log in</title>", content_type="text/html"))
    box(page).press("Enter")
    expect(page).to_have_title("Log in")
