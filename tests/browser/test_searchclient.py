"""The search clients of /searchclient.js, called by a page of another origin in a real browser, without the packages that they are for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Error, Page

from browser.conftest import visit
from lightship.config import SearchengineSettings
from lightship.core.model import Document
from lightship.core.sections import Section
from made import Caller, MadeShard, served
from mockweb.site import MockSite

FIELDS = "brand:keyword,category:path,made:date,price:number,stock:boolean,tags:keyword"
BRANDS, PLACES = ["Acme", "-Bolt", "Ünder & Co"], ["home > lamps", "home > desks", "garden > lamps > solar", "garden"]
PLACEHOLDERS = {"highlightPreTag": "__ais-highlight__", "highlightPostTag": "__/ais-highlight__"}
LIT = "Lighting the <lamp>\nLight the lantern at dusk <b>slowly</b> with care.\n"
WOUND = "Winding & waiting\nWind the clockwork every four hours of the night."
SECTIONS = [Section("Lighting the <lamp>", 0, 2, "lamp"), Section("Winding & waiting", len(LIT), 3, "clockwork")]
HANDBOOK = Document(
    url="https://example.org/handbook", title="Handbook & <rules>", text=LIT + WOUND, language="en", sections=SECTIONS
)
Ask = Callable[..., Any]


def products() -> list[Document]:
    return [
        Document(
            url=f"https://example.org/{number}", title=f"Gadget {number} < {number + 1}", text=f"A gadget & more, number {number}.",
            language="en",
            fields={
                "brand": BRANDS[number % 3], "price": number - 5, "stock": number % 2 == 0, "made": f"2025-01-{number + 1:02}",
                "category": PLACES[number % 4], "tags": [*["new", "old"][: number % 3]],
            },
        )
        for number in range(30)
    ]  # fmt: skip


@pytest.fixture(scope="module")
def guest() -> Iterator[MockSite]:
    with MockSite() as site:
        yield site


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, guest: MockSite) -> Iterator[Caller]:
    folder = tmp_path_factory.mktemp("searchclient")
    with served(folder / "store", settings=SearchengineSettings(origins=(guest.url(""),))) as caller:
        caller.push(MadeShard(folder / "shard", fields=FIELDS).put(*products(), HANDBOOK))
        yield caller


@pytest.fixture(scope="module")
def page(browser: Browser, guest: MockSite, server: Caller) -> Iterator[Page]:
    """Open a page under a strict policy that has the client as a plain script."""
    base = f"http://127.0.0.1:{server.port}"
    policy = f"default-src 'none'; script-src {base}/searchclient.js {base}/searchclient.mjs; connect-src {base}"
    body = f'<!doctype html><title>Guest</title><script src="{base}/searchclient.js"></script>'
    page = browser.new_page()
    visit(page, guest.page("/", body, headers={"Content-Security-Policy": policy}))
    yield page
    page.close()


@pytest.fixture
def ask(page: Page) -> Ask:
    """Return what searches with each of some parameters, and returns the results."""

    def ask(*params: dict[str, Any], method: str = "search", index: str = "products", **options: Any) -> Any:
        requests = [{"indexName": index, "params": each} for each in params]
        script = "([options, method, requests]) => lightshipClient(options)[method](requests)"
        answer = page.evaluate(script, [options, method, requests])
        return answer["results"] if method == "search" else answer

    return ask


def numbers(result: dict[str, Any]) -> list[int]:
    return sorted(
        int(hit["objectID"].rpartition("/")[2]) for hit in result["hits"] if "handbook" not in hit["objectID"]
    )


def expected(condition: Callable[[dict[str, Any]], bool]) -> list[int]:
    return [number for number, product in enumerate(products()) if condition(product.fields)]


def test_a_hit_has_what_templates_show(ask: Ask) -> None:
    [result] = ask({"query": "gadget 7", **PLACEHOLDERS})
    hit = next(hit for hit in result["hits"] if hit["objectID"] == "https://example.org/7")
    assert (hit["url"], hit["title"], hit["price"], hit["brand"], hit["language"]) == (
        "https://example.org/7",
        "Gadget 7 < 8",
        2,
        "-Bolt",
        "en",
    )
    marked = "__ais-highlight__Gadget__/ais-highlight__ __ais-highlight__7__/ais-highlight__ < 8"
    assert hit["_highlightResult"]["title"] == {"value": marked, "matchLevel": "full", "matchedWords": ["Gadget", "7"]}
    assert "__ais-highlight__gadget__/ais-highlight__ & more" in hit["_snippetResult"]["text"]["value"]
    assert hit["_highlightResult"]["brand"]["value"] == "-Bolt"
    assert (result["query"], result["index"], result["nbHits"]) == ("gadget 7", "products", 30)
    [html] = ask({"query": "gadget 7", "highlightPreTag": "<i>", "highlightPostTag": "</i>"})
    assert html["hits"][0]["_highlightResult"]["title"]["value"] == "<i>Gadget</i> <i>7</i> &lt; 8"


def test_pages_and_the_words_that_begin(ask: Ask) -> None:
    [first, last, none] = ask(
        {"query": "gad", "hitsPerPage": 12},
        {"query": "gad", "hitsPerPage": 12, "page": 2},
        {"query": "gad", "hitsPerPage": 0},
    )
    assert [len(result["hits"]) for result in (first, last, none)] == [12, 6, 0]
    assert [(result["nbPages"], result["page"], result["hitsPerPage"]) for result in (first, last, none)] == [
        (3, 0, 12),
        (3, 2, 12),
        (0, 0, 0),
    ]
    assert isinstance(first["processingTimeMS"], int)


def test_without_a_query_everything_is_listed(ask: Ask) -> None:
    assert ask({"query": ""}, {})[0]["nbHits"] == 31
    assert ask({})[0]["nbHits"] == 31


def test_orders(ask: Ask) -> None:
    [dearest] = ask({"query": "gadget", "hitsPerPage": 3}, index="products:-price")
    assert [hit["price"] for hit in dearest["hits"]] == [24, 23, 22]
    [cheapest] = ask({"query": "gadget", "hitsPerPage": 3}, index="cheap", replicas={"cheap": "price"})
    assert [hit["price"] for hit in cheapest["hits"]] == [-5, -4, -3]


def test_facets(ask: Ask) -> None:
    [result] = ask(
        {
            "query": "gadget",
            "facets": ["brand", "price", "stock", "made", "category.lvl0", "category.lvl1", "*"],
            "maxValuesPerFacet": 2,
        }
    )
    assert result["facets"]["stock"] == {"true": 15, "false": 15}
    assert (len(result["facets"]["brand"]), set(result["facets"]["brand"].values())) == (2, {10})
    assert result["facets"]["category.lvl0"] == {"garden": 14, "home": 16}
    assert result["facets"]["category.lvl1"] == {"home > lamps": 8, "home > desks": 8}
    assert sum(result["facets"]["price"].values()) == 30
    assert result["facets_stats"] == {"price": {"min": -5, "max": 24}, "made": {"min": 1735689600, "max": 1738195200}}
    [[price, count]] = list(result["facets"]["price"].items())[:1]
    assert ask({"query": "gadget", "facetFilters": ["price:" + price.replace("-", r"\-", 1)]})[0]["nbHits"] == count


@pytest.mark.parametrize(
    ("params", "condition"),
    [
        ({"facetFilters": [["brand:Acme", r"brand:\-Bolt"]]}, lambda f: f["brand"] in ("Acme", "-Bolt")),
        ({"facetFilters": ["brand:Ünder & Co", "stock:true"]}, lambda f: f["brand"] == "Ünder & Co" and f["stock"]),
        ({"facetFilters": "brand:-Acme"}, lambda f: f["brand"] != "Acme"),
        ({"facetFilters": ["tags:-new", "tags:-old"]}, lambda f: not f["tags"]),
        ({"facetFilters": [["category.lvl1:garden > lamps"]]}, lambda f: f["category"].startswith("garden > lamps")),
        ({"numericFilters": ["price>=3", "price<=9"]}, lambda f: 3 <= f["price"] <= 9),
        ({"numericFilters": ["price>3", "price<9", "price<20"]}, lambda f: 3 < f["price"] < 9),
        ({"numericFilters": ["price>-2", "price<0"]}, lambda f: -2 < f["price"] < 0),
        ({"numericFilters": ["price>0", "price != 2", "price<4"]}, lambda f: f["price"] in (1, 3)),
        ({"numericFilters": [["price=1", "price=24"], "price<=20"]}, lambda f: f["price"] == 1),
        ({"numericFilters": [["price<0", "price:20 TO 22"]]}, lambda f: f["price"] < 0 or 20 <= f["price"] <= 22),
        ({"numericFilters": ["price>9", "price<3"]}, lambda f: False),
        ({"numericFilters": ["made>=1736035200", "made<1736208000"]}, lambda f: f["made"] in ("2025-01-05", "2025-01-06")),
        ({"numericFilters": ["price<=0"], "facetFilters": ["stock:false"]}, lambda f: f["price"] <= 0 and not f["stock"]),
    ],
)  # fmt: skip
def test_filters(ask: Ask, params: dict[str, Any], condition: Callable[[dict[str, Any]], bool]) -> None:
    [result] = ask({"query": "gadget", "hitsPerPage": 50, **params}, dates=["made"])
    assert numbers(result) == expected(condition)


@pytest.mark.parametrize(
    ("params", "told"),
    [
        ({"facetFilters": ["tags:new", "tags:old"]}, "can't filter twice by tags"),
        ({"facetFilters": [["tags:new", "brand:Acme"]]}, "must be values of one field"),
        ({"facetFilters": [["tags:-new", "tags:-old"]]}, "has no alternatives"),
        ({"facetFilters": ["new"]}, "must be values of one field"),
        ({"numericFilters": ["price~3"]}, "write price>=10"),
        ({"filters": "tags:new OR tags:old"}, "use facetFilters"),
        ({"facets": ["colour"]}, "not a declared field"),
    ],
)
def test_what_it_can_not_ask_is_an_error(ask: Ask, params: dict[str, Any], told: str) -> None:
    for more in [[], [{"query": ""}]]:
        with pytest.raises(Error, match=told):
            ask(params, *more)


def test_values_of_a_facet(ask: Ask) -> None:
    params = {"facetName": "brand", "facetQuery": "und", "query": "gadget", "facets": ["tags"], **PLACEHOLDERS}
    [found] = ask(params, method="searchForFacetValues")
    value = {"value": "Ünder & Co", "count": 10, "highlighted": "__ais-highlight__Ünd__/ais-highlight__er & Co"}
    assert found["facetHits"] == [value]
    assert found["exhaustiveFacetsCount"] is True
    [most] = ask({"facetName": "brand", "facetQuery": "", "maxFacetHits": 2}, method="searchForFacetValues")
    assert len(most["facetHits"]) == 2


def test_more_searches_than_one_request_may_have(ask: Ask, page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.method))
    results = ask(
        *(
            {"query": "gadget", "facetFilters": ["price:" + str(number - 5).replace("-", r"\-")]}
            for number in range(30)
        ),
        *({"query": "gadget"} for _ in range(5)),
    )
    assert [numbers(result) for result in results[:30]] == [[number] for number in range(30)]
    assert asked.count("POST") == 2
    asked.clear()
    ask({"query": "gadget"})
    assert [method for method in asked if method != "OPTIONS"] == ["GET"]


def test_parameters_and_a_key_go_with_each_search(ask: Ask, page: Page) -> None:
    shown: list[str | None] = []
    page.on("request", lambda request: shown.append(request.headers.get("authorization")))
    results = ask({"query": "gadget"}, {"query": "gadget"}, parameters={"lang": "de"}, key="a-key")
    assert [result["nbHits"] for result in results] == [0, 0]
    assert "Bearer a-key" in shown


def test_parameters_stay_as_they_are(page: Page) -> None:
    script = """async () => { const client = lightshipClient({ parameters: { "-f.brand": ["Acme"], prefix: "none" } });
        const found = []; for (const facetFilters of ["tags:-new", ["brand:--Bolt", []], "tags:-new"]) {
        found.push((await client.search([{ params: { query: "gadget", facetFilters } }])).results[0].nbHits); } return found; }"""
    fields = [product.fields for product in products()]
    without = sum(each["brand"] != "Acme" and "new" not in each["tags"] for each in fields)  # type: ignore[operator]
    only = sum(each["brand"] not in ("Acme", "-Bolt") for each in fields)
    assert page.evaluate(script) == [without, only, without]


def test_docsearch(page: Page) -> None:
    request = {
        "indexName": "docs",
        "query": "clockwork",
        "hitsPerPage": 20,
        "highlightPreTag": "<mark>",
        "highlightPostTag": "</mark>",
    }

    def found(query: str) -> Any:
        script = "(requests) => transformSearchClient()({ extra: 1 }).search({ requests })"
        return page.evaluate(script, [{**request, "query": query}])["results"][0]["hits"]

    [hit] = found("clockwork")
    assert (hit["type"], hit["url"]) == ("content", "https://example.org/handbook#clockwork")
    titles = ["Handbook &amp; &lt;rules&gt;", "Lighting the &#60;lamp&#62;", "Winding &amp; waiting"]
    assert [hit["hierarchy"][f"lvl{level}"] for level in range(4)] == [*titles, None]
    assert re.search("the <mark>clockwork</mark>", hit["_snippetResult"]["content"]["value"])
    assert "<" not in hit["content"]
    [heading] = found("winding")
    assert (heading["type"], heading["_snippetResult"]["hierarchy"]["lvl2"]["value"]) == (
        "lvl2",
        "<mark>Winding</mark> &amp; waiting",
    )
    [title] = found("handbook rules")
    assert (title["type"], title["url"]) == ("lvl1", "https://example.org/handbook")
    assert (
        title["_highlightResult"]["hierarchy"]["lvl1"]["value"]
        == "<mark>Handbook</mark> &amp; &lt;<mark>rules</mark>&gt;"
    )


def test_it_can_be_imported(page: Page, server: Caller) -> None:
    script = "async (url) => (await (await import(url)).lightshipClient({ url: new URL('.', url).href }).search([{ params: { query: 'gadget' } }])).results[0].nbHits"
    assert page.evaluate(script, f"http://127.0.0.1:{server.port}/searchclient.mjs") == 30


def test_who_is_not_among_the_origins_is_told_where_to_look(browser: Browser, server: Caller) -> None:
    with MockSite() as stranger:
        page = browser.new_page()
        visit(page, stranger.page("/", f'<script src="http://127.0.0.1:{server.port}/searchclient.js"></script>'))
        for requests in ("[{}]", "[{}, {}]"):
            with pytest.raises(Error, match="is this page's origin in its -origins"):
                page.evaluate(f"lightshipClient().search({requests})")
        page.close()
