"""Merges that fail in tantivy's threads end the indexer: nothing else would report them."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from lightship.core.errors import LightshipError
from lightship.index.storage import merge_failures
from lightship.index.storage.merge_failures import FAILED_SECONDS, FAILED_SEGMENTS, MergeFailures
from lightship.index.writer import IndexWriter
from made import page, words

VOCABULARY = words(300, 1)


def put(writer: IndexWriter, commit: int) -> None:
    chance = random.Random(commit)
    for number in range(50):
        writer.put(page(commit * 1000 + number, " ".join(chance.choices(VOCABULARY, k=60))))
    writer.commit()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_merge_that_panics_ends_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merge_failures, "FAILED_SECONDS", 0.5)
    writer = IndexWriter(str(tmp_path), heap_bytes=16 << 20, threads=1)
    for commit in range(3):
        put(writer, commit)
    damaged = min(tmp_path.glob("*.idx"))
    content = bytearray(damaged.read_bytes())
    for place in range(len(content) // 4, len(content) * 3 // 4, 7):
        content[place] ^= 0xFF
    damaged.chmod(0o644)
    with damaged.open("r+b") as file:
        file.write(content)
    with pytest.raises(LightshipError, match=f"merges fail in the index {tmp_path}: .* move the shard"):
        for commit in range(3, 200):
            put(writer, commit)
            time.sleep(0.05)
    writer.close()


def test_an_index_that_is_merged_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merge_failures, "FAILED_SECONDS", 5.0)
    writer = IndexWriter(str(tmp_path), heap_bytes=16 << 20, threads=1)
    for commit in range(100):
        put(writer, commit)
    writer.close()
    assert len(list(tmp_path.glob("*.idx"))) < FAILED_SEGMENTS


def test_what_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr("lightship.index.storage.merge_failures.time.monotonic", lambda: now)
    watch, small = (
        MergeFailures("index"),
        [{"segment_id": str(number), "max_doc": 9_999} for number in range(FAILED_SEGMENTS)],
    )
    large = [{"segment_id": f"large {number}", "max_doc": 10_000} for number in range(100)]
    watch.check([*large, *small[1:]])
    now = FAILED_SECONDS
    watch.check([*large, *small])  # one is new
    watch.check([*large, *small[1:]])  # and was merged
    now = 2 * FAILED_SECONDS - 1
    watch.check([*large, *small])
    now += 1
    watch.check([*large, *small])
    now = 3 * FAILED_SECONDS
    with pytest.raises(LightshipError, match=f"{FAILED_SEGMENTS} small segments"):
        watch.check([*large, *small])
