"""Whatever a log holds, entries, deletes, marks of sessions or barriers: a reader sees all entries, in order and in time."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from contract.doclog_backends import drop_nats, fresh_nats
from contract.doclog_helpers import put, urls
from lightship.core.model import Change
from lightship.doclog import Entry, Log, open_log

PARTITION, MOST = 3, 60.0  # seconds after which a read counts as endless: the machine may be busy
URLS = urls(4, PARTITION)
NUMBERS = st.integers(0, len(URLS) - 1)
LOGS = st.integers(0, 1)
STEPS = st.one_of(
    st.tuples(st.just("put"), LOGS, NUMBERS),
    st.tuples(st.just("delete"), LOGS, NUMBERS),
    st.tuples(st.just("barrier"), LOGS, st.just(0)),
    st.tuples(st.just("session"), LOGS, NUMBERS),  # a writer with a new mark, which puts something or only a barrier
    st.tuples(st.just("read"), LOGS, st.integers(1, 3)),
    st.tuples(st.just("start over"), LOGS, st.just(0)),
)


class Readers:
    """Two logs, of which each reads on from where it is, beside a model: the newest sequence of each url."""

    def __init__(self, url: str) -> None:
        self.url, self.logs, self.after = url, [open_log(url), open_log(url)], [0, 0]
        self.model: dict[str, int] = {}
        self._thread = ThreadPoolExecutor(1)

    def close(self) -> None:
        for log in self.logs:
            log.close()  # ends a read that hangs
        self._thread.shutdown()

    def step(self, what: str, which: int, number: int) -> None:
        log = self.logs[which]
        if what == "barrier":
            log.barriers([PARTITION])
        elif what == "session":
            with contextlib.closing(open_log(self.url)) as another:
                self.put(another, put(URLS[number])) if number else another.barriers([PARTITION])
        elif what == "read":
            self.read(which, number)
        elif what == "start over":
            self.after[which] = 0
        else:
            self.put(log, put(URLS[number]) if what == "put" else Change.delete(URLS[number]))

    def put(self, log: Log, change: Change) -> None:
        (position,) = log.put([change])
        self.model[change.url] = position.sequence

    def read(self, which: int, limit: int) -> list[Entry]:
        """Read on; another's put may not be known yet, but nothing may be skipped."""
        entries = self._thread.submit(self.logs[which].read, PARTITION, self.after[which], limit, 30.0).result(MOST)
        left = sorted(sequence for sequence in self.model.values() if sequence > self.after[which])
        assert [entry.sequence for entry in entries] == left[: len(entries)]
        assert len(entries) <= limit
        if entries:
            self.after[which] = entries[-1].sequence
        return entries

    def finish(self) -> None:
        """Read both to the end: after a barrier of its own, a log knows all."""
        for which, log in enumerate(self.logs):
            log.barriers([PARTITION])
            while self.read(which, 2):
                pass
            assert self.after[which] >= max(self.model.values(), default=0)


def read_along(url: str, steps: list[tuple[str, int, int]]) -> None:
    with contextlib.closing(Readers(url)) as readers:
        for step in steps:
            readers.step(*step)
        readers.finish()


LIMITS = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
TWO_BARRIERS = [("read", 0, 1), ("barrier", 0, 0), ("read", 0, 1), ("barrier", 0, 0), ("read", 0, 1)]


@given(st.lists(STEPS, max_size=25))
@example(TWO_BARRIERS)
@LIMITS
def test_a_file_is_read_in_order_and_in_time(steps: list[tuple[str, int, int]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        read_along(f"sqlite://{Path(folder)}/log.sqlite", steps)


@pytest.fixture
def nats() -> Iterator[None]:
    yield
    drop_nats()


@pytest.mark.nats
@pytest.mark.usefixtures("nats")
@given(st.lists(STEPS, max_size=25))
@example(TWO_BARRIERS)
@settings(LIMITS, max_examples=15)
def test_streams_are_read_in_order_and_in_time(steps: list[tuple[str, int, int]]) -> None:
    read_along(fresh_nats(1), steps)
