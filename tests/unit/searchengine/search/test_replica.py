"""What a replica serves while its store changes."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from lightship.core.errors import UnavailableError
from lightship.searchengine.search.replica import Replica
from lightship.searchengine.store.scrub import Scrubber
from lightship.searchengine.store.store import Store
from made import MadeShard, ask, page, push, send, urls


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


def mapped(folder: Path) -> int:
    """Return how many of the folder's files are mapped into memory."""
    lines = Path("/proc/self/maps").read_text().splitlines()
    return sum(str(folder) in line for line in lines)


def test_before_anything_is_installed(store: Store) -> None:
    replica = Replica(store)
    assert (replica.ready, replica.layout, replica.manifests, replica.info.documents) == (False, None, (), 0)
    with pytest.raises(UnavailableError, match="start an indexer"):
        _ = replica.view
    replica.follow()
    replica.follow_freshness()


@pytest.mark.parametrize("kind", ["store", "term", "idx", "pos", "fieldnorm", "fast"])
def test_a_bit_of_a_footer_that_changed_while_it_was_stopped(store: Store, tmp_path: Path, kind: str) -> None:
    made = MadeShard(tmp_path / "0")
    push(store, made.put(*map(page, range(3))))
    layout = store.current()
    assert layout is not None
    for back in range(1, 60):
        (path,) = Path(store.layout_folder(layout)).glob(f"*.{kind}")
        with path.open("r+b") as file:
            file.seek(-back, os.SEEK_END)
            (byte,) = file.read(1)
            file.seek(-back, os.SEEK_END)
            file.write(bytes([byte ^ 1 << back % 8]))
        replica = Replica(store)
        Scrubber(store, 1 << 30).step()
        replica.follow()
        assert (replica.ready, replica.damaged, replica.info.documents) == (False, 1, 0)
        push(store, made)
        replica.follow()
        assert (replica.ready, replica.info.documents) == (True, 3)


def test_it_follows_what_another_process_installs(store: Store, tmp_path: Path) -> None:
    replica, other = Replica(store), Store(str(tmp_path / "store"))
    made = MadeShard(tmp_path / "0")
    for number in range(3):
        push(other, made.put(page(number)))
        replica.follow()
        assert (replica.info.documents, replica.info.generation) == (number + 1, {"0": (1, number + 1)})


def test_how_fresh_it_is_is_the_oldest_shards(store: Store, tmp_path: Path) -> None:
    parts = [MadeShard(tmp_path / str(number), number, 2) for number in range(2)]
    for part, moment in zip(parts, (1000.0, 2000.0), strict=True):
        send(store, part.manifest(fresh_as_of=moment), part.published)
    replica = Replica(store)
    replica.follow_freshness()
    assert replica.info.fresh_as_of is not None
    assert replica.info.fresh_as_of.timestamp() == 1000
    store.install(parts[0].manifest(generation=1, fresh_as_of=3000.0), 0)
    replica.follow_freshness()
    assert replica.info.fresh_as_of.timestamp() == 2000


def test_a_new_layout_does_not_take_over_how_fresh_the_old_one_was(store: Store, tmp_path: Path) -> None:
    old, new = MadeShard(tmp_path / "old"), MadeShard(tmp_path / "new", 0, 1, order=2)
    send(store, old.manifest(fresh_as_of=9000.0), old.published)
    replica = Replica(store)
    replica.follow_freshness()
    parts = [MadeShard(tmp_path / f"new{number}", number, 2, order=2) for number in range(2)]
    for part in parts:
        send(store, part.manifest(fresh_as_of=1000.0), part.published)
    replica.follow()
    assert replica.layout == "s2v2"
    assert replica.info.fresh_as_of is not None
    assert replica.info.fresh_as_of.timestamp() == 1000
    assert new.layout == old.layout


