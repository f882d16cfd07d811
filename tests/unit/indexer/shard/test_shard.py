"""A shard with a real log: where it resumes after a crash, what it publishes, and when."""

from __future__ import annotations

import itertools
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lightship.core.errors import IncompatibleIndexError, UnavailableError
from lightship.core.manifest import Layout, Manifest
from lightship.core.model import Change, partition_of, shard_of
from lightship.doclog import Entry, open_log
from lightship.doclog.sqlite import SqliteLog
from lightship.index.fields.schema import SCHEMA_VERSION
from lightship.index.storage import segments
from lightship.index.storage.index_meta import note_meta
from lightship.index.writer import IndexWriter
from lightship.indexer.recovery.positions import Positions
from lightship.indexer.shard import shard as module
from lightship.indexer.shard import tiers
from lightship.indexer.shard.shard import Shard
from lightship.searchengine.search.replica import Replica
from lightship.searchengine.store.store import Store
from made import page, send, urls
from support import wait_until

STOPPED = threading.Event()


class Crash(BaseException):
    """The process dies here."""


class Indexed:
    """Successive shards in one folder, on one log; collects what they publish."""

    def __init__(self, folder: Path, shards: int = 1) -> None:
        self.folder, self.shards = folder, shards
        self.log = open_log(f"sqlite://{folder}/log.sqlite")
        self.published: list[Manifest] = []
        self.epoch = 0

    def put(self, *numbers: int, text: str = "") -> None:
        self.log.put([Change.put(page(number, text)) for number in numbers])

    def delete(self, *numbers: int) -> None:
        self.log.put([Change.delete(page(number).url) for number in numbers])

    def start(self, shard: int = 0) -> Shard:
        self.epoch += 1
        return Shard(
            self.log, str(self.folder / f"indexer-{shard}"), layout=Layout(self.shards, SCHEMA_VERSION), order=self.shards, shard=shard,
            epoch=self.epoch, heap_bytes=16 << 20, threads=1, publish=self.published.append,
        )  # fmt: skip

    def catch_up(self, shard: Shard) -> int:
        """Index the whole log, publish, shut down cleanly; return the number of applied changes."""
        while shard._read_round(STOPPED):
            pass
        shard.finish()
        shard.close()
        return shard.applied

    def found(self, shard: int = 0) -> dict[str, str]:
        """Return the texts that a replica with the last manifest finds, by page number."""
        store = Store(str(self.folder / f"store-{len(self.published)}"))
        send(store, self.published[-1], self.folder / f"indexer-{shard}" / f"s{self.shards}v2" / "published")
        replica = Replica(store)
        found = urls(replica, "page", size=100)
        assert len(found) == len(set(found)), "a page is found twice"
        return {url.rpartition("/")[2]: "" for url in found}


@pytest.fixture
def indexed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Indexed]:
    monkeypatch.setattr(Shard, "_pace", lambda _: 1000.0)  # a busy machine commits no earlier than a quick one
    made = Indexed(tmp_path)
    yield made
    made.log.close()


def test_while_nothing_changes_the_last_manifest_is_repeated_and_fresher_each_time(
    indexed: Indexed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "HEARTBEAT", 0.02)
    indexed.put(1)
    shard, stop = indexed.start(), threading.Event()
    thread = threading.Thread(target=shard.run, args=(stop,))
    thread.start()
    try:
        wait_until(lambda: [each.generation for each in indexed.published].count(1) >= 5, 10, "heartbeats")
    finally:
        stop.set()
        thread.join()
        shard.close()
    fresh = [manifest.fresh_as_of for manifest in indexed.published if manifest.generation == 1]
    assert all(earlier < later for earlier, later in itertools.pairwise(fresh))


def keys(*numbers: int) -> set[str]:
    return set(map(str, numbers))


def test_a_restart_goes_on_where_it_was(indexed: Indexed) -> None:
    indexed.put(*range(20))
    assert indexed.catch_up(indexed.start()) == 20
    indexed.put(20, 21)
    assert indexed.catch_up(indexed.start()) == 2
    assert indexed.catch_up(indexed.start()) == 0
    assert indexed.found().keys() == keys(*range(22))


def test_deletes_and_newer_versions(indexed: Indexed) -> None:
    indexed.put(1, 2, 3)
    shard = indexed.start()
    shard._read_round(STOPPED)
    indexed.delete(1)
    indexed.put(2, text="page two, newer")
    shard._read_round(STOPPED)  # all of it in one commit
    indexed.put(4)
    indexed.delete(4)
    indexed.catch_up(shard)
    assert indexed.found().keys() == keys(2, 3)
    indexed.put(1)
    indexed.catch_up(indexed.start())
    assert indexed.found().keys() == keys(1, 2, 3)
    assert indexed.published[-1].documents == 3


