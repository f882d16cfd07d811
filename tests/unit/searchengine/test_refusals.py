"""A refusal reveals nothing: all refusals on all guarded routes are identical."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lightship.doclog.sqlite import SqliteLog
from lightship.http.tokens import Accepted, authorization
from lightship.intake.server import taking_in
from made import Caller, MadeShard, page, served

PUSH, ADMIN = "push-secret-of-enough", "admin-secret-of-enough"
FILE = f"/rpc/v1/shards/0/files/{'a' * 32}.store"
PUSHING = [
    ("PUT", "/rpc/v1/shards/0"),
    ("GET", "/rpc/v1/shards/0"),
    ("GET", "/rpc/v1/shards/7?layout=s9v2"),
    ("PUT", f"{FILE}?layout=s1v2&size=0&digest={'0' * 64}"),
    ("PUT", f"{FILE}?layout=s1v2&size=0&digest={'0' * 64}&source=http://127.0.0.1:1"),
    ("GET", FILE),
]
ADMINISTERING = [
    ("POST", "/admin/v1/promote"),
    ("POST", "/admin/v1/promote?layout=s1v2"),
    ("POST", "/admin/v1/promote?layout=../x"),
    ("POST", "/admin/v1/rollback"),
]
INTAKE = [("POST", "/documents"), ("DELETE", "/documents?url=https://example.org/1"), ("DELETE", "/documents")]


def answer(caller: Caller, method: str, target: str, shown: dict[str, str]) -> tuple[int, bytes, str]:
    """Return the status, the body, and the headers except the date."""
    reply = Caller(caller.port).call(method, target, b"" if method in ("PUT", "POST") else None, **shown)
    headers = {name: value for name, value in reply.headers.items() if name != "date"}
    return reply.status, reply.body, repr(headers)


def refusals(caller: Caller, method: str, target: str, good: str, bad: list[str]) -> set[tuple[int, bytes, str]]:
    """Return the answers to all tokens that must be refused: missing, wrong, for another request, and used."""
    shown = [{}, {"Authorization": ""}, {"Authorization": "Bearer é".encode().decode("latin-1")}]
    shown += [{"Authorization": f"{scheme} {secret}"} for scheme in ("Bearer", "Basic") for secret in (*bad, good[:-1])]
    shown += [authorization(secret, method, target) for secret in bad]
    shown += [authorization(good, method, f"{target}x"), authorization(good, "PATCH", target)]
    used = authorization(good, method, target)
    assert answer(caller, method, target, used)[0] != 401
    return {answer(caller, method, target, headers) for headers in (*shown, used, {"Authorization": f"Basic {good}"})}


@pytest.fixture
def caller(tmp_path: Path) -> Iterator[Caller]:
    with served(tmp_path / "se", PUSH, admin=ADMIN) as caller:
        caller.push(MadeShard(tmp_path / "shard").put(page(1)))
        yield caller


def test_the_rpc_and_the_admin_routes_refuse_alike(caller: Caller) -> None:
    before = caller.get("/status").json
    found = set[tuple[int, bytes, str]]()
    for method, target in PUSHING:
        for good in (PUSH, ADMIN):  # the admin secret may also push
            found |= refusals(caller, method, target, good, ["guess"])
    for method, target in ADMINISTERING:
        found |= refusals(caller, method, target, ADMIN, ["guess", PUSH])
    assert len(found) == 1, found
    status, body, headers = found.pop()
    assert status == 401
    assert b"missing or wrong" in body
    assert "'www-authenticate': 'Bearer'" in headers
    assert caller.found("page") == [page(1).url]
    assert caller.get("/status").json["shards"][0]["generation"] == before["shards"][0]["generation"]


def test_the_intake_refuses_alike(tmp_path: Path) -> None:
    log = SqliteLog(str(tmp_path / "log.sqlite"))
    with taking_in("127.0.0.1:0", log, str(tmp_path), accepted=lambda: Accepted.of(PUSH, ADMIN)) as port:
        found = set[tuple[int, bytes, str]]()
        for method, target in INTAKE:
            for good in (PUSH, ADMIN):
                found |= refusals(Caller(port), method, target, good, ["guess"])
    log.close()
    assert len(found) == 1, found
    assert found.pop()[0] == 401
