"""The web application over real sockets."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from lightship.http.tokens import Accepted
from lightship.searchengine.app import make_app
from lightship.searchengine.routes.files import SCRIPTS
from lightship.searchengine.routes.openapi import openapi
from lightship.searchengine.search.replica import Replica
from lightship.searchengine.store.store import Store
from made import Caller, MadeShard, page, served, words

HTML = "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"


@pytest.fixture(scope="module")
def caller(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caller]:
    folder = tmp_path_factory.mktemp("served")
    with served(folder / "store") as caller:
        caller.push(MadeShard(folder / "shard").put(*(page(number) for number in range(25))))
        yield caller


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caller]:
    with served(tmp_path_factory.mktemp("empty")) as caller:
        yield caller


@pytest.mark.parametrize("path", ["/", "/search"])
@pytest.mark.parametrize(
    ("accept", "kind"),
    [(HTML, "text/html; charset=utf-8"), ("application/json", "application/json"), ("*/*", "text/plain; charset=utf-8"),
     ("", "text/plain; charset=utf-8"), ("image/png", "text/plain; charset=utf-8")],
)  # fmt: skip
def test_the_accept_header_chooses_the_form(caller: Caller, path: str, accept: str, kind: str) -> None:
    reply = caller.get(f"{path}?q=page", Accept=accept)
    assert (reply.status, reply.headers["content-type"]) == (200, kind)
    assert "accept" in reply.headers["vary"].lower()
    named = {"text/html; charset=utf-8": "html", "application/json": "json"}.get(kind, "text")
    assert caller.get(f"{path}?q=page&format={named}", Accept="image/png").headers["content-type"] == kind


def test_json_is_what_was_promised(caller: Caller) -> None:
    answer = caller.get("/?q=page&format=json&size=7&page=2").json
    assert {"query", "total", "page", "size", "took_ms", "index", "hits"} <= answer.keys()
    assert (answer["query"], answer["total"], answer["page"], answer["size"], len(answer["hits"])) == (
        "page",
        25,
        2,
        7,
        7,
    )
    assert answer["index"]["generation"] == {"0": [1, 1]}
    assert answer["index"]["layout"] == "s1v2"
    hit = answer["hits"][0]
    assert {
        "url",
        "title",
        "title_html",
        "snippet",
        "score",
        "site",
        "language",
        "modified",
        "fields",
        "sections",
        "type",
    } == hit.keys()
    assert "<mark>page</mark>" in hit["snippet"]


def test_text_is_what_the_article_greps(caller: Caller) -> None:
    lines = caller.get("/?q=page").text.splitlines()
    assert lines[0] == "query: page"
    assert sum(line.startswith("results:page number") for line in lines) == 10


def test_a_page_beyond_the_last_is_empty_and_says_the_total(caller: Caller) -> None:
    for number in (4, 1001, 999_999_999):
        answer = caller.get(f"/?q=page&format=json&page={number}").json
        assert (answer["total"], answer["hits"]) == (25, [])


@pytest.mark.parametrize(
    "query", ["page=0", "page=x", "size=101", "size=-1", "sort=up", "format=xml", "page=" + "9" * 5000]
)
def test_bad_parameters_are_told_in_three_forms(caller: Caller, query: str) -> None:
    target = f"/?q=page&{query}"
    name = query.partition("=")[0]
    assert caller.get(target).status == 400
    assert caller.get(target).text.startswith(f"error: invalid {name}")
    assert caller.get(target, Accept="application/json").json["error"].startswith(f"invalid {name}")
    html = caller.get(target, Accept=HTML)
    assert html.headers["content-type"].startswith("text/html")
    assert html.status == 400
    assert f"Invalid {name}" in html.text


@pytest.mark.parametrize(
    "query",
    [b"q=%00", b"q=a%00b", b"q=%ed%a0%80", b"q=%ff%fe", b"q=%F0%9F%98%80", b"q=%22", b"q=" + b"%22" * 999,
     b"q=%", b"q=%zz", b"q", b"&&&", b"q=a;b=c", b"q=a&q=b", b"lang=%00&q=a", b"q=" + b"-" * 9000],
)  # fmt: skip
@pytest.mark.parametrize("form", [b"json", b"html", b"text"])
def test_any_bytes_are_a_query(caller: Caller, query: bytes, form: bytes) -> None:
    reply = caller.raw(b"GET /?format=" + form + b"&" + query + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert reply.startswith(b"HTTP/1.1 200 "), reply[:200]


def test_300_words_are_answered_with_a_notice(caller: Caller) -> None:
    reply = caller.get("/?format=json&q=page+" + "+".join(words(299, 1)))
    assert reply.json["total"] == 25
    assert "first 256 words" in reply.json["notice"]
    assert "first 256 words" in caller.get("/?q=page+" + "+".join(words(299, 1)), Accept=HTML).text


def test_a_query_of_10_mb_is_refused_and_the_server_lives(caller: Caller) -> None:
    reply = caller.raw(b"GET /?q=" + b"a" * (10 << 20) + b" HTTP/1.1\r\nHost: x\r\nAccept: application/json\r\n\r\n")
    assert reply.startswith(b"HTTP/1.1 414 "), reply[:200]
    assert b'"error":"url longer than' in reply
    assert len(caller.found("page")) == 10


def test_a_query_string_over_its_limit_is_told_as_such(caller: Caller) -> None:
    for accept in (HTML, "application/json", "*/*"):
        reply = caller.get("/?q=" + "a" * 20_000, Accept=accept)
        assert (reply.status, "uery string has 20002 bytes" in reply.text) == (414, True)


@pytest.mark.parametrize("header", [b"X: " + b"a" * (10 << 20), b"X: a\r\n" * (1 << 20)])
def test_headers_without_end_are_refused_and_the_server_lives(caller: Caller, header: bytes) -> None:
    reply = caller.raw(b"GET / HTTP/1.1\r\nHost: x\r\n" + header + b"\r\n\r\n")
    assert reply.startswith(b"HTTP/1.1 431 "), reply[:200]
    assert len(caller.found("page")) == 10


def test_what_is_not_http_is_refused(caller: Caller) -> None:
    assert b"not a valid HTTP/1.1 request" in caller.raw(b"\x16\x03\x01 hello\r\n\r\n")


@pytest.mark.parametrize("target", ["/nothing", "/static/", "/rpc", "/rpc/v1/shards", "//", "/%00", "/" + "x" * 3000])
def test_an_unknown_path(caller: Caller, target: str) -> None:
    assert caller.get(target).status == 404
    reply = caller.get(target, Accept=HTML)
    assert reply.status == 404


@pytest.mark.parametrize("host", ["[", "a b", "x" * 5000, "é", "[::1", "@:99999"])
@pytest.mark.parametrize("target", ["/nothing", "/?q=page", "/?page=0", "/opensearch.xml", "/rpc/v1/shards/x"])
def test_a_strange_host_does_no_harm(caller: Caller, host: str, target: str) -> None:
    reply = caller.raw(f"GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    assert reply[9:12] in (b"200", b"400", b"404"), reply[:300]


@pytest.mark.parametrize(
    "request_line",
    [b"GET /\xff HTTP/1.1", b"GET /\xc3\xa9?q=x HTTP/1.1", b"GET http://[/ HTTP/1.1", b"GET /?q=\xff\xfe HTTP/1.1"],
)
def test_strange_request_lines_do_no_harm(caller: Caller, request_line: bytes) -> None:
    reply = caller.raw(request_line + b"\r\nHost: x\r\n\r\n")
    assert reply[9:12] in (b"200", b"400", b"404", b""), reply[:300]
    assert caller.get("/livez").status == 200


@pytest.mark.parametrize("target", ["/", "/?q=page", "/livez", "/status", "/openapi.json", "/static/style.css"])
def test_methods(caller: Caller, target: str) -> None:
    head, got, post = caller.call("HEAD", target), caller.get(target), caller.call("POST", target, b"x=1")
    assert (head.status, head.body, got.status, post.status) == (200, b"", 200, 405)
    assert head.headers["content-type"] == got.headers["content-type"]
    assert "method" in post.text


@pytest.mark.parametrize("target", ["/", "/?q=page", "/nothing", "/?q=page&page=0"])
def test_security_headers(caller: Caller, target: str) -> None:
    headers = caller.get(target, Accept=HTML).headers
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert caller.get(target).headers["x-content-type-options"] == "nosniff"


def test_static_files_are_cached_for_ever(caller: Caller) -> None:
    links = re.findall(r'(?:href|src)="(/static/[^"]+)"', caller.get("/", Accept=HTML).text)
    assert links
    for link in links:
        reply = caller.get(link)
        assert (reply.status, "immutable" in reply.headers["cache-control"]) == (200, True)
        assert reply.headers["content-type"].split(";")[0] in (
            "text/css", "image/svg+xml", "text/javascript", "application/javascript",
        )  # fmt: skip


@pytest.mark.parametrize(
    "name",
    ["..%2fpage.py", "%2e%2e/page.py", "../page.py", "..", ".", "", "%00", "a" * 300, "style.css%00", "%2fetc%2fpasswd",
     "..%5cpage.py", "__init__.py"],
)  # fmt: skip
def test_static_serves_nothing_else(caller: Caller, name: str) -> None:
    assert caller.get(f"/static/{name}").status == 404


def test_health_without_an_index(empty: Caller) -> None:
    assert (empty.get("/livez").status, empty.get("/readyz").status) == (200, 503)
    told = empty.get("/status").json
    assert told | {"shards": [], "ready": False, "layout": None} == told
    assert empty.get("/?q=x", Accept="application/json").status == 503
    assert empty.get("/?q=x").headers["retry-after"] == "1"
    assert empty.get("/?q=x", Accept=HTML).status == 503
    assert empty.get("/", Accept=HTML).status == 200


def test_health_with_an_index(caller: Caller) -> None:
    assert (caller.get("/livez").text, caller.get("/readyz").text) == ("alive\n", "ready\n")


def test_a_part_of_a_layout_is_not_ready(tmp_path: Path) -> None:
    with served(tmp_path / "store") as caller:
        for shard in range(2):
            assert caller.get("/readyz").status == 503
            caller.push(MadeShard(tmp_path / str(shard), shard, 2).put(page(shard)))
        assert caller.get("/readyz").status == 200


def test_every_route_is_described(tmp_path: Path) -> None:
    app = make_app(Replica(Store(str(tmp_path))), Accepted())
    routes = {(route.path, method.lower()) for route in app.routes for method in route.methods - {"HEAD"}}  # type: ignore[attr-defined]
    described = {(path, method) for path, methods in openapi()["paths"].items() for method in methods}
    undescribed = {"/openapi.json", "/opensearch.xml", "/static/{name}", "/favicon.ico", "/mcp"}
    undescribed |= {f"/{name}" for name in SCRIPTS}
    assert {route for route in routes if route[0] not in undescribed} == described


def refs(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for inner in value.values():
            yield from refs(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from refs(inner)


def test_the_openapi_document_is_whole(caller: Caller) -> None:
    document = caller.get("/openapi.json").json
    assert document == json.loads(json.dumps(openapi()))
    assert document["openapi"].startswith("3.1")
    operations = [operation for methods in document["paths"].values() for operation in methods.values()]
    assert len({operation["operationId"] for operation in operations}) == len(operations)
    found = list(refs(document))
    assert found
    for ref in found:
        value = document
        for step in ref.removeprefix("#/").split("/"):
            value = value[step]
    for path, methods in document["paths"].items():
        for operation in methods.values():
            assert operation["responses"]
            named = {p["name"] for p in operation["parameters"] if p["in"] == "path"}
            assert named == set(re.findall(r"{(\w+)}", path))


def test_many_at_once(caller: Caller) -> None:
    """Searches while segments are installed: none fails, and none sees a partial change."""

    async def searches() -> list[Any]:
        return await asyncio.gather(*(asyncio.to_thread(lambda: caller.get("/?q=page&format=json").json["total"]) for _ in range(40)))  # fmt: skip

    assert set(asyncio.run(searches())) == {25}


def test_status(caller: Caller) -> None:
    status = caller.get("/status").json
    assert (status["ready"], status["layout"], status["documents"]) == (True, "s1v2", 25)
    (shard,) = status["shards"]
    assert (shard["shard"], shard["epoch"], shard["generation"], shard["documents"]) == (0, 1, 1, 25)
    assert shard["bytes"] == status["bytes"] > 1000
    assert 0 <= shard["age_seconds"] < 300
    assert msgspec.json.encode(status)