def dying(method: Callable[..., object], *, after: bool) -> Callable[..., None]:
    def die(*arguments: object, **more: object) -> None:
        if after:
            method(*arguments, **more)
        raise Crash

    return die


@pytest.mark.parametrize(
    ("most", "owner", "name", "after", "again"),
    [
        (0, Positions, "write_ahead", False, 3),
        (0, Positions, "write_ahead", True, 3),
        (0, IndexWriter, "commit", True, 0),
        (0, Shard, "_publish_snapshot", False, 0),
        (0, Shard, "_publish_snapshot", True, 0),
        (500, IndexWriter, "commit", False, 3),
        (500, IndexWriter, "commit", True, 3),
        (500, Shard, "_publish_snapshot", False, 3),
        (500, Shard, "_publish_snapshot", True, 3),
    ],
)
def test_a_crash_at_any_point_of_a_commit(
    indexed: Indexed, monkeypatch: pytest.MonkeyPatch, most: int, owner: type, name: str, after: bool, again: int
) -> None:
    """Nothing is lost or duplicated, and changes in the large index are not applied again."""
    monkeypatch.setattr(tiers, "SMALL_MOST", most)
    indexed.put(*range(10))
    indexed.catch_up(indexed.start())
    shard = indexed.start()
    indexed.put(10, 11)
    indexed.delete(3)
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, dying(getattr(owner, name), after=after))
        shard._read_round(STOPPED)
        with pytest.raises(Crash):
            shard._commit()
    del shard  # gives the index's lock up, as the end of a process does
    assert indexed.catch_up(indexed.start()) == again
    assert indexed.found().keys() == keys(*(set(range(12)) - {3}))
    assert indexed.catch_up(indexed.start()) == 0


def test_two_crashes_in_a_row_before_the_commit(indexed: Indexed, monkeypatch: pytest.MonkeyPatch) -> None:
    """A record written ahead of a commit that never happened must not be taken for that of an older one."""
    indexed.put(1)
    indexed.catch_up(indexed.start())
    for number in (2, 3):
        indexed.put(number)
        shard = indexed.start()
        with monkeypatch.context() as patch:
            patch.setattr(IndexWriter, "commit", dying(IndexWriter.commit, after=False))
            shard._read_round(STOPPED)
            with pytest.raises(Crash):
                shard._commit()
        del shard
    assert indexed.catch_up(indexed.start()) == 2
    assert indexed.found().keys() == keys(1, 2, 3)


def replace_log(indexed: Indexed) -> None:
    indexed.log.close()
    for path in indexed.folder.glob("log.sqlite*"):
        path.unlink()
    indexed.log = open_log(f"sqlite://{indexed.folder}/log.sqlite")


def test_another_log_means_another_index(indexed: Indexed) -> None:
    indexed.put(*range(10))
    indexed.catch_up(indexed.start())
    replace_log(indexed)
    indexed.put(*range(100, 103))
    assert indexed.catch_up(indexed.start()) == 3
    assert indexed.found().keys() == keys(100, 101, 102)
    assert indexed.published[-1].log_id != indexed.published[0].log_id


def test_a_position_above_the_head_or_below_the_floor_means_anew(indexed: Indexed) -> None:
    indexed.put(*range(10))
    indexed.catch_up(indexed.start())
    partition = partition_of(page(3).url)
    indexed.delete(3)
    indexed.put(3)
    indexed.log.prune(partition, 10**6)
    assert indexed.catch_up(indexed.start()) == 10
    assert indexed.found().keys() == keys(*range(10))


def test_a_lost_positions_file_means_anew(indexed: Indexed) -> None:
    indexed.put(*range(5))
    indexed.catch_up(indexed.start())
    (path,) = indexed.folder.glob("indexer-0/*/positions.json")
    for content in (b"", b"{", b"[]", None):
        path.unlink() if content is None else path.write_bytes(content)
        assert indexed.catch_up(indexed.start()) == 5
    assert indexed.found().keys() == keys(*range(5))


def test_nothing_less_than_the_log_held_at_the_start_is_published(
    indexed: Indexed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "READ_LIMIT", 2)
    monkeypatch.setattr(Shard, "_pace", lambda _: 0.0)
    indexed.put(*range(90))
    shard = indexed.start()
    while shard._read_round(STOPPED):
        pass
    assert {manifest.documents for manifest in indexed.published} <= {90}
    shard._publish_snapshot()
    assert indexed.published[-1].documents == 90


