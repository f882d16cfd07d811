"""A log that went back to an older state is never taken for the one that was read."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contract.doclog_helpers import put, urls
from lightship.core.model import PARTITIONS, Change
from lightship.doclog import Log, open_log
from nats_servers import Nats, NatsServer

SOME = urls(6)


def heads(log: Log) -> dict[int, int]:
    """Return where a reader is that has read everything."""
    read = dict.fromkeys(range(PARTITIONS), 0)
    for partition in read:
        while entries := log.read(partition, read[partition]):
            read[partition] = entries[-1].sequence
    return read


@pytest.fixture
def other(url: str, log: Log) -> Iterator[Log]:
    """Open the log of `log` a second time."""
    opened = open_log(url)
    yield opened
    opened.close()


def test_history_stays_while_the_log_goes_on(log: Log, other: Log, url: str) -> None:
    assert log.history({}) == other.history({})
    nothing = log.history({0: 0, 1: 0})
    log.put([put(each) for each in SOME])
    read = heads(other)
    history = other.history(read)
    assert history != nothing
    for writer in (other, log, other):  # sessions that are already open, or begin beside
        writer.put([put(each, "again") for each in SOME])
        assert log.history(read) == other.history(read) == history
    with contextlib.closing(open_log(url)) as third:
        third.put([Change.delete(each) for each in SOME])
        assert third.history(read) == history
        assert third.history({0: 0, 1: 0}) == nothing
    for partition in range(PARTITIONS):
        log.prune(partition, log.span(partition).head)
    assert log.history(read) == history


def test_a_reader_learns_of_sessions_as_it_reads(log: Log, other: Log, url: str) -> None:
    histories = []
    for number in range(4):
        with contextlib.closing(open_log(url)) as writer:
            writer.put([put(SOME[0], str(number))])
        read = heads(log)
        histories.append((read, log.history(read)))
    assert len({history for _, history in histories}) == 4
    for read, history in histories:
        assert other.history(read) == log.history(read) == history


@dataclass
class Restorable:
    """A log that can go back to what it was; nothing uses it meanwhile."""

    url: str
    folder: Path
    server: NatsServer | None = None
    copies: list[Path] = field(default_factory=list)

    def copy(self, source: Path, target: Path) -> None:
        if self.server:
            self.server.stop()
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(source, target)
        if self.server:
            self.server.start()


@pytest.fixture(params=["sqlite", pytest.param("nats", marks=pytest.mark.nats)])
def restorable(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Restorable]:
    folder = tmp_path / "data"
    if request.param == "sqlite":
        yield Restorable(f"sqlite://{folder}/log.sqlite", folder)
        return
    server = NatsServer(folder)
    server.start()
    yield Restorable(Nats([server]).url("log"), folder, server)
    server.stop()


@pytest.mark.parametrize("again", [1, 3, 30])
def test_a_restored_log_that_has_grown_past_a_reader_has_another_history(restorable: Restorable, again: int) -> None:
    """The fault of old: as many changes as were lost, and each position is one that the log knows again."""
    with contextlib.closing(open_log(restorable.url)) as log:
        log.put([put(SOME[0]), put(SOME[1])])
        old = heads(log)
        kept = log.history(old)
    restorable.copy(restorable.folder, restorable.folder.with_name("backup"))
    with contextlib.closing(open_log(restorable.url)) as log:
        for number in range(3):
            log.put([put(SOME[0], f"lost {number}")])
        read = heads(log)
        history = log.history(read)
    restorable.copy(restorable.folder.with_name("backup"), restorable.folder)
    with contextlib.closing(open_log(restorable.url)) as log:
        for number in range(again):
            log.put([put(SOME[0], f"new {number}")])
        assert log.history(old) == kept
        head = log.span(next(p for p in read if read[p] != old[p])).head
        assert log.history(read) != history or max(read.values()) > head


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.integers(0, 3)),
        st.tuples(st.just("delete"), st.integers(0, 3)),
        st.tuples(st.sampled_from(["reopen", "back up", "restore", "read"]), st.just(0)),
    ),
    max_size=25,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_a_position_is_believed_just_when_what_was_read_is_a_part_of_the_log(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int]]
) -> None:
    """Against a model: the list of all puts, which a restored backup cuts, and what a reader had read of it."""
    folder = tmp_path_factory.mktemp("history")
    path, backup = folder / "log.sqlite", folder / "backup.sqlite"
    log = open_log(f"sqlite://{path}")
    puts: list[int] = []  # each a number of its own
    kept: list[int] | None = None
    read: tuple[list[int], dict[int, int], int] | None = None
    try:
        for count, (step, number) in enumerate(steps):
            if step in ("put", "delete"):
                log.put([put(SOME[number], str(count)) if step == "put" else Change.delete(SOME[number])])
                puts.append(count)
            elif step == "read":
                read = list(puts), (positions := heads(log)), log.history(positions)
            elif step == "restore" and kept is None:
                continue
            else:
                log.close()  # the last one to close writes everything into the file
                if step == "back up":
                    shutil.copy(path, backup)
                    kept = list(puts)
                elif step == "restore":
                    assert kept is not None
                    shutil.copy(backup, path)
                    puts = list(kept)
                log = open_log(f"sqlite://{path}")
            if read is None:
                continue
            seen, positions, history = read
            believed = max(positions.values()) <= log.span(0).head and log.history(positions) == history
            if puts[: len(seen)] == seen:
                assert believed
            elif seen:
                assert not believed
    finally:
        log.close()
        shutil.rmtree(folder)
