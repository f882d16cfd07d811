"""Keys over HTTP: who may ask for what, where from, how often, and what caches may keep."""

from __future__ import annotations

import asyncio
import base64
import html
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from starlette.requests import Request
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from lightship.config import SearchengineSettings
from lightship.core.errors import ConfigurationError, LightshipError, status_of
from lightship.core.model import Document
from lightship.http.keys import revoked
from lightship.http.keys.key import Key, sign, signing_keys
from lightship.http.tokens import Accepted, authorization
from lightship.searchengine.access import gate as access
from lightship.searchengine.access.gate import OPEN, OPEN_BELOW, READING, Access, check_access
from lightship.searchengine.app import make_app
from lightship.searchengine.search.replica import Replica
from lightship.searchengine.store.store import Store
from made import Caller, MadeShard, Reply, served

SECRET = "0123456789abcdef" * 2
HERE, THERE = "https://a.example", "https://b.example"
HTML = "text/html"
TARGETS = (
    "/",
    "/?q=lamp",
    "/search?q=lamp",
    "/suggest?q=la",
    "/cached?url=https://red.example/1",
    "/lookup?url=https://red.example/1",
)


def made(**more: Any) -> str:
    given = {"right": "search", "name": "docs", **more}
    return sign(Key(**given), signing_keys([SECRET])[0])


def documents() -> list[Document]:
    return [
        Document(url=f"https://{team}.example/{number}", title="lamp", text=f"a lamp of {team}", fields={"team": team})
        for team in ("red", "blue") for number in range(3)
    ]  # fmt: skip


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("names") / "revoked"
    path.write_text("# none\n")
    return path


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory, names: Path) -> Iterator[Caller]:
    folder = tmp_path_factory.mktemp("closed")
    settings = SearchengineSettings(closed=True, revoked=str(names), origins=(HERE, THERE))
    with served(folder / "store", SECRET, settings=settings) as caller:
        caller.push(MadeShard(folder / "shard", fields="team:keyword").put(*documents()))
        caller.token = ""
        yield caller


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caller]:
    folder = tmp_path_factory.mktemp("open")
    with served(folder / "store", SECRET, settings=SearchengineSettings()) as caller:
        caller.push(MadeShard(folder / "shard", fields="team:keyword").put(*documents()))
        caller.token = ""
        yield caller


def with_key(caller: Caller, target: str, key: str, **headers: str) -> Reply:
    return caller.get(target, Authorization=f"Bearer {key}", **headers)


@pytest.mark.parametrize("target", TARGETS)
def test_a_closed_searchengine_asks_for_a_key(closed: Caller, target: str) -> None:
    refused = closed.get(target, Accept="application/json")
    assert (refused.status, refused.headers["www-authenticate"]) == (401, "Bearer")
    assert "needs a key" in refused.json["error"]
    assert refused.headers["cache-control"] == "no-store"
    assert with_key(closed, target, made()).status == 200
    assert with_key(closed, target, SECRET).status == 200
    assert closed.get(target, **authorization(SECRET, "GET", target)).status == 200
    assert closed.get(f"{target}{'&' if '?' in target else '?'}key={made()}").status == 200


def test_a_key_in_the_url_counts_for_its_request_only(closed: Caller) -> None:
    proxy = {"Authorization": "Bearer of-a-proxy"}
    assert closed.get(f"/search?q=lamp&key={made()}", **proxy).status == 200
    assert closed.get("/search?q=lamp", **proxy).status == 401


def test_links_and_forms_of_a_page_keep_the_key_in_its_url(closed: Caller) -> None:
    key = made()
    shown = closed.get(f"/?q=lamp&size=1&key={key}", Accept=HTML).text
    links = [html.unescape(link) for link in re.findall(r'href="(/(?:\?|cached)[^"]*)"', shown)]
    assert len(links) > 3
    assert all(f"key={key}" in link for link in links)
    assert closed.get(links[-1], Accept=HTML).status == 200
    assert f'<input type="hidden" name="key" value="{key}">' in shown


def test_a_person_enters_the_key_or_the_secret_as_a_password(closed: Caller) -> None:
    refused = closed.get("/?q=lamp", Accept=HTML)
    assert refused.headers["www-authenticate"].startswith("Basic ")
    for password in (made(), SECRET):
        shown = base64.b64encode(f"me:{password}".encode()).decode()
        assert closed.get("/?q=lamp", Accept=HTML, Authorization=f"Basic {shown}").status == 200
    wrong = base64.b64encode(b"me:nonsense").decode()
    assert closed.get("/?q=lamp", Accept=HTML, Authorization=f"Basic {wrong}").status == 401


