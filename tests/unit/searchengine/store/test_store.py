"""The data folder of a replica: what is installed, refused and removed."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import msgspec
import pytest

from lightship.core.errors import IncompatibleIndexError, InvalidInputError, SupersededError, UnavailableError
from lightship.core.manifest import File, Layout, LayoutName, Manifest
from lightship.index.storage.index_meta import COMPONENTS
from lightship.rpc.messages import Installed, Missing
from lightship.searchengine.search.replica import Replica
from lightship.searchengine.store.store import Store
from lightship.searchengine.store.validate import TRIAL
from made import DAMAGES, MadeShard, found_pages, page, push, send, send_file, stored_files


def test_missing_files_are_asked_for_and_then_it_is_installed(store: Store, made: MadeShard) -> None:
    manifest = made.manifest()
    answer = store.install(manifest, 0)
    assert isinstance(answer, Missing)
    assert set(answer.files) == manifest.files.keys()
    assert store.current() is None
    assert send(store, manifest, made.published) == Installed(1, 1)
    assert store.install(manifest, 0) == Installed(1, 1)
    assert (store.current(), store.manifest(0, "s1v2"), store.manifest(1, "s1v2")) == ("s1v2", manifest, None)
    assert found_pages(store) == ["1"]


def test_only_what_is_missing_is_asked_for(store: Store, made: MadeShard) -> None:
    push(store, made)
    old = made.manifest()
    answer = store.install(new := made.put(page(2)).manifest(), 0)
    assert isinstance(answer, Missing)
    assert set(answer.files) == new.files.keys() - old.files.keys()


def test_replaced_files_are_removed(store: Store, made: MadeShard) -> None:
    push(store, made)
    made.put(page(1, "page one anew"))
    push(store, made)
    store.make_durable()
    assert stored_files(store) == made.manifest().files.keys()


def test_older_generations_and_epochs_are_refused_with_what_is_installed(store: Store, made: MadeShard) -> None:
    made.epoch, made.generation = 5, 9
    push(store, made)
    for version in ((5, 9), (4, 99), (1, 1)):
        epoch, generation = version
        with pytest.raises(SupersededError) as refused:
            store.install(made.manifest(epoch=epoch, generation=generation), 0)
        assert refused.value.installed == (5, 10)
    send(store, made.manifest(epoch=6, generation=1), made.published)
    assert found_pages(store) == ["1"]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_refused_and_not_kept(store: Store, made: MadeShard, damage: Any) -> None:
    push(store, made)
    before = stored_files(store)
    manifest = made.put(page(2)).manifest()
    store.install(manifest, 0)
    name = min(manifest.files.keys() - before)
    with pytest.raises(InvalidInputError, match=name):
        send_file(store, manifest, manifest.files[name], damage(made.bytes_of(manifest.files[name])))
    assert stored_files(store) == before
    assert found_pages(store) == ["1"]
    send(store, manifest, made.published)
    assert found_pages(store) == ["1", "2"]


def test_a_file_that_was_damaged_on_the_disk_is_asked_for_again(store: Store, made: MadeShard) -> None:
    manifest = made.manifest()
    store.install(manifest, 0)
    for file in manifest.files.values():
        send_file(store, manifest, file, made.bytes_of(file))
    path = Path(store.layout_folder("s1v2")) / min(manifest.files)
    path.write_bytes(b"Z" * path.stat().st_size)
    assert Store(str(Path(store.layout_folder("s1v2")).parents[1])).install(manifest, 0) == Missing([path.name])


def test_an_installed_file_is_not_replaced_by_another(store: Store, made: MadeShard) -> None:
    push(store, made)
    manifest = made.manifest()
    file = min(manifest.files.values(), key=lambda file: file.name)
    content = b"another"
    other = File(file.name, len(content), hashlib.sha256(content).hexdigest())
    with pytest.raises(InvalidInputError, match="other content"):
        send_file(store, manifest, other, content)
    assert (Path(store.layout_folder("s1v2")) / file.name).read_bytes() == made.bytes_of(file)
    send_file(store, manifest, file, made.bytes_of(file))  # repeating it does no harm
    segments = [msgspec.structs.replace(s, files=[other if f == file else f for f in s.files]) for s in manifest.segments]  # fmt: skip
    with pytest.raises(InvalidInputError, match="other content"):
        store.install(made.manifest(segments=segments), 0)
    assert found_pages(store) == ["1"]


def test_a_segment_without_all_its_files_is_refused(store: Store, made: MadeShard) -> None:
    push(store, made)
    manifest = made.put(page(2)).manifest()
    for component in COMPONENTS:
        kept = [file for file in manifest.segments[0].files if not file.name.endswith(component)]
        broken = [msgspec.structs.replace(manifest.segments[0], files=kept), *manifest.segments[1:]]
        with pytest.raises(InvalidInputError, match="must have"):
            store.install(made.manifest(segments=broken), 0)
    assert found_pages(store) == ["1"]


@pytest.mark.parametrize("component", [*sorted(COMPONENTS), "del"])
@pytest.mark.parametrize("damage", [lambda _: b"", lambda b: b"?" * len(b), lambda b: b[: len(b) // 2]])
def test_a_segment_that_cannot_be_opened_is_refused(
    store: Store, made: MadeShard, component: str, damage: Any, tmp_path: Path
) -> None:
    """Its bytes match the digest in its manifest, but a searchengine started with it could not open its index."""
    push(store, made.put(page(2)))
    before = (Path(store.layout_folder("s1v2")) / "meta.json").read_bytes()
    good = made.put(*map(page, range(3, 9))).delete(page(8).url).manifest()
    segments, content = [], {}
    for segment in good.segments:
        names = []
        for file in segment.files:
            content[file.name] = made.bytes_of(file)
            if file.name.endswith(component) and file.name not in stored_files(store):
                content[file.name] = damage(content[file.name])
            digest = hashlib.sha256(content[file.name]).hexdigest()
            names.append(File(file.name, len(content[file.name]), digest))
        segments.append(msgspec.structs.replace(segment, files=names))
    bad = msgspec.structs.replace(good, segments=segments)
    assert bad != good
    answer = store.install(bad, 0)
    assert isinstance(answer, Missing)
    for name in answer.files:
        send_file(store, bad, bad.files[name], content[name])
    with pytest.raises(InvalidInputError, match="can't open"):
        store.install(bad, 0)
    assert (Path(store.layout_folder("s1v2")) / "meta.json").read_bytes() == before
    assert found_pages(store) == ["1", "2"]
    push(store, made)
    assert found_pages(store) == [str(number) for number in range(1, 8)]


def test_what_a_worker_left_that_was_killed_while_it_opened_segments_is_in_nobody_s_way(
    store: Store, made: MadeShard
) -> None:
    (Path(store.layout_folder("s1v2")) / TRIAL / "left").mkdir(parents=True)
    push(store, made)
    assert found_pages(store) == ["1"]


def test_a_file_of_another_shard_is_refused(store: Store, tmp_path: Path) -> None:
    """Otherwise its documents would be found twice, and would be lost when one of the two shards drops it."""
    first = MadeShard(tmp_path / "0", 0, 2).put(page(1))
    second = MadeShard(tmp_path / "1", 1, 2).put(page(2))
    push(store, first, second)
    with pytest.raises(InvalidInputError, match="copy"):
        store.install(second.manifest(segments=first.manifest().segments), 1)
    assert found_pages(store) == ["1", "2"]


def test_a_schema_that_is_not_read_here_is_refused(store: Store, made: MadeShard) -> None:
    manifest = made.manifest(layout=Layout(1, 999))
    with pytest.raises(InvalidInputError, match="schema 999"):
        store.install(manifest, 0)
    with pytest.raises(InvalidInputError, match="schema 999"):
        send_file(store, manifest, next(iter(manifest.files.values())), b"")
    assert not os.path.exists(store.layout_folder("s1v999"))


def test_what_was_sent_for_an_offer_that_was_given_up_is_removed(store: Store, made: MadeShard) -> None:
    push(store, made)
    given_up = made.put(page(2)).manifest()
    store.install(given_up, 0)
    for name in given_up.files.keys() - stored_files(store):
        send_file(store, given_up, given_up.files[name], made.bytes_of(given_up.files[name]))
    made.delete(page(2).url)  # its segment is gone from the next manifest
    push(store, made)
    assert stored_files(store) == made.manifest().files.keys()


def test_what_is_sent_for_one_shard_outlives_the_installs_of_another(store: Store, tmp_path: Path) -> None:
    slow, fast = MadeShard(tmp_path / "0", 0, 2).put(page(1)), MadeShard(tmp_path / "1", 1, 2)
    manifest = slow.manifest()
    store.install(manifest, 0)
    for file in manifest.files.values():
        send_file(store, manifest, file, slow.bytes_of(file))
    for number in range(2, 5):
        push(store, fast.put(page(number)))
    assert store.install(manifest, 0) == Installed(1, 1)
    assert found_pages(store) == ["1", "2", "3", "4"]


def test_a_layout_is_served_when_all_its_shards_are_there(store: Store, tmp_path: Path) -> None:
    parts = [MadeShard(tmp_path / str(number), number, 3).put(page(number)) for number in range(3)]
    for number, part in enumerate(parts):
        assert store.current() is None, number
        push(store, part)
    assert store.current() == "s3v2"
    assert found_pages(store) == ["0", "1", "2"]


def test_a_layout_that_is_dropped_while_a_file_comes_has_to_be_offered_again(
    store: Store, made: MadeShard, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = made.manifest()
    store.install(manifest, 0)
    file = next(iter(manifest.files.values()))
    real = os.fsync

    def drop(descriptor: int) -> None:
        real(descriptor)
        folder = store.layout_folder("s1v2")
        for name in os.listdir(folder):
            os.unlink(os.path.join(folder, name))
        os.rmdir(folder)

    monkeypatch.setattr(os, "fsync", drop)
    with pytest.raises(InvalidInputError, match="offer the manifest first"):
        send_file(store, manifest, file, made.bytes_of(file))


def test_clean_up_leaves_only_what_is_installed(store: Store, made: MadeShard, tmp_path: Path) -> None:
    push(store, made)
    folder = Path(store.layout_folder("s1v2"))
    for name in (f"{'a' * 32}.store", f"{'a' * 32}.store.{'b' * 32}.part", "meta.json.new"):
        (folder / name).write_bytes(b"left")
    (folder.parent / "s4v2").mkdir()
    (folder.parent / "s4v2" / f"{'a' * 32}.store").write_bytes(b"never installed")
    (folder.parent / "lost+found").write_bytes(b"not ours")
    partial = MadeShard(tmp_path / "partial", 0, 2, order=2).put(page(1))
    push(store, partial)
    store.clean_up()
    assert stored_files(store) == made.manifest().files.keys()
    assert not [name for name in os.listdir(folder) if name.endswith((".part", ".new"))]
    assert set(os.listdir(folder.parent)) == {"s1v2", "s2v2", "lost+found"}
    assert found_pages(store) == ["1"]


def test_a_folder_of_another_version_is_refused_and_left_alone(store: Store, made: MadeShard, tmp_path: Path) -> None:
    push(store, made)
    folder = tmp_path / "store"
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.name != "format"}
    (folder / "format").write_text("3\n")
    with pytest.raises(IncompatibleIndexError, match="format '3'"):
        Store(str(folder))
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.name != "format"} == before


@pytest.mark.parametrize("meta", [b"{}", b'{"payload": "[]x"}', b'{"payload": [1]}', b"[]", b'{"payload": "[{}]"}'])
def test_a_meta_of_another_version_is_refused_and_left_alone(store: Store, made: MadeShard, meta: bytes) -> None:
    push(store, made)
    path = Path(store.layout_folder("s1v2")) / "meta.json"
    path.write_bytes(meta)
    before = stored_files(store)
    for work in (store.clean_up, lambda: Replica(store)):
        with pytest.raises(IncompatibleIndexError, match="move it away") as refused:
            work()
        assert len(str(refused.value)) < 600
    assert stored_files(store) == before


def test_freshness_is_kept_beside_the_index(store: Store, made: MadeShard) -> None:
    push(store, made)
    assert store.install(made.manifest(generation=1, fresh_as_of=1234.5), 0) == Installed(1, 1)
    assert store.freshness("s1v2") == {0: 1234.5}


@pytest.mark.parametrize(
    "stray", ["fresh-x", "fresh-", "fresh-0.new", "offered-x", "lost+found", "notes.part", "old.new"]
)
def test_what_else_lies_in_its_folders_does_no_harm(store: Store, made: MadeShard, stray: str) -> None:
    push(store, made.put(page(1)))
    for folder in (store.layout_folder("s1v2"), store.folder, os.path.join(store.folder, "layouts")):
        os.makedirs(os.path.join(folder, stray))
    again = Store(store.folder)
    again.clean_up()
    assert found_pages(again) == ["1"]
    push(again, made.put(page(2)))
    assert found_pages(again) == ["1", "2"]


def test_a_heartbeat_writes_nothing_but_the_freshness(
    store: Store, made: MadeShard, monkeypatch: pytest.MonkeyPatch
) -> None:
    push(store, made)
    folder = Path(store.layout_folder("s1v2"))

    def state() -> dict[str, tuple[int, int]]:
        stats = {p.name: p.stat() for p in folder.iterdir() if not p.name.startswith("fresh-")}
        return {name: (stat.st_ino, stat.st_mtime_ns) for name, stat in stats.items()}

    before = state()
    monkeypatch.setattr(os, "fsync", lambda _: pytest.fail("a heartbeat must not wait for the disk"))
    store.install(made.manifest(generation=1), 0)
    assert state() == before


def test_a_manifest_is_of_its_shard(store: Store, made: MadeShard) -> None:
    manifest: Manifest = made.manifest()
    for shard in (1, 63, -1):
        with pytest.raises(InvalidInputError):
            store.install(manifest, shard)


def test_a_file_that_another_shard_installed_outlives_the_offers_that_named_it(store: Store, tmp_path: Path) -> None:
    first, second = MadeShard(tmp_path / "0", 0, 2), MadeShard(tmp_path / "1", 1, 2).put(page(2))
    theirs = second.manifest()
    store.install(first.manifest(segments=theirs.segments), 0)  # a copy of the other shard's folder
    push(store, second)
    store.install(first.put(page(1)).manifest(), 0)
    push(store, first)
    assert stored_files(store, "s2v2") == first.manifest().files.keys() | theirs.files.keys()
    assert found_pages(store) == ["1", "2"]


def test_only_what_is_on_offer_is_taken(store: Store, made: MadeShard, tmp_path: Path) -> None:
    manifest = made.manifest()
    file, *_ = manifest.files.values()
    with pytest.raises(InvalidInputError, match="offer the manifest first"):
        send_file(store, manifest, file, made.bytes_of(file))
    assert not os.path.exists(store.layout_folder("s1v2"))
    store.install(manifest, 0)
    other = File(file.name, 1, hashlib.sha256(b"x").hexdigest())
    for wrong in (other, File(f"{'a' * 32}.store", 1, other.digest)):
        with pytest.raises(InvalidInputError, match="offer the manifest first"):
            send_file(store, manifest, wrong, b"x")
    assert stored_files(store) == set()
    another_worker = Store(store.folder)
    send_file(another_worker, manifest, file, made.bytes_of(file))
    assert another_worker.has_offered("s1v2", 0, file.name)
    assert not store.has_offered("s1v2", 1, file.name)
    assert not store.has_offered("../s1v2", 0, file.name)
    made.put(page(1, "anew"))
    another_worker.install(made.manifest(), 0)
    assert (
        stored_files(store) == set()
    )  # the worker that received the newer offer removed the files that only the older one named


def test_a_file_that_was_altered_on_the_disk_is_not_given_to_peers(store: Store, made: MadeShard) -> None:
    manifest = made.manifest()
    store.install(manifest, 0)
    file = max(manifest.files.values(), key=lambda file: file.size)
    assert not store.has_offered("s1v2", 0, file.name)
    send_file(store, manifest, file, made.bytes_of(file))
    path = Path(store.layout_folder("s1v2"), file.name)
    path.write_bytes(b"x" * file.size)
    os.utime(path, (1, 1))
    assert not store.has_offered("s1v2", 0, file.name)


def test_what_is_given_up_while_it_comes_is_not_kept(
    store: Store, made: MadeShard, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = made.manifest()
    store.install(manifest, 0)
    file, *_ = manifest.files.values()
    content, sync = made.bytes_of(file), os.fsync
    newer = made.put(page(1, "page anew")).manifest()

    def offered_meanwhile(descriptor: int) -> None:
        monkeypatch.setattr(os, "fsync", sync)
        store.install(newer, 0)

    monkeypatch.setattr(os, "fsync", offered_meanwhile)
    with pytest.raises(InvalidInputError, match="offer the manifest first"):
        send_file(store, manifest, file, content)
    assert stored_files(store) == set()
    send(store, newer, made.published)
    assert found_pages(store) == ["1"]


def test_what_is_durable_already_is_not_synced_again(
    store: Store, made: MadeShard, monkeypatch: pytest.MonkeyPatch
) -> None:
    push(store, made)
    store.make_durable()
    monkeypatch.setattr(os, "fsync", lambda _: pytest.fail("nothing is new"))
    store.make_durable()


def test_another_log_with_lower_epochs_is_let_in_by_an_operator_only(store: Store, made: MadeShard) -> None:
    """The clock was a year ahead when the first log assigned its epochs; now that log is gone."""
    made.epoch = 10**13
    send(store, made.manifest(log_id="first"), made.published)
    made.epoch = 10**12
    anew = made.put(page(2)).manifest(log_id="second")
    with pytest.raises(SupersededError, match=r"of another document log .*`lightship promote s1v2` to accept this one"):
        store.install(anew, 0)
    assert store.promote(LayoutName.of("s1v2")).served == "s1v2"
    with pytest.raises(SupersededError, match="a newer indexer owns this shard there"):
        store.install(made.manifest(log_id="first"), 0)  # fencing still works within one log
    send(store, anew, made.published)
    assert found_pages(store) == ["1", "2"]
    send(store, made.put(page(3)).manifest(log_id="second"), made.published)
    assert found_pages(store) == ["1", "2", "3"]


def test_a_new_indexer_does_not_take_answers_back_in_time(
    store: Store, made: MadeShard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A former leader that was suspended has read more and is unaware of the new one, which can't reach the log."""
    send(store, made.manifest(positions={"0": 7, "1": 5}), made.published)
    made.epoch = 2
    for positions in ({"0": 6, "1": 9}, {"1": 9}, {}):
        with pytest.raises(UnavailableError, match="epoch 2 of shard 0 is behind"):
            store.install(made.manifest(positions=positions), 0)
    made.epoch = 1
    send(store, made.put(page(2)).manifest(positions={"0": 8, "1": 5}), made.published)
    made.epoch = 2
    with pytest.raises(UnavailableError, match="is behind what is installed"):
        store.install(made.manifest(positions={"0": 7, "1": 9}), 0)
    send(store, made.manifest(positions={"0": 8, "1": 9}), made.published)
    with pytest.raises(SupersededError):
        store.install(made.manifest(epoch=1, positions={"0": 99, "1": 99}), 0)
    # Positions of another log are not comparable
    send(store, made.manifest(epoch=3, log_id="other", positions={"0": 1}), made.published)
    # Whatever the reason, a shard is not held back indefinitely
    with pytest.raises(UnavailableError):
        store.install(made.manifest(epoch=4, log_id="other", positions={}), 0)
    monkeypatch.setattr("lightship.searchengine.store.store.HOLD_BACK_SECONDS", 0.0)
    send(store, made.manifest(epoch=4, log_id="other", positions={}), made.published)
