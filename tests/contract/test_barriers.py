"""The end of a log is believed only where everything is that was acknowledged, whatever one server says."""

from __future__ import annotations

import contextlib
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from contract.doclog_helpers import PATIENCE, put, tail, urls
from lightship.core.errors import UnavailableError
from lightship.doclog import Log, open_log
from lightship.doclog.jetstream.reader import Reader
from support import wait_until


def test_what_was_acknowledged_is_at_or_below_a_barrier(log: Log, url: str) -> None:
    some = urls(5, partition=4)
    other = open_log(url)
    stored = other.put([put(each) for each in some])
    barriers = log.barriers([4, 5])
    assert barriers.keys() == {4, 5}
    assert barriers[4] >= max(position.sequence for position in stored)
    assert [entry.url for entry in tail(log, 4)] == some
    assert log.read(4, max(position.sequence for position in stored)) == []
    assert log.read(5, 0) == []
    again = log.barriers([4])
    (late,) = other.put([put(some[0], "again")])
    assert late.sequence > again[4] or log.partitions == 1 or late.sequence > stored[-1].sequence
    assert [entry.sequence for entry in log.read(4, stored[-1].sequence)] == [late.sequence]
    other.close()


def test_a_reader_at_the_end_passes_any_number_of_barriers(log: Log, url: str) -> None:
    """A page without an entry was asked for again and again: a leader that got its lease back hung."""
    some = urls(4, partition=4)
    other = open_log(url)
    after = 0
    with ThreadPoolExecutor(1) as thread:

        def read() -> list[str]:
            return [entry.url for entry in thread.submit(log.read, 4, after, patience=5.0).result(PATIENCE)]

        try:
            assert read() == []
            for each in some:
                for barrier in (log.barriers, other.barriers, log.barriers):
                    barrier([4])
                    assert read() == []
                (position,) = other.put([put(each)])
                wait_until(lambda each=each: read() == [each], PATIENCE, "the entry after the barriers")  # type: ignore[misc]
                after = position.sequence
                wait_until(lambda: read() == [], PATIENCE, "the end")
        finally:
            other.put([put(some[0], "so that a read that hangs ends too")])
            other.close()


def test_a_barrier_changes_no_history(log: Log) -> None:
    some = urls(2, partition=4)
    (position,) = log.put([put(some[0])])
    history = log.history({4: position.sequence})
    log.barriers([4])
    log.barriers([4])
    assert log.history({4: position.sequence}) == history
    log.put([put(some[1])])
    assert log.history({4: position.sequence}) == history


def test_a_leader_that_knows_less_than_was_stored_is_not_believed(
    log: Log, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was elected a moment ago, and has not read its own log yet: a shard published less than it had before."""
    if url.startswith("sqlite"):
        return  # a file has no other copy
    some = urls(3, partition=4)
    log.put([put(each) for each in some])
    reader = open_log(url)
    reader.barriers([4])

    async def nothing(*_: Any) -> Any:
        return None

    async def no_page(*_: Any) -> list[Any]:
        return []

    with monkeypatch.context() as patch:
        patch.setattr(Reader, "_next", nothing)
        patch.setattr(Reader, "_page", no_page)
        with pytest.raises(UnavailableError):
            reader.read(4, 0, patience=0.5)

    def found() -> list[str]:
        with contextlib.suppress(UnavailableError):  # what took too long is only looked at
            return [entry.url for entry in tail(reader, 4)]
        return []

    wait_until(lambda: found() == some, 30, "what was stored is read from a leader that knows it")
    reader.close()