def test_a_route_that_no_table_names_needs_the_secret(closed: Caller, tmp_path: Path) -> None:
    app = make_app(Replica(Store(str(tmp_path))), Accepted.of(SECRET), SearchengineSettings(closed=True))
    paths = {route.path for route in app.routes if isinstance(route, Route)}
    assert paths >= READING | OPEN
    others = {path for path in paths - READING - OPEN if not path.startswith(OPEN_BELOW)}
    assert others == {"/status"}
    for path in ("/status", "/new", "/searches", "/static", "/rpc"):
        assert closed.get(path).status == 401, path
        assert with_key(closed, path, made()).status == 403, path
    assert with_key(closed, "/status", SECRET).json["documents"] == 6
    for path in ("/livez", "/readyz", "/metrics", "/openapi.json", "/box.js"):
        assert closed.get(path).status == 200, path


def test_health_of_an_index_without_documents_stays_open(closed: Caller) -> None:
    assert closed.call("PUT", "/rpc/v1/shards/0", b"{}").status == 401
    assert closed.call("POST", "/admin/v1/rollback", Authorization=f"Bearer {made()}").status == 401
    assert closed.call("GET", "/rpc/v1/shards/0", Authorization=f"Bearer {made()}").status == 401


@pytest.mark.parametrize("caller", ["closed", "opened"])
def test_wrong_keys_are_refused_and_say_why(caller: str, request: pytest.FixtureRequest) -> None:
    asked: Caller = request.getfixturevalue(caller)
    head, payload, mac = made(filter="f.team=red").split(".")
    _, wider, _ = made().split(".")
    wrong = {
        f"{head}.{wider}.{mac}": "invalid key",
        f"{head}.{payload}.{mac[:-2]}AA": "invalid key",
        sign(Key("search", "docs"), signing_keys(["another secret of some length"])[0]): "invalid key",
        made(expires=int(time.time()) - 1): "expired",
    }
    for key, why in wrong.items():
        reply = with_key(asked, "/search?q=lamp&format=json", key)
        assert reply.status == 401
        assert why in reply.json["error"]


