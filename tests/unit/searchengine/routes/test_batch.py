"""POST /search: several searches in one request, each as GET /search answers it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightship.config import SearchengineSettings
from lightship.core.errors import DamagedError, LightshipError
from lightship.core.position import Reached, log_digest
from lightship.http.connections import TURN, Connections
from lightship.searchengine.routes import batch
from lightship.searchengine.routes.batch import MAX_BODY, MAX_SEARCHES, read_searches
from lightship.searchengine.search.search import ReplicaSearcher
from made import Caller, MadeShard, Reply, page, served

FIELDS = "brand:keyword,price:number,stock:boolean"
GUEST, STRANGER = {"Origin": "https://guest.example"}, {"Origin": "https://stranger.example"}


@pytest.fixture(scope="module")
def caller(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caller]:
    folder = tmp_path_factory.mktemp("batch")
    documents = [
        page(number, f"lamp number {number}", fields={"brand": ["Acme", "Bolt", "Core"][number % 3], "price": number, "stock": number % 2 == 0})
        for number in range(30)
    ]  # fmt: skip
    settings = SearchengineSettings(origins=("https://guest.example",), position_wait=0.05)
    with served(folder / "store", settings=settings) as caller:
        caller.push(MadeShard(folder / "shard", fields=FIELDS).put(*documents))
        yield caller


def post(caller: Caller, searches: Any, target: str = "/search", **headers: str) -> Reply:
    body = searches if isinstance(searches, bytes) else msgspec.json.encode(searches)
    return caller.call("POST", target, body, **{"Content_Type": "application/json", **headers})


def timeless(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name != "took_ms"}


SEARCHES: list[dict[str, Any]] = [
    {"q": "lamp", "size": 3, "page": 2},
    {
        "q": "lamp",
        "f.brand": ["Acme", "Bolt"],
        "f.price": "5..<20",
        "facets": ["brand", "price", "stock"],
        "facet_size": 2,
    },
    {"q": "lamp", "f.stock": True, "-f.brand": "Core", "sort": "-price", "lang": None},
    {"q": "lamp", "f.price": 7},
    {"q": "lamp", "f.price": [7.0, 8.5], "facets": "brand,price"},
    {"q": "lamp & ünï", "limit": 1, "offset": 0},
    {"q": "number", "group": "brand", "group_size": 2},
    {},
]


def test_each_search_is_answered_as_alone(caller: Caller) -> None:
    reply = post(caller, SEARCHES)
    assert (reply.status, reply.headers["content-type"]) == (200, "application/json")
    assert reply.headers["cache-control"] == "no-store"
    assert reply.json[1]["total"] == 10
    for search, answer in zip(SEARCHES, reply.json, strict=True):
        given = {name: value for name, value in search.items() if value is not None and name != "facets"}
        given |= (
            {"facets": ",".join(facets) if isinstance(facets := search.get("facets"), list) else facets}
            if "facets" in search
            else {}
        )
        given = {name: str(value).lower() if isinstance(value, bool) else value for name, value in given.items()}
        alone = caller.get(f"/search?format=json&{urlencode(given, doseq=True)}").json
        assert timeless(answer) == timeless(alone), search


def test_a_failed_search_fails_alone(caller: Caller) -> None:
    wrong = [
        {"q": "lamp", "size": 0},
        {"q": "lamp", "sort": "colour"},
        {"q": "x" * 20_000},
        {"q": "a", "min_position": "x"},
    ]
    answers = post(caller, [{"q": "lamp", "size": 1}, *wrong, {"q": "number"}]).json
    assert [answer.get("status", 200) for answer in answers] == [200, 400, 400, 414, 400, 200]
    assert answers[1].keys() == {"error", "status"}
    assert answers[1]["error"] == caller.get("/search?format=json&size=0").json["error"]


def test_a_position_is_waited_for(caller: Caller) -> None:
    [reached, late, other] = post(
        caller,
        [{"q": "lamp", "min_position": ""}, {"q": "lamp", "min_position": str(Reached(log_digest("made"), {0: 9}))}, {"q": "lamp"}],
    ).json  # fmt: skip
    assert (reached["total"], late["status"], other["total"]) == (30, 503, 30)


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"", 400), (b"{}", 400), (b"[1]", 400), (b'[{"q": {}}]', 400), (b'[{"q": "a"}', 400), (b"\xff", 400), (b'[{"q":"\xed"}]', 400),
     (b'[{"q": 1e999}]', 400), (b"[{}]" + b" " * MAX_BODY, 413), (msgspec.json.encode([{}] * (MAX_SEARCHES + 1)), 400)],
)  # fmt: skip
def test_what_is_no_list_of_searches_is_refused(caller: Caller, body: bytes, status: int) -> None:
    reply = post(caller, body)
    assert reply.status == status
    assert reply.json["error"]


def test_none_and_the_most(caller: Caller) -> None:
    assert post(caller, []).json == []
    assert [answer["total"] for answer in post(caller, [{"q": "lamp"}] * MAX_SEARCHES).json] == [30] * MAX_SEARCHES


def test_all_answers_together_have_a_bound(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = len(caller.get("/search?q=lamp&format=json").body)
    monkeypatch.setattr(batch, "MAX_ANSWERS", 2 * alone + 100)
    answers = post(caller, [{"q": "lamp"}] * 4 + [{"q": "lamp", "size": 0}]).json
    assert [answer.get("status", 200) for answer in answers] == [200, 200, 413, 413, 400]


def test_too_late_is_said_of_each(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = 0

    async def slow(*_: object) -> None:
        nonlocal calls
        calls += 1
        raise DamagedError("found a damaged segment")

    monkeypatch.setattr(ReplicaSearcher, "search", slow)
    answers = post(caller, [{"q": "lamp"}, {"size": "x"}]).json
    assert [answer["status"] for answer in answers] == [503, 400]
    assert calls == 1


def test_which_pages_may_ask(caller: Caller) -> None:
    preflight = {"Access_Control_Request_Method": "POST", "Access_Control_Request_Headers": "content-type"}
    allowed = caller.call("OPTIONS", "/search", None, **GUEST, **preflight).headers
    assert allowed["access-control-allow-origin"] == "https://guest.example"
    assert "POST" in allowed["access-control-allow-methods"]
    assert "Content-Type" in allowed["access-control-allow-headers"]
    reply = post(caller, [{"q": "lamp"}], Sec_Fetch_Site="cross-site", **GUEST)
    assert (reply.status, reply.headers["access-control-allow-origin"]) == (200, "https://guest.example")
    for strange in (STRANGER, {"Origin": "null"}, {"Sec_Fetch_Site": "cross-site"}):
        refused = post(caller, [{"q": "lamp"}], **strange)
        assert (refused.status, "access-control-allow-origin" in refused.headers) == (403, False)
        assert (
            "access-control-allow-origin" not in caller.call("OPTIONS", "/search", None, **strange, **preflight).headers
        )


def test_the_methods_of_both_paths(caller: Caller) -> None:
    assert caller.call("DELETE", "/search").headers["allow"] == "GET, HEAD, POST"
    assert post(caller, [], "/").status == 405


def test_each_search_takes_a_turn_of_its_address() -> None:
    async def begun() -> int:
        connections = Connections()
        scope = {"lightship.connections": connections, "client": ("10.0.0.1", 1)}
        waiting = [asyncio.ensure_future(batch._turn(scope)) for _ in range(MAX_SEARCHES)]
        await asyncio.sleep(0)
        delayed = connections.delayed
        await asyncio.wait_for(asyncio.gather(*waiting), 5)
        return delayed

    assert asyncio.run(begun()) == MAX_SEARCHES - TURN


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_any_json_is_read_or_refused(value: Any) -> None:
    try:
        searches = read_searches(msgspec.json.encode(value))
    except LightshipError:
        return
    assert len(searches) == len(value)
    assert all(search.isascii() for search in searches)
