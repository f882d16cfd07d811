"""An index that is made durable shortly after it is served survives a power loss, a kill or a full disk."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
from pathlib import Path
from typing import Any

import msgspec
import pytest

from lightship.core.errors import InvalidInputError, OutOfSpaceError
from lightship.core.manifest import File, Manifest
from lightship.rpc.messages import Installed
from lightship.runtime.files import sync
from lightship.searchengine.search.replica import Replica
from lightship.searchengine.store import durability
from lightship.searchengine.store.store import Store
from made import MadeShard, found_pages, page, push, stored_files


def folder_of(store: Store) -> Path:
    return Path(store.layout_folder("s1v2"))


def install(store: Store, made: MadeShard) -> Manifest:
    """Install what is committed with all files enclosed, so that nothing is synced."""
    manifest = made.manifest()
    assert store.install(manifest, 0, made.contents_of(manifest)) == Installed(manifest.epoch, manifest.generation)
    return manifest


def restarted(store: Store) -> Store:
    again = Store(store.folder)
    again.clean_up()
    return again


def lose(path: Path, content: bytes | None = b"") -> None:
    """Simulate a power loss for a file that was not synced: it is gone (None), or has other bytes."""
    path.unlink()
    if content is not None:
        path.write_bytes(content)


def test_what_is_made_durable_while_others_make_more_of_it_durable_goes_not_back(
    store: Store, made: MadeShard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One worker flips to the layout, which makes it durable, while another one syncs an older state of it."""
    push(store, made)
    install(store, made.put(page(1, "page one anew")))

    def overtaken(folder: str) -> None:
        sync(folder)
        if not os.path.isdir(folder):
            return
        monkeypatch.setattr("lightship.searchengine.store.durability.sync", sync)
        other = Store(store.folder)
        install(other, made.put(page(1, "page one anew again")))
        with other.layouts.locked():
            durability.make_durable(folder)  # like a flip
        install(other, made.put(page(2)))

    monkeypatch.setattr("lightship.searchengine.store.durability.sync", overtaken)
    store.make_durable()
    assert durability.durable_names(str(folder_of(store))) <= stored_files(store)
    lose(folder_of(store) / "meta.json")
    assert found_pages(restarted(store)) == ["1"]


def test_a_disk_that_is_full_for_the_note_of_what_is_durable_stops_no_commit(
    store: Store, made: MadeShard, monkeypatch: pytest.MonkeyPatch
) -> None:
    push(store, made)
    install(store, made.put(page(2)))
    real = open

    class Full:
        def __init__(self, file: Any) -> None:
            self.file = file

        def __enter__(self) -> Any:
            return self

        def __exit__(self, *_: object) -> None:
            self.file.close()

        def write(self, _: bytes) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    def full(path: Any, mode: str = "r", *more: Any) -> Any:
        file = real(path, mode, *more)
        return Full(file) if "w" in mode else file

    with monkeypatch.context() as patch, contextlib.suppress(OutOfSpaceError):
        patch.setattr("builtins.open", full)
        store.make_durable()
    install(store, made.put(page(3)))
    assert found_pages(store) == ["1", "2", "3"]


