"""InstantSearch.js from npm, with the page of docs/embedding.md, over 10,000 products of a searchengine of another origin."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from examples.conftest import block
from lightship.core.model import Document
from made import Caller, MadeShard
from mockweb.site import MockSite
from support import Program, free_port, wait_until

PRODUCTS = 10_000
FIELDS = "brand:keyword,category:path,price:number"
BRANDS = [f"Brand {letter}" for letter in "ABCDEFGHIJKLMNOPQRST"]
CATEGORIES = [
    f"{room} > {thing} > {kind}"
    for room in ("Home", "Garden", "Office")
    for thing in ("Lamps", "Chairs")
    for kind in ("Small", "Large")
]


def products() -> list[Document]:
    chance = random.Random(17)
    return [
        Document(
            url=f"https://shop.example/{number}",
            title=f"{chance.choice(['Quiet', 'Bright', 'Steady'])} thing {number}",
            text=f"It is {chance.choice(['oaken', 'wooden', 'golden'])} & has the number {number}.",
            language="en",
            fields={"brand": chance.choice(BRANDS), "category": chance.choice(CATEGORIES), "price": chance.randint(100, 99_999) / 100},
        )
        for number in range(PRODUCTS)
    ]  # fmt: skip


@pytest.fixture(scope="module")
def made() -> list[Any]:
    return products()


@pytest.fixture(scope="module")
def server(made: list[Any], guest: MockSite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder, port = tmp_path_factory.mktemp("products"), free_port()
    program = Program(
        "lightship.searchengine.main", f"-addr=127.0.0.1:{port}", f"-data={folder}/s", f"-origins={guest.url('')}",
        folder=folder, log=folder / "log",
    )  # fmt: skip
    try:
        caller = Caller(port)
        wait_until(lambda: caller.get("/livez").status == 200, 30, "the searchengine answers")
        caller.push(MadeShard(folder / "shard", fields=FIELDS).put(*made))
        yield f"http://127.0.0.1:{port}"
    finally:
        program.kill()


@pytest.fixture
def shop(open_guest: Callable[[str], Page], server: str) -> Page:
    return open_guest(block("InstantSearch", "html").replace("https://search.example.org", server))


def stats(page: Page, count: int) -> None:
    """Wait until so many results are said."""
    expect(page.locator(".ais-Stats")).to_contain_text(re.compile(rf"^{count:,} results? found in \d+ms$"))


def counts(page: Page, widget: str) -> dict[str, int]:
    """Return the values that a widget lists, and how often each was found."""
    labels = page.locator(f".ais-{widget}-label{'Text' * (widget == 'RefinementList')}").all_inner_texts()
    found = [int(count.replace(",", "")) for count in page.locator(f".ais-{widget}-count").all_inner_texts()]
    return dict(zip(labels, found, strict=True))


def fields(made: list[Any], condition: Callable[[dict[str, Any]], bool]) -> list[dict[str, Any]]:
    return [document.fields for document in made if condition(document.fields)]


def test_all_products_and_a_search(shop: Page, made: list[Any]) -> None:
    stats(shop, PRODUCTS)
    shop.locator("#search input").fill("brigh")
    bright = [document for document in made if document.title.startswith("Bright")]
    stats(shop, len(bright))
    expect(shop.locator(".ais-Hits-item")).to_have_count(20)
    expect(shop.locator(".ais-Hits-item .ais-Highlight-highlighted").first).to_have_text("Bright")
    shop.locator("#search input").fill("oaken")
    oaken = [document for document in made if "oaken" in document.text]
    stats(shop, len(oaken))
    expect(shop.locator(".ais-Hits-item .ais-Snippet-highlighted").first).to_have_text("oaken")
    expect(shop.locator(".ais-Hits-item .ais-Snippet").first).to_contain_text("oaken & has")
    urls = [each.get_attribute("href") for each in shop.locator(".ais-Hits-item a").all()]
    assert set(urls) <= {document.url for document in oaken}


def test_refinements_of_a_list(shop: Page, made: list[Any]) -> None:
    stats(shop, PRODUCTS)
    every = Counter(document.fields["brand"] for document in made)
    assert counts(shop, "RefinementList") == dict(every.most_common(10))
    first, second = (name for name, _ in every.most_common(2))
    for brands in ([first], [first, second]):
        shop.locator("#brand").get_by_text(brands[-1], exact=True).click()
        stats(shop, sum(every[brand] for brand in brands))
    assert counts(shop, "RefinementList") == dict(every.most_common(10))  # others can still be chosen
    texts = shop.locator(".ais-Hits-item p").all_inner_texts()
    shown = {brand for text in texts for brand in re.findall("Brand [A-Z]", text)}
    assert shown == {first, second}
    rare = every.most_common()[-1][0]
    shop.locator("#brand input[type=search]").fill(rare[-3:].lower())
    expect(shop.locator("#brand li label")).to_have_count(1)
    expect(shop.locator("#brand li mark")).to_have_text(rare[-3:].strip())
    shop.locator("#brand").get_by_text(rare).click()
    stats(shop, every[first] + every[second] + every[rare])


def test_a_range(shop: Page, made: list[Any]) -> None:
    stats(shop, PRODUCTS)
    prices = [document.fields["price"] for document in made]
    lower, upper = (shop.locator("#price [role=slider]").nth(number) for number in range(2))
    assert float(lower.get_attribute("aria-valuemin") or "") <= min(prices)
    assert float(upper.get_attribute("aria-valuemax") or "") >= max(prices)
    for handle, keys in ((lower, "ArrowRight"), (upper, "ArrowLeft")):
        handle.focus()
        for _ in range(30):
            shop.keyboard.press(keys)
    least, most = (float(each.get_attribute("aria-valuenow") or "") for each in (lower, upper))
    assert (least, most) > (1, 900)
    stats(shop, len(fields(made, lambda f: least <= f["price"] <= most)))


def test_a_hierarchy(shop: Page, made: list[Any]) -> None:
    stats(shop, PRODUCTS)
    path = ""
    for step in ("Garden", "Lamps", "Large"):
        here = Counter(parent(document.fields["category"], path) for document in made)
        del here[""]
        shown = counts(shop, "HierarchicalMenu")
        assert {place.rpartition(" > ")[2]: count for place, count in here.items()}.items() <= shown.items()
        path = f"{path} > {step}".removeprefix(" > ")
        shop.locator("#category").get_by_text(step, exact=True).click()
        stats(shop, here[path])
    assert {"Home", "Garden", "Office", "Lamps", "Chairs", "Small", "Large"} == counts(shop, "HierarchicalMenu").keys()
    shop.locator("#category").get_by_text("Garden", exact=True).click()
    stats(shop, PRODUCTS)


def parent(category: str, path: str) -> str:
    """Return the place of `category` one level below `path`; empty if it is not below it."""
    steps, levels = category.split(" > "), [step for step in path.split(" > ") if step]
    return " > ".join(steps[: len(levels) + 1]) if steps[: len(levels)] == levels else ""


def test_orders_and_pages(shop: Page, made: list[Any]) -> None:
    stats(shop, PRODUCTS)
    for label, reverse in (("Cheapest", False), ("Most expensive", True)):
        shop.locator("#sort select").select_option(label=label)
        prices = sorted((document.fields["price"] for document in made), reverse=reverse)
        expect(shop.locator(".ais-Hits-item p")).to_have_text([re.compile(rf", {price:g}$") for price in prices[:20]])
    shop.locator("#pages").get_by_text("3", exact=True).click()
    expect(shop.locator(".ais-Hits-item p").first).to_contain_text(f"{prices[40]:g}")
    shop.locator("#pages .ais-Pagination-item--lastPage a").click()
    expect(shop.locator(".ais-Pagination-item--selected")).to_have_text("500")
    expect(shop.locator(".ais-Hits-item")).to_have_count(20)


def test_several_refinements_are_one_request(shop: Page, server: str) -> None:
    stats(shop, PRODUCTS)
    with shop.expect_request(f"{server}/search") as asked:
        shop.locator("#brand li label").first.click()
    assert [each["page"] for each in asked.value.post_data_json or []] == [1, 1]
    wait_until(lambda: shop.locator(".ais-RefinementList-item--selected").count() == 1, 10, "it is chosen")


def test_autocomplete(shop: Page, made: list[Any]) -> None:
    stats(shop, PRODUCTS)
    shop.evaluate(
        """() => { document.body.prepend(Object.assign(document.createElement("div"), { id: "complete" }));
        search.addWidgets([instantsearch.widgets.autocomplete({ container: "#complete", indices: [{ indexName: "products",
          getQuery: (item) => item.title, templates: { item: ({ item }, { html }) => html`<b>${item.title}</b>` } }] })]); }"""
    )
    box = shop.locator("#complete input")
    wanted = next(document.title for document in made if document.title.endswith(" 1234"))
    shown = shop.locator("#complete b")

    def offered() -> bool:
        box.fill("")
        box.press_sequentially("stead")
        shop.wait_for_timeout(500)  # the widget closes its panel when it is drawn again meanwhile: then type again
        titles = shown.all_inner_texts()
        return len(titles) == 5 and all(title.startswith("Steady thing") for title in titles)

    wait_until(offered, 20, "what begins like that is offered")
    box.fill(wanted)
    expect(shown.first).to_have_text(wanted)
    shown.first.click()
    expect(box).to_have_value(wanted)


def test_an_error_is_told(shop: Page) -> None:
    script = """() => new Promise((resolve) => { search.once("error", ({ error }) => resolve(error.message));
        search.addWidgets([instantsearch.widgets.configure({ filters: "a:b" })]); })"""
    assert "use facetFilters" in shop.evaluate(script)
