"""The client of a searchengine: answers are returned as messages, or raised as LightshipErrors."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
import msgspec
import pytest

from lightship.core.errors import (
    InvalidInputError,
    LightshipError,
    NotFoundError,
    OutOfSpaceError,
    SupersededError,
    TooLargeError,
    UnauthorizedError,
    UnavailableError,
)
from lightship.core.manifest import File, Layout
from lightship.http.problem import Problem
from lightship.rpc.client import RpcClient, _error
from lightship.rpc.messages import Installed, Missing, Served
from lightship.searchengine.store.store import Store
from made import MadeShard, page, send, served
from support import wait_until

T = TypeVar("T")


def call(port: int, work: Callable[[RpcClient], Awaitable[T]], token: str = "") -> T:
    async def run() -> T:
        async with aiohttp.ClientSession() as session:
            return await work(RpcClient(session, f"http://127.0.0.1:{port}", token))

    return asyncio.run(run())


@pytest.fixture
def made(tmp_path: Path) -> MadeShard:
    return MadeShard(tmp_path / "shard").put(page(1))


def test_a_push(made: MadeShard, tmp_path: Path) -> None:
    manifest = made.manifest()
    with served(tmp_path / "store", "secret") as caller:
        missing = call(caller.port, lambda client: client.put_manifest(manifest), "secret")
        assert isinstance(missing, Missing)
        for name in missing.files:
            file, path = manifest.files[name], str(made.published / name)
            call(caller.port, lambda client: client.put_file(manifest, file, path), "secret")  # noqa: B023
        assert call(caller.port, lambda client: client.put_manifest(manifest), "secret") == Installed(1, 1)
        assert caller.found("page") == [page(1).url]


def test_a_file_that_nothing_waits_for_is_sent_at_its_pace(made: MadeShard, tmp_path: Path) -> None:
    manifest = made.manifest()
    with served(tmp_path / "store") as caller:
        call(caller.port, lambda client: client.put_manifest(manifest))
        file = max(manifest.files.values(), key=lambda file: file.size)
        started = time.monotonic()
        path = str(made.published / file.name)
        call(caller.port, lambda client: client.put_file(manifest, file, path, file.size / 0.5))
        assert time.monotonic() - started >= 0.5


def test_a_pull(made: MadeShard, tmp_path: Path) -> None:
    manifest = made.manifest()
    with served(tmp_path / "store", "secret") as caller:
        with pytest.raises(NotFoundError, match="not installed here in s1v2"):
            call(caller.port, lambda client: client.get_manifest(0, made.layout), "secret")
        send(Store(str(tmp_path / "store")), manifest, made.published)
        wait_until(lambda: caller.get("/readyz").status == 200, 30, "it is served")
        assert call(caller.port, lambda client: client.get_manifest(0, made.layout), "secret") == manifest
        for name, file in manifest.files.items():
            path = str(tmp_path / name)
            call(caller.port, lambda client: client.get_file(manifest, file, path), "secret")  # noqa: B023
            assert Path(path).read_bytes() == made.bytes_of(file)
        with pytest.raises(UnauthorizedError):
            call(caller.port, lambda client: client.get_manifest(0, made.layout), "guess")


@pytest.mark.parametrize("change", [{"size": 1}, {"size": 10_000_000}, {"digest": "0" * 64}])
def test_other_bytes_than_named_are_not_kept(made: MadeShard, tmp_path: Path, change: dict[str, Any]) -> None:
    with served(tmp_path / "store") as caller:
        caller.push(made)
        manifest = made.manifest()
        file = msgspec.structs.replace(next(iter(manifest.files.values())), **change)
        with pytest.raises(UnavailableError, match=f"{file.name} that does not match its manifest"):
            call(caller.port, lambda client: client.get_file(manifest, file, str(tmp_path / "got")))
        absent = File(f"{'a' * 32}.store", 1, "0" * 64)
        with pytest.raises(NotFoundError):
            call(caller.port, lambda client: client.get_file(manifest, absent, str(tmp_path / "got")))
        assert list(tmp_path.glob("got*")) == []


@pytest.mark.parametrize("change", [{"shard": 1}, {"layout": Layout(2, 2)}, {"epoch": 0}])
def test_a_manifest_that_can_not_be_is_refused(
    made: MadeShard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any]
) -> None:
    wrong = made.manifest(**change)
    with served(tmp_path / "store") as caller:
        monkeypatch.setattr(Store, "manifest", lambda self, shard, layout: wrong)
        with pytest.raises(UnavailableError, match=r"invalid manifest|instead of"):
            call(caller.port, lambda client: client.get_manifest(0, Layout(1, 2)))


def test_an_operator_is_told_what_is_served_now(made: MadeShard, tmp_path: Path) -> None:
    with served(tmp_path / "store", "secret") as caller:
        with pytest.raises(NotFoundError, match="no former layout"):
            call(caller.port, RpcClient.roll_back, "secret")
        later = call(caller.port, lambda client: client.promote(made.layout), "secret")
        assert later == Served(None, made.layout.name, None)
        caller.push(made)
        assert call(caller.port, lambda client: client.promote(made.layout), "secret") == Served(
            made.layout.name, None, None
        )


def test_refusals(made: MadeShard, tmp_path: Path) -> None:
    manifest = made.manifest()
    file = next(iter(manifest.files.values()))
    other = str(made.published / max(manifest.files))
    with served(tmp_path / "store", "secret") as caller:
        with pytest.raises(UnauthorizedError, match="LIGHTSHIP_TOKEN"):
            call(caller.port, lambda client: client.put_manifest(manifest), "guess")
        with pytest.raises(InvalidInputError, match=file.name):
            call(caller.port, lambda client: client.put_file(manifest, msgspec.structs.replace(file, size=1), other), "secret")  # fmt: skip
        caller.push(made)
        with pytest.raises(SupersededError) as refused:
            call(caller.port, lambda client: client.put_manifest(manifest), "secret")
        assert refused.value.installed == (1, 2)


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, InvalidInputError), (401, UnauthorizedError), (404, NotFoundError), (409, SupersededError),
     (413, TooLargeError), (503, UnavailableError), (507, OutOfSpaceError), (500, LightshipError), (302, LightshipError)],
)  # fmt: skip
def test_each_status_is_its_error(status: int, kind: type[LightshipError]) -> None:
    error = _error(status, msgspec.json.encode(Problem("what was wrong")))
    assert (type(error), str(error)) == (kind, "what was wrong")
    for body in (b"", b"<html>", b"\xff", b"[]"):
        assert str(_error(status, body)) == f"HTTP status {status}"
