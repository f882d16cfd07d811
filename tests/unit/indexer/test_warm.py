"""A warm copy: follows what replicas have, fetches what is missing, and keeps nothing else."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from lightship.indexer import warm as module
from lightship.indexer.warm import Warm, follow
from lightship.manifest import File, Manifest
from lightship.rpc.client import RpcClient
from made import Caller, MadeShard, page, served
from support import free_port, wait_until


@contextlib.contextmanager
def following(warm: Warm) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=follow, args=(warm, stop))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(30)
        assert not thread.is_alive()


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MadeShard:
    monkeypatch.setattr(module, "STEP_SECONDS", 0.05)
    return MadeShard(tmp_path / "shard").put(*map(page, range(5)))


def copy_from(tmp_path: Path, *callers: Caller) -> Warm:
    names = [f"127.0.0.1:{caller.port}" for caller in callers]
    return Warm(str(tmp_path / "standby"), MadeShard(tmp_path / "none").layout, 0, names, "")


def has(warm: Warm, manifest: Manifest) -> bool:
    """Tell whether `warm` is a copy of `manifest`, and of nothing else."""
    return warm.manifest == manifest and set(os.listdir(warm.folder)) == {*manifest.files, "manifest.json"}


def same(warm: Warm, caller: Caller) -> bool:
    """Tell whether `warm` is a copy of what is installed there."""
    found = caller.get("/rpc/v1/shards/0").body
    return warm.manifest is not None and has(warm, msgspec.json.decode(found, type=Manifest))


def test_it_follows(made: MadeShard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fetched: list[str] = []
    real = RpcClient.get_file

    async def get_file(client: RpcClient, manifest: Manifest, file: File, path: str) -> None:
        fetched.append(file.name)
        await real(client, manifest, file, path)

    monkeypatch.setattr(RpcClient, "get_file", get_file)
    with served(tmp_path / "store") as caller:
        warm = copy_from(tmp_path, caller)
        with following(warm):
            caller.push(made)
            wait_until(lambda: same(warm, caller), 30, "the first copy")
            assert len(fetched) == 6
            caller.push(made.delete(page(1).url))
            wait_until(lambda: same(warm, caller), 30, "the delete file")
            assert [name.rpartition(".")[2] for name in fetched[6:]] == ["del"]
            caller.push(made.put(page(7)))
            wait_until(lambda: same(warm, caller), 30, "another segment")
        assert len(fetched) == len(set(fetched))


def test_one_that_does_not_answer_is_passed_over(made: MadeShard, tmp_path: Path) -> None:
    with served(tmp_path / "store") as caller, served(tmp_path / "empty") as empty:
        silent = Caller(free_port())
        caller.push(made)
        warm = copy_from(tmp_path, silent, empty, caller)
        with following(warm):
            wait_until(lambda: same(warm, caller), 30, "the copy")
            caller.push(made.put(page(8)))
            wait_until(lambda: same(warm, caller), 30, "the newer copy")


def test_damaged_files_are_never_part_of_a_copy(made: MadeShard, tmp_path: Path) -> None:
    with served(tmp_path / "store") as caller, served(tmp_path / "sound") as sound:
        caller.push(made)
        name = next(name for name in os.listdir(tmp_path / "store/layouts/s1v1") if name.endswith(".store"))
        path = tmp_path / "store/layouts/s1v1" / name
        path.write_bytes(path.read_bytes()[:-1] + b"?")
        warm = copy_from(tmp_path, caller)
        with following(warm):
            wait_until(lambda: os.path.exists(warm.folder) and len(os.listdir(warm.folder)) >= 1, 30, "some files")
            assert warm.manifest is None
        sound.push(made)
        warm = copy_from(tmp_path, caller, sound)
        with following(warm):
            wait_until(lambda: same(warm, sound), 30, "the copy")
        assert (Path(warm.folder) / name).read_bytes() == (made.published / name).read_bytes()