def test_a_rebuild_that_was_interrupted_is_not_published_either(indexed: Indexed) -> None:
    indexed.put(*range(50))
    indexed.catch_up(indexed.start())
    replace_log(indexed)
    indexed.put(*range(100, 140))
    indexed.published.clear()
    shard = indexed.start()
    stop = threading.Event()
    real = shard._apply

    def apply(entry: object) -> None:
        real(entry)  # type: ignore[arg-type]
        stop.set()  # after the first partition that has something

    shard._apply = apply  # type: ignore[method-assign]
    shard.run(stop)
    shard.close()
    assert 0 < shard.applied < 40
    assert indexed.published == []
    again = indexed.start()
    again._publish_snapshot()
    assert indexed.published == []
    indexed.catch_up(again)
    assert indexed.published[0].documents == 40


def test_new_changes_do_not_keep_it_from_publishing(indexed: Indexed) -> None:
    """Otherwise it would never catch up with a log that is continuously written."""
    indexed.put(*range(10))
    shard = indexed.start()
    shard._read_round(STOPPED)
    for number in range(10, 14):
        indexed.put(*range(number * 100, number * 100 + 100))
        shard._read_round(STOPPED)
    shard._commit()
    assert indexed.published


def test_the_same_files_are_no_new_generation(indexed: Indexed, monkeypatch: pytest.MonkeyPatch) -> None:
    """A merge may end between checking for changed files and listing them: then the next check sees nothing new."""
    shard = indexed.start()
    monkeypatch.setattr(shard._snapshots, "changed", object)
    versions = []
    for number in (1, 2):
        indexed.put(number)
        shard._read_round(STOPPED)
        shard._commit()
        versions.append(indexed.published[-1].version)
        shard._publish_snapshot()
        assert indexed.published[-1].version == versions[-1]
    assert versions[0] < versions[1]


def test_generations_grow_when_files_change_and_only_then(indexed: Indexed, monkeypatch: pytest.MonkeyPatch) -> None:
    shard = indexed.start()
    monkeypatch.setattr(segments, "KEEP_SECONDS", 0.0)
    for number in range(12):  # enough for a merge
        indexed.put(number)
        shard._read_round(STOPPED)
        shard._commit()
        shard._publish_snapshot()
    wait_until(lambda: len(os.listdir(shard._tiers.folders[1])) < 60, 30, "a merge")
    shard._publish_snapshot()
    indexed.catch_up(shard)
    versions = [manifest.version for manifest in indexed.published]
    assert versions == sorted(versions)
    by_version: dict[tuple[int, int], list[str]] = {}
    for manifest in indexed.published:
        assert by_version.setdefault(manifest.version, sorted(manifest.files)) == sorted(manifest.files)
    assert len({tuple(files) for files in by_version.values()}) == len(by_version)
    assert len(indexed.published[-1].segments) < 12
    assert indexed.published[-1].documents == 12
    published = set(os.listdir(indexed.folder / "indexer-0" / "s1v2" / "published"))
    assert published == indexed.published[-1].files.keys()


def test_a_change_that_changes_no_file_is_published_as_a_new_generation(indexed: Indexed) -> None:
    shard = indexed.start()
    indexed.put(1)
    shard._read_round(STOPPED)
    shard._commit()
    before = indexed.published[-1]
    indexed.delete(2)  # which was never there
    shard._read_round(STOPPED)
    shard._commit()
    after = indexed.published[-1]
    assert (after.generation, after.files) == (before.generation + 1, before.files)
    partition = str(partition_of(page(2).url))
    assert after.positions[partition] == 2 > before.positions[partition]
    shard._publish_snapshot()
    assert indexed.published[-1].version == after.version
    indexed.catch_up(shard)


def test_files_that_are_no_longer_needed_go_although_nothing_changes(
    indexed: Indexed, monkeypatch: pytest.MonkeyPatch
) -> None:
    shard = indexed.start()
    for text in ("first", "second"):
        indexed.put(1, text=text)
        while shard._read_round(STOPPED):
            pass
        shard._commit()
    published = indexed.folder / "indexer-0" / "s1v2" / "published"
    wanted = indexed.published[-1].wanted.keys()
    assert {path.name for path in published.iterdir()} > wanted, "a running push still finds them"
    monkeypatch.setattr(segments, "KEEP_SECONDS", 0.0)
    shard._publish_snapshot()
    assert {path.name for path in published.iterdir()} == wanted
    shard.close()


