"""The memory and threads that an indexer uses."""

from __future__ import annotations

import pytest

from lightship.config import IndexerSettings
from lightship.index.writer import IndexWriter
from lightship.indexer.main import resources
from lightship.runtime.limits import Limits

MIB, GIB = 1 << 20, 1 << 30


@pytest.mark.parametrize(
    ("settings", "found", "expected"),
    [
        (IndexerSettings(), Limits(8, 64 * GIB), (256 * MIB, 4)),
        (IndexerSettings(), Limits(1.5, GIB), (128 * MIB, 2)),
        (IndexerSettings(), Limits(4, 256 * MIB), (32 * MIB, 2)),
        (IndexerSettings(), Limits(4, 16 * MIB), (16 * MIB, 1)),
        (IndexerSettings(heap=1024, threads=8), Limits(1, GIB), (1024 * MIB, 8)),
        (IndexerSettings(heap=16, threads=2), Limits(2, GIB), (16 * MIB, 1)),
    ],
)
def test_heap_and_threads_are_those_set_or_fit_the_limits(
    settings: IndexerSettings, found: Limits, expected: tuple[int, int]
) -> None:
    assert resources(settings, found) == expected


def test_what_is_chosen_is_enough_for_tantivy(tmp_path_factory: pytest.TempPathFactory) -> None:
    for memory in (16 * MIB, 256 * MIB, GIB):
        heap_bytes, threads = resources(IndexerSettings(), Limits(4, memory))
        IndexWriter(str(tmp_path_factory.mktemp("index")), heap_bytes=heap_bytes, threads=threads).close()