def test_a_key_expires_while_its_signature_is_remembered(closed: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    key = made(expires=int(time.time()) + 3600)
    assert with_key(closed, "/search?q=lamp", key).status == 200
    later = time.time() + 3601
    monkeypatch.setattr(access, "time", SimpleNamespace(time=lambda: later))
    assert with_key(closed, "/search?q=lamp", key).status == 401


def test_a_key_of_some_origins_is_refused_elsewhere(closed: Caller) -> None:
    key = made(origins=(HERE,))

    def status(**headers: str) -> int:
        return with_key(closed, "/search?q=lamp&format=json", key, **headers).status

    assert status() == 200  # a program
    assert status(Origin=HERE, Sec_Fetch_Site="cross-site") == 200
    assert status(Origin=THERE, Sec_Fetch_Site="cross-site") == 403
    assert status(Origin="null") == 403
    assert status(Origin="https://c.example") == 403
    assert status(Sec_Fetch_Site="cross-site") == 403  # a link or an image
    assert status(Sec_Fetch_Site="same-origin") == 200
    allowed = with_key(closed, "/search?q=lamp", key, Origin=HERE)
    assert allowed.headers["access-control-allow-origin"] == HERE
    preflight = closed.call(
        "OPTIONS", "/search", Origin=HERE, Access_Control_Request_Method="GET", Access_Control_Request_Headers="authorization"
    )  # fmt: skip
    assert preflight.status == 204
    assert "Authorization" in preflight.headers["access-control-allow-headers"]


def test_a_filter_limits_what_a_key_sees_however_it_is_asked(closed: Caller, opened: Caller) -> None:
    key = made(filter="f.team=red")
    for caller in (closed, opened):
        for more in ("", "&f.team=blue", "&-f.team=red", "&f.team=red&f.team=blue", "&q=team:blue"):
            answer = with_key(caller, f"/search?q=lamp&format=json&facets=team{more}", key).json
            assert {hit["fields"]["team"] for hit in answer["hits"]} <= {"red"}
            assert answer["total"] == (0 if ("blue" in more and "red&" not in more) or "-f" in more else 3)
        assert with_key(caller, "/cached?url=https://blue.example/1", key).status == 404
        assert with_key(caller, "/cached?url=https://red.example/1", key).status == 200


def test_a_filter_by_a_field_that_the_index_lacks_closes(closed: Caller) -> None:
    key = made(filter="-f.secret=yes")
    for target in TARGETS:
        reply = with_key(closed, target, key, Accept="application/json")
        assert reply.status == 403, target
    assert "'secret'" in with_key(closed, "/search?q=lamp&format=json", key).json["error"]


def test_caches_keep_nothing_for_others(closed: Caller, opened: Caller) -> None:
    keys = [made(), made(name="other"), made(filter="f.team=red"), made(filter="f.team=blue")]
    for caller in (closed, opened):
        replies = [with_key(caller, "/search?q=lamp&format=json", key) for key in keys]
        assert len({reply.headers["etag"] for reply in replies}) == 4
        for key, reply in zip(keys, replies, strict=True):
            assert reply.headers["cache-control"].startswith("private, ")
            assert "Authorization" in reply.headers["vary"]
            again = with_key(caller, "/search?q=lamp&format=json", key, If_None_Match=reply.headers["etag"])
            assert again.status == 304
    assert with_key(closed, "/search?q=lamp", SECRET).headers["cache-control"].startswith("private, ")
    assert opened.get("/search?q=lamp").headers["cache-control"].startswith("public, ")


def test_keys_are_revoked_by_name(closed: Caller, names: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(revoked, "LOOK_SECONDS", 0.0)
    key = made(name="lost")
    deadline = time.monotonic() + 10
    assert with_key(closed, "/search?q=lamp", key).status == 200
    names.write_text("lost  # with a laptop\n")
    while (reply := with_key(closed, "/search?q=lamp&format=json", key)).status == 200:
        assert time.monotonic() < deadline
    assert (reply.status, "revoked" in reply.json["error"]) == (401, True)
    assert with_key(closed, "/search?q=lamp", made()).status == 200


def test_a_key_may_ask_as_often_as_its_rate_says(closed: Caller) -> None:
    key = made(rate="2/h", name="slow")
    replies = [with_key(closed, "/search?q=lamp&format=json", key) for _ in range(3)]
    assert [reply.status for reply in replies] == [200, 200, 429]
    assert 1700 < int(replies[-1].headers["retry-after"]) <= 1800
    assert "2/h" in replies[-1].json["error"]
    assert with_key(closed, "/search?q=lamp", made()).status == 200


def test_what_is_no_key_is_ignored_where_anybody_may_search(opened: Caller) -> None:
    for shown in ("Basic bWU6c2VjcmV0", "Bearer of-a-proxy", "Digest x"):
        assert opened.get("/search?q=lamp", Authorization=shown).status == 200
    assert opened.get("/search?q=lamp&monkey=1&key=x").status == 200


def test_an_address_may_ask_as_often_as_the_setting_says(tmp_path: Path) -> None:
    """Whatever it shows, but the secret."""
    statuses = list[int]()

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        statuses.append(200)

    async def refuse(request: Request, error: Exception) -> ASGIApp:
        assert isinstance(error, LightshipError)
        statuses.append(status_of(error))
        return answer_nothing

    async def answer_nothing(scope: Scope, receive: Receive, send: Send) -> None: ...

    def ask(host: str, path: str, shown: str = "") -> int:
        headers = [(b"authorization", f"Bearer {shown}".encode())] if shown else []
        scope = {
            "type": "http",
            "method": "GET",
            "path": path,
            "query_string": b"",
            "headers": headers,
            "client": (host, 1),
        }
        asyncio.run(gate(scope, cast("Receive", None), cast("Send", None)))
        return statuses.pop()

    settings = SearchengineSettings(closed=True, rate="2/h")
    gate = Access(answer, Accepted.of(SECRET), settings, str(tmp_path), refuse)
    assert [ask("192.0.2.1", "/search", made()) for _ in range(3)] == [200, 200, 429]
    assert [ask("192.0.2.1", "/search"), ask("192.0.2.1", "/search", SECRET), ask("192.0.2.1", "/livez")] == [
        429,
        200,
        200,
    ]
    assert [ask(f"2001:db8::{number}", "/search") for number in (1, 2, 3)] == [401, 401, 429]  # one customer's network


@pytest.mark.parametrize(
    ("settings", "secret", "why"),
    [
        (SearchengineSettings(closed=True), "", "needs a secret"),
        (SearchengineSettings(closed=True, origins=("*",)), SECRET, "lets every web page"),
        (SearchengineSettings(revoked="/nowhere", origins=("*",)), SECRET, "lets every web page"),
        (SearchengineSettings(revoked="/nowhere"), SECRET, "can't read the revoked keys"),
    ],
)
def test_settings_that_contradict_each_other(settings: SearchengineSettings, secret: str, why: str) -> None:
    with pytest.raises(ConfigurationError, match=why):
        check_access(settings, Accepted.of(secret))


def batch(caller: Caller, key: str, *queries: str) -> list[Any]:
    body = json.dumps([{"q": query} for query in queries]).encode()
    reply = caller.call("POST", "/search", body, Authorization=f"Bearer {key}", Content_Type="application/json")
    assert reply.status == 200, reply.text
    found: list[Any] = reply.json
    return found


def test_several_searches_in_one_request_see_what_the_key_sees(closed: Caller) -> None:
    refused = closed.call("POST", "/search", b"[]", Content_Type="application/json")
    assert refused.status == 401
    (found,) = batch(closed, made(filter="f.team=red"), "lamp")
    assert [hit["site"] for hit in found["hits"]] == ["red.example"] * 3
    assert found["total"] == found["index"]["documents"] == 3


def test_each_of_several_searches_in_one_request_counts(opened: Caller) -> None:
    found = batch(opened, made(rate="3/h", name="several"), *["lamp"] * 5)
    assert [each.get("status") for each in found] == [None, None, None, 429, 429]
    assert "rate limit" in found[-1]["error"]