def test_memory_is_given_back_while_there_is_nothing_to_read(indexed: Indexed, monkeypatch: pytest.MonkeyPatch) -> None:
    given = list[float]()
    monkeypatch.setattr(module, "TIDY_SECONDS", 0.0)
    monkeypatch.setattr(module, "release_free_memory", lambda: given.append(0.0))
    shard = indexed.start()
    indexed.put(1)
    shard._read_round(STOPPED)
    assert not given
    shard._pass_time()
    assert given
    shard.close()


def test_a_new_epoch_starts_at_generation_1_with_what_it_has(indexed: Indexed) -> None:
    indexed.put(1)
    indexed.catch_up(indexed.start())
    shard = indexed.start()
    shard._read_round(STOPPED)
    shard._publish_snapshot()
    assert indexed.published[-1].version == (2, 1)
    assert indexed.published[-1].files == indexed.published[0].files


def test_an_empty_log_publishes_an_empty_shard(indexed: Indexed) -> None:
    indexed.catch_up(indexed.start())
    assert (indexed.published[-1].documents, indexed.published[-1].version) == (0, (1, 1))
    assert indexed.found() == {}


def test_each_shard_reads_its_partitions(tmp_path: Path) -> None:
    indexed = Indexed(tmp_path, shards=3)
    indexed.put(*range(60))
    counts = [indexed.catch_up(indexed.start(shard)) for shard in range(3)]
    assert counts == [sum(shard_of(partition_of(page(n).url), 3) == shard for n in range(60)) for shard in range(3)]
    assert sum(counts) == 60
    indexed.log.close()


def test_the_manifest_says_what_of_the_log_is_in_it(indexed: Indexed) -> None:
    positions = indexed.log.put([Change.put(page(number)) for number in range(5)])
    indexed.catch_up(indexed.start())
    manifest = indexed.published[-1]
    assert manifest.log_id == indexed.log.span(0).log_id
    for partition, sequence in positions:
        assert manifest.positions[str(partition)] >= sequence


def test_run_stops_soon_and_commits_what_it_read(indexed: Indexed) -> None:
    stop = threading.Event()
    shard = indexed.start()
    thread = threading.Thread(target=shard.run, args=(stop,))
    thread.start()
    indexed.put(*range(30))
    wait_until(lambda: indexed.published and indexed.published[-1].documents == 30, 30, "it is published")
    stop.set()
    thread.join(30)
    assert not thread.is_alive()
    shard.close()
    assert indexed.catch_up(indexed.start()) == 0


def test_an_index_of_another_version_is_told_and_left_alone(indexed: Indexed) -> None:
    indexed.put(1)
    indexed.catch_up(indexed.start())
    (path,) = indexed.folder.glob("indexer-0/*/index/meta.json")
    content = path.read_bytes().replace(b"recency", b"freshly")
    path.write_bytes(content)
    note_meta(str(path.parent), content)  # it is what that version wrote
    before = sorted(os.listdir(path.parent))
    with pytest.raises(IncompatibleIndexError, match="move it away"):
        indexed.start()
    assert sorted(os.listdir(path.parent)) == before


def test_the_log_is_a_real_one(indexed: Indexed) -> None:
    assert isinstance(indexed.log, SqliteLog)


def test_a_partition_that_does_not_answer_holds_up_no_other(
    indexed: Indexed, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    indexed.put(*range(40))
    shard = indexed.start()
    stalled = partition_of(page(7).url)
    hidden = {number for number in range(40) if partition_of(page(number).url) == stalled}
    while shard._read_round(STOPPED):
        pass
    shard._commit()
    stalled_since, read = time.time(), indexed.log.read

    def reading(partition: int, *rest: Any) -> list[Entry]:
        if partition == stalled:
            raise UnavailableError("no leader")
        return read(partition, *rest)

    monkeypatch.setattr(indexed.log, "read", reading)
    indexed.delete(*range(40))
    while shard._read_round(STOPPED):
        pass
    shard._commit()
    manifest = indexed.published[-1]
    assert set(indexed.found()) == keys(*hidden)
    assert (manifest.fresh_as_of <= stalled_since, "no leader" in caplog.text) == (True, True)
    monkeypatch.undo()
    assert indexed.catch_up(shard) == 80
    assert indexed.found() == {}
    assert indexed.published[-1].fresh_as_of > stalled_since
    assert "all partitions of the log answer again" in caplog.text