def test_the_old_view_is_served_while_the_new_one_can_not_be_read(store: Store, tmp_path: Path) -> None:
    made = MadeShard(tmp_path / "0").put(page(1))
    push(store, made)
    replica = Replica(store)
    meta = Path(store.layout_folder("s1v2")) / "meta.json"
    good = meta.read_bytes()
    meta.write_bytes(good.replace(b'"max_doc"', b'"max_cat"'))
    with pytest.raises(UnavailableError, match="can't read the index"):
        replica.follow()
    assert urls(replica, "page") == [page(1).url]
    meta.write_bytes(good)
    push(store, made.put(page(2)))
    replica.follow()
    assert len(urls(replica, "page")) == 2


def test_it_catches_up_with_other_workers_unless_that_fails(store: Store, tmp_path: Path) -> None:
    replica, other = Replica(store), Store(str(tmp_path / "store"))
    replica.catch_up()
    made = MadeShard(tmp_path / "0").put(page(1))
    push(other, made)
    replica.catch_up()
    assert replica.info.documents == 1
    meta = Path(store.layout_folder("s1v2")) / "meta.json"
    good = meta.read_bytes()
    meta.write_bytes(good.replace(b'"max_doc"', b'"max_cat"'))
    replica.catch_up()
    assert urls(replica, "page") == [page(1).url]
    meta.write_bytes(good)
    push(other, made.put(page(2)))
    replica.catch_up()  # not tried for every search: the background task retries, and reports what is wrong
    assert replica.info.documents == 1
    replica.follow()
    push(other, made.put(page(3)))
    replica.catch_up()
    assert replica.info.documents == 3


def test_it_catches_up_with_another_layout(store: Store, tmp_path: Path) -> None:
    push(store, MadeShard(tmp_path / "old").put())
    replica, other = Replica(store), Store(str(tmp_path / "store"))
    push(other, *(MadeShard(tmp_path / f"new{number}", number, 2, order=2) for number in range(2)))
    replica.catch_up()
    assert replica.layout == "s2v2"
    other.layouts.roll_back()
    replica.catch_up()
    assert replica.layout == "s1v2"


@pytest.mark.slow
def test_readers_never_fail_while_segments_and_layouts_come_and_go(store: Store, tmp_path: Path) -> None:
    """Like other workers, they read files that are just being replaced and removed."""
    made = MadeShard(tmp_path / "1").put(page(0))
    push(store, made)
    stop = threading.Event()
    troubles: list[str] = []
    counts: set[int] = set()

    def read() -> None:
        replica = Replica(Store(str(tmp_path / "store")))
        while not stop.is_set():
            try:
                replica.follow()
            except OSError:
                pass  # the layout has just been dropped: the next call finds the new one
            except Exception as error:
                troubles.append(f"follow: {error!r}")
            answer = ask(replica, "page", size=100)
            counts.add(answer.total)
            if not answer.total == len(answer.hits) == answer.index.documents:
                troubles.append(f"{answer.total} {len(answer.hits)} {answer.index.documents}")
            time.sleep(0.001)  # or hardly anything would come and go

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for number in range(30):
        if number % 10 == 9:
            made = MadeShard(tmp_path / f"layout-{number}", 0, 1, epoch=number, order=number)
            parts = [MadeShard(tmp_path / f"{number}-{n}", n, 2, epoch=number, order=number) for n in range(2)]
            for part in parts:
                push(store, part.put(page(part.shard)))
        push(store, made.put(page(0)))
    stop.set()
    for reader in readers:
        reader.join()
    assert troubles == []
    assert counts <= {1, 2}


def test_nothing_leaks(store: Store, tmp_path: Path) -> None:
    made = MadeShard(tmp_path / "0")
    push(store, made.put(page(0)))
    replica = Replica(store)

    def change() -> tuple[int, int]:
        for _ in range(12):
            push(store, made.put(page(0)))
            replica.follow()
            ask(replica, "page")
        return open_files(), mapped(tmp_path / "store")

    before, after = change(), change()
    assert after[0] <= before[0] + 2
    assert after[1] <= before[1] + 7  # a segment more or less
    assert len(os.listdir(store.layout_folder("s1v2"))) < 20
