"""A warm copy: follows the replicas, fetches missing files, and keeps nothing else."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from lightship.core.manifest import File, Manifest
from lightship.indexer.recovery import standby as module
from lightship.indexer.recovery.standby import StandbyCopy, follow
from lightship.rpc.client import RpcClient
from made import Caller, MadeShard, page, served
from support import free_port, wait_until


@contextlib.contextmanager
def following(standby: StandbyCopy) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=follow, args=(standby, stop))
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


def copy_from(tmp_path: Path, *callers: Caller) -> StandbyCopy:
    names = [f"127.0.0.1:{caller.port}" for caller in callers]
    return StandbyCopy(str(tmp_path / "standby"), MadeShard(tmp_path / "none").layout, 0, names, "")


def has(standby: StandbyCopy, manifest: Manifest) -> bool:
    """Whether `standby` is a copy of exactly `manifest`."""
    return standby.manifest == manifest and set(os.listdir(standby.folder)) == {*manifest.files, "manifest.json"}


def same(standby: StandbyCopy, caller: Caller) -> bool:
    """Whether `standby` is a copy of the state installed there."""
    found = caller.get("/rpc/v1/shards/0").body
    return standby.manifest is not None and has(standby, msgspec.json.decode(found, type=Manifest))


def test_it_follows(made: MadeShard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fetched: list[str] = []
    real = RpcClient.get_file

    async def get_file(client: RpcClient, manifest: Manifest, file: File, path: str) -> None:
        fetched.append(file.name)
        await real(client, manifest, file, path)

    monkeypatch.setattr(RpcClient, "get_file", get_file)
    with served(tmp_path / "store") as caller:
        standby = copy_from(tmp_path, caller)
        with following(standby):
            caller.push(made)
            wait_until(lambda: same(standby, caller), 30, "the first copy")
            assert len(fetched) == 6
            caller.push(made.delete(page(1).url))
            wait_until(lambda: same(standby, caller), 30, "the delete file")
            assert [name.rpartition(".")[2] for name in fetched[6:]] == ["del"]
            caller.push(made.put(page(7)))
            wait_until(lambda: same(standby, caller), 30, "another segment")
        assert len(fetched) == len(set(fetched))


def test_only_what_was_published_here_and_is_still_there_is_linked(made: MadeShard, tmp_path: Path) -> None:
    """The one is gone from the disk, and the other is not of this manifest: both are fetched."""
    manifest = made.manifest()
    gone, other, *_ = manifest.files.values()
    published = tmp_path / "standby" / "published"
    published.mkdir(parents=True)
    for file in manifest.files.values():
        if file is not gone:
            (published / file.name).write_bytes(made.bytes_of(file) if file is not other else bytes(file.size))
    standby = StandbyCopy(str(tmp_path / "standby"), made.layout, 0, [], "")
    os.mkdir(standby.folder)
    standby._link(manifest, {file.name: file for file in manifest.files.values() if file is not other})
    assert set(os.listdir(standby.folder)) == manifest.files.keys() - {gone.name, other.name}


def test_one_that_does_not_answer_is_passed_over(made: MadeShard, tmp_path: Path) -> None:
    with served(tmp_path / "store") as caller, served(tmp_path / "empty") as empty:
        silent = Caller(free_port())
        caller.push(made)
        standby = copy_from(tmp_path, silent, empty, caller)
        with following(standby):
            wait_until(lambda: same(standby, caller), 30, "the copy")
            caller.push(made.put(page(8)))
            wait_until(lambda: same(standby, caller), 30, "the newer copy")


def test_damaged_files_are_never_part_of_a_copy(made: MadeShard, tmp_path: Path) -> None:
    with served(tmp_path / "store") as caller, served(tmp_path / "sound") as sound:
        caller.push(made)
        name = next(name for name in os.listdir(tmp_path / "store/layouts/s1v2") if name.endswith(".store"))
        path = tmp_path / "store/layouts/s1v2" / name
        path.write_bytes(path.read_bytes()[:-1] + b"?")
        standby = copy_from(tmp_path, caller)
        with following(standby):
            wait_until(
                lambda: os.path.exists(standby.folder) and len(os.listdir(standby.folder)) >= 1, 30, "some files"
            )
            assert standby.manifest is None
        sound.push(made)
        standby = copy_from(tmp_path, caller, sound)
        with following(standby):
            wait_until(lambda: same(standby, sound), 30, "the copy")
        assert (Path(standby.folder) / name).read_bytes() == (made.published / name).read_bytes()
