"""The writer of an index on a full disk."""

from __future__ import annotations

import contextlib
import os
import resource
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lightship.core.errors import DamagedError, IncompatibleIndexError, LightshipError, OutOfSpaceError
from lightship.index.reader import IndexReader
from lightship.index.storage.index_meta import BLOCK_BYTES, read_meta
from lightship.index.storage.merge_priority import NICENESS
from lightship.index.storage.segments import composed, restore
from lightship.index.writer import IndexWriter, _writing, recency
from made import MadeShard, page
from support import wait_until

HEAP = 16 << 20


@contextlib.contextmanager
def full(size: int) -> Iterator[None]:
    """Limit the files of this process to `size` bytes: writing more is an error, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_stored_documents_are_compressed_in_small_blocks(tmp_path: Path) -> None:
    writer = IndexWriter(str(tmp_path), heap_bytes=HEAP, threads=1)
    writer.put(page(1))
    writer.commit()
    assert read_meta(str(tmp_path))["index_settings"]["docstore_blocksize"] == BLOCK_BYTES


def test_a_full_disk_is_told_and_what_was_committed_stays(tmp_path: Path) -> None:
    writer = IndexWriter(str(tmp_path), heap_bytes=HEAP, threads=1)
    writer.put(page(1))
    writer.commit()
    with full(1000):
        writer.put(page(2))
        with pytest.raises(OutOfSpaceError, match=f"{tmp_path}.*free some disk space"):
            writer.commit()
        with contextlib.suppress(OutOfSpaceError):
            writer.close()
    again = IndexWriter(str(tmp_path), heap_bytes=HEAP, threads=1)
    assert again.has(page(1).url)
    assert not again.has(page(2).url)
    again.put(page(2))
    again.commit()
    assert again.has(page(2).url)
    again.close()


def test_an_index_that_can_not_be_made_for_want_of_space_is_not_taken_for_another_version(tmp_path: Path) -> None:
    with full(0), pytest.raises(OutOfSpaceError):
        IndexWriter(str(tmp_path / "new"), heap_bytes=HEAP, threads=1)


@pytest.mark.parametrize(
    "said",
    [
        "An IO error occurred: 'No space left on device (os error 28)'",
        "Failed to open file for write: 'IoError { io_error: Os { code: 28, kind: StorageFull, message: \"No space left\" } }'",
        "An index writer was killed.. A worker thread encountered an error (io::Error most likely) or panicked.",
    ],
)
def test_a_full_disk_is_known_by_all_of_tantivy_s_words(said: str) -> None:
    with pytest.raises(OutOfSpaceError, match="free some disk space"), _writing("folder"):
        raise ValueError(said)


def test_other_trouble_is_not_taken_for_a_full_disk() -> None:
    with pytest.raises(ValueError, match="Schema error"), _writing("folder"):
        raise ValueError("Schema error: 'field 28 is not there'")


@pytest.mark.parametrize(
    "said",
    [
        "An IO error occurred: 'Input/output error (os error 5)'",
        "An error occurred in a thread: 'Worker thread failed.. Os { code: 30, kind: ReadOnlyFilesystem }'",
    ],
)
def test_a_disk_that_is_broken_is_not_waited_for_like_a_full_one(said: str) -> None:
    with pytest.raises(LightshipError, match="check its disk") as caught, _writing("folder"):
        raise ValueError(said)
    assert not isinstance(caught.value, OutOfSpaceError)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere threads have no priority of their own")
@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("Failed to open file for read: 'IoError { io_error: Custom { kind: InvalidData, error: Error(\"key\") } }'", DamagedError),
        ("Data corrupted: 'Data corruption: (in file `\"x.term\"`) crc'", DamagedError),
        ("Failed to open file for read: 'IoError { io_error: Os { code: 24, message: \"Too many open files\" } }'", ValueError),
    ],
)  # fmt: skip
def test_damage_is_told_from_trouble_of_the_system(said: str, kind: type[Exception]) -> None:
    with pytest.raises(kind), _writing("folder"):
        raise ValueError(said)


def threads(name: str) -> list[int]:
    """Return the threads of this process whose names begin with `name`."""
    found = [Path(f"/proc/self/task/{thread}/comm") for thread in os.listdir("/proc/self/task")]
    return [int(path.parent.name) for path in found if path.exists() and path.read_text().startswith(name)]


def test_merges_go_after_everything_else(tmp_path: Path) -> None:
    before = os.getpriority(os.PRIO_PROCESS, 0)
    writer = IndexWriter(str(tmp_path / "index"), heap_bytes=32 << 20, threads=1)
    writer.put(page(1))
    writer.commit()
    merging = wait_until(lambda: threads("merge"), 30, "threads that merge")
    indexing = wait_until(
        lambda: threads("thrd-tantivy"), 30, "threads that index: one gets its name when it first runs"
    )
    assert all(os.getpriority(os.PRIO_PROCESS, thread) == min(before + NICENESS, 19) for thread in merging)
    assert all(os.getpriority(os.PRIO_PROCESS, thread) == before for thread in indexing)
    writer.close()


def test_a_restored_index_is_durable_before_its_meta_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made, folder, steps = MadeShard(tmp_path / "made").put(page(1)), tmp_path / "restored", list[tuple[str, bool]]()

    def fsync(descriptor: int) -> None:
        steps.append((os.readlink(f"/proc/self/fd/{descriptor}"), (folder / "meta.json").exists()))

    manifest = made.manifest()
    monkeypatch.setattr(os, "fsync", fsync)
    restore(str(folder), manifest, str(made.published))
    before = [path for path, named in steps if not named]
    assert before[-2:] == [
        str(folder),
        str(folder / "meta.json.new"),
    ]  # the hard links first, then the file that names them
    assert before.index(str(folder / ".managed.json.new")) < len(before) - 2
    assert steps[-1] == (str(folder), True)


def test_no_time_and_no_order_make_a_greater_key_than_there_is_room_for() -> None:
    assert recency(1 << 40, (1 << 64) - 1) == recency((1 << 36) - 1, (1 << 64) - 1) == (1 << 64) - 1
    assert recency(-5, 0) == 0 < recency(1, 0) < recency(1, 1 << 63) < recency(2, 0)


def test_where_nothing_is_installed_nothing_is_composed(tmp_path: Path) -> None:
    assert composed(str(tmp_path)) == []
    with pytest.raises(IncompatibleIndexError, match="can't open the index"):
        IndexReader(str(tmp_path))
