"""Tokens: which requests are authorized, and that a refusal reveals nothing."""

from __future__ import annotations

import inspect
import logging
import os
import time
from base64 import b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from email.utils import formatdate
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any

import pytest

from lightship.config import ADMIN_TOKEN_VARIABLE, TOKEN_VARIABLE
from lightship.core.errors import InvalidInputError, UnauthorizedError
from lightship.http import tokens
from lightship.http.callers import Neighbours
from lightship.http.tokens import Accepted, Guard, accepted, authorization, check_body, clock_hint

SECRET = "a secret of enough characters"


def scope(shown: dict[str, str], method: str = "PUT", target: str = "/x?a=%20b") -> dict[str, Any]:
    path, _, query = target.partition("?")
    headers = [(name.lower().encode(), value.encode()) for name, value in shown.items()]
    return {
        "method": method, "raw_path": path.encode(), "query_string": query.encode(), "headers": headers,
        "client": ("192.0.2.7", 5),
    }  # fmt: skip


def passes(guard: Guard, request: dict[str, Any]) -> bool:
    try:
        guard.check(request)
    except UnauthorizedError as error:
        assert str(error) == (tokens.REFUSAL if guard.guards else tokens.NOT_LOCAL)
        return False
    return True


@pytest.fixture
def guard(tmp_path: Path) -> Guard:
    return Guard([SECRET, "the old one of before"], str(tmp_path))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    now = [time.time()]
    monkeypatch.setattr(time, "time", lambda: now[0])
    yield now


@pytest.mark.parametrize(
    ("client", "shown", "near"),
    [
        ("127.0.0.1", {}, True),
        ("127.9.9.9", {"Host": "localhost:8080"}, True),
        ("::1", {"Host": "[::1]:8080"}, True),
        ("::ffff:127.0.0.1", {"Host": "127.0.0.1"}, True),
        ("127.0.0.1", {"Host": "searchengine:8080"}, True),  # nobody can buy a name without a dot
        ("127.0.0.1", {"Authorization": "Bearer of another program"}, True),
        ("127.0.0.1", {"Host": "rebound.example:8080"}, False),
        ("127.0.0.1", {"Host": "127.0.0.1.example"}, False),
        ("127.0.0.1", {"Host": "a b"}, False),
        ("127.0.0.1", {"X-Forwarded-For": "127.0.0.1"}, False),
        ("127.0.0.1", {"Forwarded": "for=127.0.0.1"}, False),
        ("192.0.2.7", {"X-Forwarded-For": "127.0.0.1"}, False),
        ("192.0.2.7", {}, False),
        ("::ffff:192.0.2.7", {}, False),
        ("172.17.0.3", {}, True),  # in a trusted network
        ("172.17.0.3", {"Host": "172.17.0.2:8080"}, True),
        ("172.17.0.1", {}, False),  # its gateway: all traffic through a published port
        ("172.18.0.3", {}, False),
        ("somewhere", {}, False),
        ("", {}, False),
    ],
)
def test_without_a_secret_this_machine_passes_and_what_is_trusted(
    tmp_path: Path, client: str, shown: dict[str, str], near: bool
) -> None:
    guard = Guard(
        [], str(tmp_path), trusted=Neighbours((IPv4Network("172.17.0.0/16"),), frozenset({IPv4Address("172.17.0.1")}))
    )
    assert passes(guard, {**scope(shown), "client": (client, 5) if client else None}) is near
    assert authorization("", "PUT", "/x") == {}
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("framing", [{"Content-Length": "5"}, {"Transfer-Encoding": "chunked"}])
@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_a_signature_has_to_bind_the_body(guard: Guard, method: str, framing: dict[str, str]) -> None:
    def signed(target: str) -> dict[str, Any]:
        return scope({**authorization(SECRET, method, target), **framing}, method, target)

    assert not passes(guard, signed("/x?a=b"))
    assert not passes(guard, signed("/x?digest="))
    assert passes(guard, signed(f"/x?digest={'0' * 64}"))
    assert passes(guard, scope({**authorization(SECRET, method, "/x"), "Content-Length": "0"}, method, "/x"))
    assert passes(guard, scope({"Authorization": f"Bearer {SECRET}", **framing}, method, "/x"))