@pytest.mark.parametrize("content", [b"", bytes(50)])
def test_a_power_loss_in_the_first_install_leaves_nothing_or_all_of_it(
    store: Store, made: MadeShard, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    """The power fails before the first sync after the rename of meta.json; everything unsynced is lost."""
    synced = set[int]()
    folder = folder_of(store)
    real = os.fsync

    class PowerLossError(BaseException):
        pass

    def fsync(descriptor: int) -> None:
        if (folder / "meta.json").exists():
            raise PowerLossError
        real(descriptor)
        synced.add(os.fstat(descriptor).st_ino)

    monkeypatch.setattr(os, "fsync", fsync)
    with contextlib.suppress(PowerLossError):
        install(store, made)
    monkeypatch.undo()
    for path in folder.iterdir():
        if path.is_file() and path.stat().st_ino not in synced:
            lose(path, content)
    again = restarted(store)
    manifest = again.manifest(0, "s1v2")
    assert manifest is None or manifest.files.keys() <= stored_files(again)
    install(again, made)
    assert found_pages(again) == ["1"]


def test_a_layout_that_was_moved_away_is_sent_again(store: Store, made: MadeShard) -> None:
    """As the messages advise: move it away, and the indexers will push it again."""
    push(store, made)
    shutil.rmtree(folder_of(store))
    again = restarted(store)
    assert not Replica(again).ready
    push(again, made)
    assert found_pages(again) == ["1"]


def broken(made: MadeShard) -> tuple[Manifest, dict[str, bytes]]:
    """Return a manifest that can't be opened, and the contents of its files."""
    good, contents = made.manifest(), {}
    segments = []
    for segment in good.segments:
        renamed = []
        for file in segment.files:
            contents[file.name] = b"?" * file.size
            renamed.append(File(file.name, file.size, hashlib.sha256(contents[file.name]).hexdigest()))
        segments.append(msgspec.structs.replace(segment, files=renamed))
    return msgspec.structs.replace(good, segments=segments), contents


def test_nothing_is_kept_that_was_enclosed_with_a_manifest_that_is_refused(
    store: Store, made: MadeShard, tmp_path: Path
) -> None:
    push(store, made)
    before = stored_files(store)
    bad, contents = broken(MadeShard(tmp_path / "bad", epoch=2).put(page(2)))
    with pytest.raises(InvalidInputError, match="can't open"):
        store.install(bad, 0, contents)
    assert stored_files(store) == before


def test_when_the_disk_is_full_nothing_is_kept_of_what_was_enclosed(
    store: Store, made: MadeShard, monkeypatch: pytest.MonkeyPatch
) -> None:
    push(store, made)
    before = stored_files(store)
    real, left = os.rename, iter([False] * 3)

    def full(source: str, target: str) -> None:
        if next(left, True):
            raise OSError(errno.ENOSPC, "No space left on device")
        real(source, target)

    with monkeypatch.context() as patch, pytest.raises(OutOfSpaceError):
        patch.setattr(os, "rename", full)
        install(store, made.put(page(2)))
    assert stored_files(store) == before


def test_after_a_power_loss_it_is_not_called_fresher_than_what_is_left(store: Store, made: MadeShard) -> None:
    push(store, made)
    store.make_durable()
    durable_one = store.manifest(0, "s1v2")
    assert durable_one
    install(store, made.put(page(2)))
    lose(folder_of(store) / "meta.json")
    again = restarted(store)
    assert Replica(again).fresh_as_of(durable_one) == durable_one.fresh_as_of


@pytest.mark.parametrize("name", ["durable.json", "durable.next"])
@pytest.mark.parametrize("content", [b"", bytes(50), b"{}"])
def test_a_note_of_what_is_durable_that_cannot_be_read_is_written_anew(
    store: Store, made: MadeShard, name: str, content: bytes
) -> None:
    push(store, made)
    install(store, made.put(page(2)))
    (folder_of(store) / name).unlink(missing_ok=True)
    (folder_of(store) / name).write_bytes(content)
    install(store, made.put(page(3)))
    again = restarted(store)
    assert found_pages(again) == ["1", "2", "3"]
    again.make_durable()
    assert (folder_of(store) / "durable.json").read_bytes() == (folder_of(store) / "meta.json").read_bytes()


def test_what_is_left_of_a_layout_that_was_removed_is_not_gone_back_to(
    store: Store, made: MadeShard, monkeypatch: pytest.MonkeyPatch
) -> None:
    push(store, made)
    with monkeypatch.context() as patch:
        patch.setattr(
            shutil, "rmtree", lambda *_, **__: None
        )  # as if it could not be removed because of a concurrent write
        store.layouts.remove("s1v2")
    assert not (folder_of(store) / "durable.json").exists()


def test_all_that_was_made_durable_outlives_a_power_loss(
    store: Store, made: MadeShard, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced = set[int]()
    real = os.fsync

    def fsync(descriptor: int) -> None:
        real(descriptor)
        synced.add(os.fstat(descriptor).st_ino)

    monkeypatch.setattr(os, "fsync", fsync)
    push(store, made)
    install(store, made.put(page(2)))
    store.make_durable()
    for path in [path for path in folder_of(store).iterdir() if path.is_file() and path.stat().st_ino not in synced]:
        lose(path)
    assert found_pages(restarted(store)) == ["1", "2"]


def test_what_is_being_made_durable_is_not_removed(
    store: Store, made: MadeShard, monkeypatch: pytest.MonkeyPatch
) -> None:
    push(store, made)
    install(store, made.put(page(1, "page one anew")))

    def replaced(folder: str) -> None:
        monkeypatch.setattr("lightship.searchengine.store.durability.sync", sync)
        sync(folder)
        install(Store(store.folder), made.put(page(1, "page one anew again")))

    monkeypatch.setattr("lightship.searchengine.store.durability.sync", replaced)
    store.make_durable()
    assert durability.durable_names(str(folder_of(store))) <= stored_files(store)
    lose(folder_of(store) / "meta.json")
    assert found_pages(restarted(store)) == ["1"]


@pytest.mark.parametrize("content", [None, b"", bytes(100)])
@pytest.mark.parametrize("what", ["meta.json", "a file"])
def test_after_a_power_loss_it_goes_on_with_what_was_durable(
    store: Store, made: MadeShard, what: str, content: bytes | None
) -> None:
    push(store, made)
    store.make_durable()
    kept = install(store, made.put(page(2)))
    store.make_durable()
    lost = install(store, made.put(page(1, "page one anew")).put(page(3)))
    if what == "meta.json" and content is None:
        return  # a rename leaves the old file or the new one
    name = what if what == "meta.json" else min(lost.files.keys() - kept.files.keys())
    lose(folder_of(store) / name, content)
    again = restarted(store)
    assert again.manifest(0, "s1v2") == kept
    assert found_pages(again) == ["1", "2"]
    assert again.install(lost, 0, made.contents_of(lost)) == Installed(1, 3)
    assert found_pages(again) == ["1", "2", "3"]


def test_after_a_power_loss_what_is_whole_is_kept(store: Store, made: MadeShard) -> None:
    push(store, made)
    newest = install(store, made.put(page(2)))
    again = restarted(store)
    assert (again.manifest(0, "s1v2"), found_pages(again)) == (newest, ["1", "2"])
