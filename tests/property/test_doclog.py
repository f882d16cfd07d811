"""The document log beside a model of it: a dict from url to (sequence, document)."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from lightship.core.model import Change, Document, partition_of
from lightship.doclog import Log, open_log

URLS = [f"https://example.org/{number}" for number in range(400) if partition_of(f"https://example.org/{number}") < 3]
KEYS = st.sampled_from(URLS[:8])
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
SCALARS = TEXT | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.booleans()
FIELDS = st.dictionaries(TEXT, SCALARS | st.lists(SCALARS, max_size=3), max_size=3)
DOCUMENTS = st.builds(Document, url=KEYS, title=TEXT, text=TEXT.map(lambda text: text * 100), fields=FIELDS)
CHANGES = st.lists(DOCUMENTS.map(Change.put) | KEYS.map(Change.delete), max_size=6)


class LogMachine(RuleBasedStateMachine):
    """Puts, deletes, prunes and reopens, with a reader that follows and must end up with the same documents."""

    @initialize()
    def make(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.log = self.open()
        self.stored: dict[str, tuple[int, Document | None]] = {}
        self.floors = [0, 0, 0]
        self.head = 0
        self.view: dict[str, Document] = {}
        self.after = [0, 0, 0]

    def open(self) -> Log:
        return open_log(f"sqlite://{Path(self.folder.name)}/log.sqlite")

    def teardown(self) -> None:
        if hasattr(self, "log"):
            self.log.close()
            self.folder.cleanup()

    @rule(changes=CHANGES)
    def put(self, changes: list[Change]) -> None:
        positions = self.log.put(changes)
        for change, position in zip(changes, positions, strict=True):
            assert position.partition == partition_of(change.url)
            assert position.sequence > self.head
            self.stored[change.url] = (position.sequence, change.document)
        self.head = max([self.head, *(position.sequence for position in positions)])

    @rule(partition=st.integers(0, 2), back=st.integers(-2, 20))
    def prune(self, partition: int, back: int) -> None:
        mine = {url: entry for url, entry in self.stored.items() if partition_of(url) == partition}
        newest = max((sequence for sequence, _ in mine.values()), default=0)
        upto = self.head - back
        gone = [url for url, (at, document) in mine.items() if document is None and at <= upto and at < newest]
        if self.after[partition] < upto:
            self.follow(partition, 100)  # who prunes must know that every reader is past it
        assert self.log.prune(partition, upto) == len(gone)
        for url in gone:
            del self.stored[url]
        self.floors[partition] = max(self.floors[partition], min(upto, newest))

    @rule(partition=st.integers(0, 2), limit=st.integers(1, 5))
    def follow(self, partition: int, limit: int) -> None:
        for sequence, _, url, document in self.log.read(partition, self.after[partition], limit):
            assert sequence > self.after[partition]
            self.after[partition] = sequence
            self.view.pop(url, None)
            if document:
                self.view[url] = document

    @precondition(lambda self: self.head)
    @rule()
    def reopen(self) -> None:
        self.log.close()
        self.log = self.open()

    @invariant()
    def the_log_holds_what_the_model_holds(self) -> None:
        if not hasattr(self, "log"):
            return
        for partition in range(3):
            entries = self.log.read(partition, 0)
            expected = {url: entry for url, entry in self.stored.items() if partition_of(url) == partition}
            assert {entry.url: (entry.sequence, entry.document) for entry in entries} == expected
            assert [entry.sequence for entry in entries] == sorted(sequence for sequence, _ in expected.values())
            assert [entry.time for entry in entries] == sorted(entry.time for entry in entries)
            span = self.log.span(partition)
            assert (span.floor, span.head) == (self.floors[partition], self.head)
            assert span.floor <= max([0, *(entry.sequence for entry in entries)])

    @rule()
    def a_reader_catches_up(self) -> None:
        for partition in range(3):
            while self.log.read(partition, self.after[partition], 1):
                self.follow(partition, 4)
        assert self.view == {url: document for url, (_, document) in self.stored.items() if document}


TestLog = LogMachine.TestCase
TestLog.settings = settings(max_examples=60, stateful_step_count=25, suppress_health_check=[HealthCheck.too_slow])