@pytest.mark.parametrize("stray", ["lost+found", "00.txt", "-1", "٣x", " 1"])
def test_what_else_lies_in_the_folder_of_tokens_does_no_harm(guard: Guard, tmp_path: Path, stray: str) -> None:
    (tmp_path / "tokens" / stray).mkdir(parents=True)
    assert passes(guard, scope(authorization(SECRET, "PUT", "/x?a=%20b")))
    assert (tmp_path / "tokens" / stray).exists()


@pytest.mark.parametrize("shown", [f"Bearer {SECRET}", f"bearer {SECRET}", "Bearer the old one of before"])
def test_the_secret_itself_passes_any_number_of_times(guard: Guard, shown: str) -> None:
    assert passes(guard, scope({"Authorization": shown}))
    assert passes(guard, scope({"Authorization": shown}, "GET", "/other"))


@pytest.mark.parametrize("shown", ["", "Bearer", "Bearer ", f"Basic {SECRET}", SECRET, f"Bearer {SECRET} ", f"Bearer {SECRET[:-1]}",
    "Bearer lightship1.1.1.1", f"Bearer lightship1.{10**11}.{'0' * 32}.{'0' * 64}", "Bearer é"])  # fmt: skip
def test_what_is_not_the_secret_does_not_pass(guard: Guard, shown: str) -> None:
    assert not passes(guard, scope({"Authorization": shown}))


@pytest.mark.parametrize("browsers", [False, True])
def test_a_browser_may_show_the_secret_as_a_password_where_that_is_allowed(tmp_path: Path, browsers: bool) -> None:
    guard = Guard([SECRET], str(tmp_path), browsers=browsers)

    def basic(credentials: str) -> dict[str, Any]:
        return scope({"Authorization": f"Basic {b64encode(credentials.encode()).decode()}"})

    assert passes(guard, basic(f"me:{SECRET}")) is browsers
    assert passes(guard, basic(f":{SECRET}")) is browsers
    assert passes(guard, scope({"Authorization": f"Bearer {SECRET}"}))
    for wrong in ("", ":", SECRET, f"{SECRET}:", f"me:{SECRET} ", f"me:{SECRET}:"):
        assert not passes(guard, basic(wrong))
    assert not passes(guard, scope({"Authorization": "Basic ~"}))


@pytest.mark.parametrize("secret", [SECRET, f" {SECRET} , of no importance", "the old one of before"])
def test_a_signed_token_passes_once(guard: Guard, secret: str) -> None:
    shown = authorization(secret, "PUT", "/x?a=%20b")
    assert SECRET not in shown["Authorization"]
    assert passes(guard, scope(shown))
    assert not passes(guard, scope(shown))


@pytest.mark.parametrize(
    "request_of",
    [("GET", "/x?a=%20b"), ("PUT", "/x"), ("PUT", "/x?a=+b"), ("PUT", "/y?a=%20b"), ("PUT", "/x?a=%20b&c")],
)
def test_a_signed_token_is_for_its_request_alone(guard: Guard, request_of: tuple[str, str]) -> None:
    assert not passes(guard, scope(authorization(SECRET, "PUT", "/x?a=%20b"), *request_of))


def test_every_part_of_a_signed_token_is_signed(guard: Guard) -> None:
    shown = authorization(SECRET, "PUT", "/x?a=%20b")["Authorization"]
    for place in range(len("Bearer lightship1."), len(shown)):
        if shown[place] != ".":
            other = "1" if shown[place] == "0" else "0"
            assert not passes(guard, scope({"Authorization": shown[:place] + other + shown[place + 1 :]}))
    assert passes(guard, scope({"Authorization": shown}))


