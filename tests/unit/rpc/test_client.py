"""The client's view of a searchengine: what it answers comes back as messages and errors of ours."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import aiohttp
import msgspec
import pytest

from lightship.errors import (
    InvalidInputError,
    LightshipError,
    NotFoundError,
    OutOfSpaceError,
    SupersededError,
    TooLargeError,
    UnauthorizedError,
    UnavailableError,
)
from lightship.rpc.client import RpcClient, _error
from lightship.rpc.messages import Installed, Missing, Problem
from made import MadeShard, page, served

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
