"""Files that are sent ahead of a manifest, or enclosed with it."""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path
from typing import Any

import msgspec
import pytest

from lightship.core.errors import InvalidInputError, OutOfSpaceError
from lightship.core.manifest import Manifest
from lightship.rpc.messages import Installed, Missing
from lightship.searchengine.store import files
from lightship.searchengine.store.store import Store
from made import DAMAGES, MadeShard, found_pages, page, push, send, send_file, stored_files


def coming_with(made: MadeShard, later: Manifest) -> Manifest:
    """Return a manifest of what is published, with the segments of `later` in `coming`."""
    return made.manifest(coming=[file for name, file in later.files.items() if not name.endswith(".del")])


def test_what_is_coming_is_asked_for_kept_and_not_sent_again(store: Store, made: MadeShard, tmp_path: Path) -> None:
    push(store, made)
    merged = MadeShard(tmp_path / "merged").put(page(1), page(2))
    later = merged.manifest()
    with_it = coming_with(made, later)
    answer = store.install(with_it, 0)
    assert answer == Installed(1, with_it.generation, lacks=list(later.files))
    for file in later.files.values():
        send_file(store, with_it, file, merged.bytes_of(file))
    again = made.put(page(3)).manifest(coming=with_it.coming)
    assert (
        send(store, again, made.published).lacks == []
    )  # installed meanwhile, and the received files were not removed
    assert found_pages(store) == ["1", "3"]
    last = msgspec.structs.replace(again, generation=9, segments=later.segments, coming=[])
    assert store.install(last, 0) == Installed(1, 9)
    store.make_durable()
    assert (found_pages(store), stored_files(store)) == (["1", "2"], set(later.files))


def test_what_is_not_coming_any_more_is_removed(store: Store, made: MadeShard, tmp_path: Path) -> None:
    push(store, made)
    merged = MadeShard(tmp_path / "merged").put(page(1), page(2))
    with_it = coming_with(made, merged.manifest())
    store.install(with_it, 0)
    for file in with_it.coming:
        send_file(store, with_it, file, merged.bytes_of(file))
    assert store.has_offered("s1v2", 0, with_it.coming[0].name)
    store.install(made.manifest(), 0)
    assert not store.has_offered("s1v2", 0, with_it.coming[0].name)
    assert not stored_files(store) & {file.name for file in with_it.coming}
    with pytest.raises(InvalidInputError, match="offer the manifest first"):
        send_file(store, with_it, with_it.coming[0], merged.bytes_of(with_it.coming[0]))


def test_what_is_enclosed_is_installed_at_once(store: Store, made: MadeShard) -> None:
    manifest = made.manifest()
    assert store.install(manifest, 0, made.contents_of(manifest)) == Installed(1, 1)
    assert found_pages(store) == ["1"]
    assert stored_files(store) == manifest.files.keys()


def test_what_is_not_enclosed_is_asked_for(store: Store, made: MadeShard) -> None:
    manifest = made.manifest()
    contents = made.contents_of(manifest)
    left = contents.pop(min(contents))
    assert store.install(manifest, 0, contents) == Missing([min(manifest.files)])
    send_file(store, manifest, manifest.files[min(manifest.files)], left)
    assert store.install(manifest, 0) == Installed(1, 1)
    assert found_pages(store) == ["1"]


@pytest.mark.parametrize("damage", DAMAGES)
def test_when_one_enclosed_file_is_damaged_none_is_kept(store: Store, made: MadeShard, damage: Any) -> None:
    push(store, made)
    before = stored_files(store)
    manifest = made.put(page(2)).manifest()
    contents = made.contents_of(manifest)
    name = max(manifest.files.keys() - before)
    contents[name] = damage(contents[name])
    with pytest.raises(InvalidInputError, match=name):
        store.install(manifest, 0, contents)
    assert stored_files(store) == before
    assert found_pages(store) == ["1"]


@pytest.mark.parametrize("calls", range(8))
def test_when_the_disk_is_full_for_what_is_enclosed_the_old_view_stays(
    store: Store, made: MadeShard, monkeypatch: pytest.MonkeyPatch, calls: int
) -> None:
    push(store, made)
    manifest = made.put(page(2)).manifest()
    real, left = os.rename, iter([False] * calls)

    def full(source: str, target: str) -> None:
        if next(left, True):
            raise OSError(errno.ENOSPC, "No space left on device")
        real(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "rename", full)
        with contextlib.suppress(OutOfSpaceError):
            store.install(manifest, 0, made.contents_of(manifest))
            assert calls > 6
    assert store.install(manifest, 0, made.contents_of(manifest)) == Installed(1, 2)
    store.make_durable()
    assert (found_pages(store), stored_files(store)) == (["1", "2"], set(manifest.files))


def test_an_install_of_one_shard_has_no_file_of_another_read_again(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = (MadeShard(tmp_path / str(number), number, 2).put(page(number)) for number in range(2))
    offered = one.manifest()
    store.install(offered, 0)
    for file in offered.files.values():
        send_file(store, offered, file, one.bytes_of(file))
    push(store, other)
    push(store, other.put(page(3)))
    read = list[str]()

    def read_again(path: str) -> str:
        read.append(path)
        return ""

    monkeypatch.setattr(files, "digest_of_file", read_again)
    assert store.install(offered, 0) == Installed(1, offered.generation)
    assert read == []
    assert store._files._digests == {}