@pytest.mark.parametrize("off", [-3600, -62, 62, 3600])
def test_an_old_or_early_token_is_refused_and_only_the_log_says_why(
    guard: Guard, clock: list[float], off: float, caplog: pytest.LogCaptureFixture
) -> None:
    shown = authorization(SECRET, "PUT", "/x?a=%20b")
    clock[0] += off
    with caplog.at_level(logging.WARNING):
        assert not passes(guard, scope(shown))
        assert not passes(guard, scope(shown))
    assert len(caplog.records) == 1
    assert "clocks" in caplog.text
    clock[0] -= off
    assert passes(guard, scope(shown))


@pytest.mark.parametrize("off", [-58, 58])
def test_clocks_may_differ_a_little(guard: Guard, clock: list[float], off: float) -> None:
    shown = authorization(SECRET, "PUT", "/x?a=%20b")
    clock[0] += off
    assert passes(guard, scope(shown))
    assert not passes(guard, scope(shown))


def test_processes_that_share_a_folder_share_what_was_used(tmp_path: Path) -> None:
    guards = [Guard([SECRET], str(tmp_path)) for _ in range(8)]
    for _ in range(20):
        request = scope(authorization(SECRET, "PUT", "/x?a=%20b"))
        with ThreadPoolExecutor(len(guards)) as pool:
            passed = list(pool.map(lambda guard: passes(guard, request), guards))  # noqa: B023
        assert passed.count(True) == 1


def test_used_tokens_are_forgotten_when_they_are_too_old_to_be_used_again(tmp_path: Path, clock: list[float]) -> None:
    guard = Guard([SECRET], str(tmp_path))
    for _ in range(20):
        clock[0] += 60
        for _ in range(5):
            assert passes(guard, scope(authorization(SECRET, "PUT", "/x?a=%20b")))
    assert sum(len(files) for _, _, files in os.walk(tmp_path)) <= 5 * 4


def test_wrong_tokens_leave_nothing_behind(guard: Guard, tmp_path: Path) -> None:
    for _ in range(10):
        assert not passes(guard, scope(authorization("guess", "PUT", "/x?a=%20b")))
    assert not list(tmp_path.iterdir())


def test_who_is_refused_is_told_when_it_is_the_clocks() -> None:
    assert "differ by" in clock_hint("Tue, 15 Nov 1994 08:12:31 GMT")
    for date in (formatdate(time.time(), usegmt=True), None, "", "yesterday"):
        assert clock_hint(date) == ""


def test_the_body_is_bound_by_its_digest() -> None:
    check_body(None, b"anything")
    check_body("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", b"abc")
    for digest in ("", "0" * 64, "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"):
        with pytest.raises(InvalidInputError, match="digest"):
            check_body(digest, b"abc")


@pytest.mark.parametrize(
    ("push", "admin", "pushing", "administering"),
    [
        ("", "", (), ()),
        ("p", "", ("p",), ("p",)),
        ("p,q", "a", ("p", "q", "a"), ("a",)),
        ("", "a", ("a",), ("a",)),
        (" p , ,", ",", ("p",), ("p",)),
    ],
)
def test_who_may_push_and_who_may_administer(
    push: str, admin: str, pushing: tuple[str, ...], administering: tuple[str, ...]
) -> None:
    assert Accepted.of(push, admin) == Accepted(pushing, administering)
    assert repr(Accepted.of(push, admin)) == f"Accepted(trusted={Neighbours()})"


@pytest.mark.parametrize(
    ("push", "admin", "said"), [("", "", "only programs on this machine"), ("short", "", TOKEN_VARIABLE), (SECRET, "short", ADMIN_TOKEN_VARIABLE), (SECRET, SECRET, "")]
)  # fmt: skip
def test_what_is_said_at_start(
    push: str, admin: str, said: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(TOKEN_VARIABLE, push)
    monkeypatch.setenv(ADMIN_TOKEN_VARIABLE, admin)
    accepted()
    assert bool(caplog.records) == bool(said)
    assert said in caplog.text
    assert SECRET not in caplog.text


def test_comparisons_take_the_same_time() -> None:
    """The standard library guarantees it; `==` would reveal how much of a guess is right."""
    for check in (Guard._is_secret, Guard._is_signed):
        assert "compare_digest" in inspect.getsource(check)
