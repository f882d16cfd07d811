"""Two writers of one log, whose requests are delayed, repeated and given up, beside a model: no late change undoes a newer one."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from contract.doclog_backends import drop_nats, fresh_nats
from lightship.core.errors import OvertakenError
from lightship.core.model import Change, Document, partition_of
from lightship.doclog import Log, open_log
from lightship.doclog.protocol.fence import Fence
from support import wait_until

URLS = [f"https://example.org/{number}" for number in range(300) if partition_of(f"https://example.org/{number}") < 2][
    :4
]
WRITERS = st.integers(0, 1)


@dataclass
class Request:
    """A change on its way: `arrived` is how many changes were stored when its fence was made."""

    change: Change
    fence: Fence
    arrived: int


class LateMachine(RuleBasedStateMachine):
    """Requests arrive at two writers, and are carried out when it pleases the machine."""

    exact = True  # a file knows all that others have put
    patience = 0.0  # seconds, until a log that was not told yet asks
    requests = Bundle("requests")

    @initialize()
    def make(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        url = self.url()
        self.logs = [open_log(url), open_log(url)]
        self.steps = 0
        self.stored: dict[str, tuple[int, Document | None]] = {}

    def url(self) -> str:
        return f"sqlite://{Path(self.folder.name)}/log.sqlite"

    def teardown(self) -> None:
        if hasattr(self, "logs"):
            for log in self.logs:
                log.close()
            self.folder.cleanup()

    @rule(target=requests, writer=WRITERS, url=st.sampled_from(URLS), deletes=st.booleans())
    def arrive(self, writer: int, url: str, *, deletes: bool) -> Request:
        """Have a request arrive, and wait."""
        self.steps += 1
        change = Change.delete(url) if deletes else Change.put(Document(url=url, title=str(self.steps)))
        return Request(change, self.logs[writer].fence(), self.steps)

    @rule(target=requests, writer=WRITERS, request=requests)
    def repeat(self, writer: int, request: Request) -> Request:
        """Have the sender repeat a request, at either writer, without knowing what became of the first one."""
        self.steps += 1
        return Request(request.change, self.logs[writer].fence(), self.steps)

    @rule(request=requests)
    def leave(self, request: Request) -> None:
        """Have the sender give up, so that its writer hears of it."""
        request.fence.close()

    @rule(writer=WRITERS, late=st.lists(consumes(requests), max_size=4))
    def carry_out(self, writer: int, late: list[Request]) -> None:
        """Store requests together; a log is asked by the writer that the request came to, or by one that took it over."""
        newest = {request.change.url: request for request in late}
        allowed = {url for url, request in newest.items() if self.may(request)}
        done = self.put(self.logs[writer], late)
        assert done <= allowed, "a late change was stored"
        if self.exact:
            assert done == allowed, "a change in time was refused"
        for url in done:
            self.steps += 1
            self.stored[url] = self.steps, newest[url].change.document

    def may(self, request: Request) -> bool:
        """Tell whether nothing was stored under the request's url since it arrived, and somebody waits for it."""
        since, _ = self.stored.get(request.change.url, (0, None))
        return since <= request.arrived and not request.fence.is_closed

    def put(self, log: Log, late: list[Request]) -> set[str]:
        """Return the urls that were stored."""
        try:
            log.put([request.change for request in late], [request.fence for request in late])
        except OvertakenError as error:
            return set(error.stored)
        return {request.change.url for request in late}

    @rule(writer=WRITERS, url=st.sampled_from(URLS))
    def write(self, writer: int, url: str) -> None:
        """Put at once: that always works."""
        self.steps += 1
        document = Document(url=url, title=f"at once {self.steps}")
        self.logs[writer].put([Change.put(document)])
        self.stored[url] = self.steps, document

    @invariant()
    def the_log_holds_what_was_stored_last(self) -> None:
        if hasattr(self, "logs"):
            expected = {url: document for url, (_, document) in self.stored.items()}
            for log in self.logs:
                wait_until(lambda log=log: held(log) == expected, self.patience, f"what is stored: {expected}")  # type: ignore[misc]


class NatsMachine(LateMachine):
    """The same on a NATS server: what a log has not heard of yet counts as newer."""

    exact, patience = False, 5.0

    def url(self) -> str:
        return fresh_nats(1)


def held(log: Log) -> dict[str, Document | None]:
    return {entry.url: entry.document for partition in range(2) for entry in log.read(partition, 0)}


@pytest.fixture
def nats() -> Iterator[None]:
    yield
    drop_nats()


LIMITS = settings(max_examples=80, stateful_step_count=30, suppress_health_check=[HealthCheck.too_slow])


def test_no_late_change_undoes_a_newer_one() -> None:
    run_state_machine_as_test(LateMachine, settings=LIMITS)


@pytest.mark.nats
@pytest.mark.usefixtures("nats")
def test_no_late_change_undoes_a_newer_one_on_nats() -> None:
    run_state_machine_as_test(NatsMachine, settings=settings(LIMITS, max_examples=15))
