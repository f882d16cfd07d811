"""The last changes of the index, with the documents before and after, which clients that reconnect get."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence

from lightship.core.position import Reached
from lightship.index.memory import MemoryIndex, stored_of
from lightship.index.reader import View
from lightship.rpc.recent import Change

APART_SECONDS = 5.0  # rounds that are older than this are put together, unless they are indexed
KEPT_SECONDS = 60.0  # a client may take so long to come back
MOST_KEPT = 32 << 20  # bytes of stored documents of all rounds
MOST_CHANGES = 2000  # of a round


class Changed:
    """A document before and after its change, as it is stored: None if there was, or is, none."""

    __slots__ = ("change", "new", "old")

    def __init__(self, change: Change, old: bytes | None, new: bytes | None) -> None:
        """Remember them."""
        self.change, self.old, self.new = change, old, new

    @property
    def size(self) -> int:
        """Bytes of both."""
        return len(self.old or b"") + len(self.new or b"")


class Indexed:
    """Changed documents, as they were and as they are, indexed in memory."""

    def __init__(self, changed: Sequence[Changed], declaration: str) -> None:
        """Index them."""
        self.changed = changed
        self.places = [
            (each, is_new) for each in changed for is_new in (False, True) if (each.new if is_new else each.old)
        ]
        documents = [(each.new if is_new else each.old) or b"" for each, is_new in self.places]
        self.index = MemoryIndex(documents, declaration)
        self.size = sum(map(len, documents))


class Round:
    """The `changes` from one view to another, in their order, each url once; `before` is the position of the first view."""

    def __init__(self, before: Reached, changes: Sequence[Change], former: View | None, view: View | None) -> None:
        """Remember both views until the documents are indexed; without views, no client gets the changes."""
        self.before, self.changes, self._former, self._view = before, changes, former, view
        self.moment = time.monotonic()
        self.indexed: Indexed | None = None  # the changed documents, once `is_indexed`, if any differs from before
        self._is_indexed = not changes

    @property
    def is_known(self) -> bool:
        """Whether the documents are known."""
        return self._is_indexed or self._view is not None

    @property
    def is_indexed(self) -> bool:
        """Whether `index` has been called."""
        return self._is_indexed

    @property
    def size(self) -> int:
        """Bytes of stored documents that it keeps."""
        return self.indexed.size if self.indexed else 0

    def index(self) -> None:
        """Index the changed documents, if that is not done; blocking. Raises DamagedError."""
        if not self._is_indexed:
            self._index(self.changed(), self._declaration)

    def _index(self, changed: Sequence[Changed], declaration: str) -> None:
        self.indexed = Indexed(changed, declaration) if changed else None
        self._is_indexed = True
        self._former = self._view = None

    @property
    def _declaration(self) -> str:
        return self._view.manifests[0].layout.fields if self._view else ""

    def changed(self) -> list[Changed]:
        """Return the documents that are not the same as before; blocking. Raises DamagedError."""
        if self._former is None or self._view is None:
            return []
        urls = [change.url for change in self.changes]
        old, new = stored_of(self._former, urls), stored_of(self._view, urls)
        return [
            Changed(change, old.get(change.url), new.get(change.url))
            for change in self.changes
            if old.get(change.url) != new.get(change.url)
        ]

    def indexed_with(self, later: Sequence[Round]) -> Round:
        """Return this round and those that follow as one that is indexed: an index takes longer than its documents; blocking."""
        if not later:
            self.index()
            return self
        every, declaration = [self, *later], self._declaration
        both = Round(self.before, [change for each in every for change in each.changes], None, None)
        both.moment = self.moment
        both._index([changed for each in every for changed in each.changed()], declaration)
        return both

    def joined(self, later: Round) -> Round | None:
        """Return this round and the next one as one; None if that can't be."""
        if self._former is None or later._view is None:
            return None
        last = {change.url: change for change in (*self.changes, *later.changes)}
        if len(last) > MOST_CHANGES:
            return None
        both = Round(self.before, sorted(last.values()), self._former, later._view)
        both.moment = self.moment
        return both


class Rounds:
    """The rounds of the last KEPT_SECONDS, one after the other."""

    def __init__(self) -> None:
        """Know none yet."""
        self._rounds = deque[Round]()

    def begin(self, since: Reached, changes: Sequence[Change]) -> None:
        """Forget all rounds; `changes` are those after `since` whose documents are not known."""
        self._rounds = deque([Round(since, changes, None, None)])

    def add(self, latest: Round) -> None:
        """Add a round, and drop those that are too old, or take too much memory."""
        self._rounds.append(latest)
        self._join(latest.moment)
        size = sum(each.size for each in self._rounds)
        while len(self._rounds) > 1 and (latest.moment - self._rounds[0].moment > KEPT_SECONDS or size > MOST_KEPT):
            size -= self._rounds.popleft().size

    def after(self, position: Reached) -> list[Round] | None:
        """Return the rounds that have changes after `position`; None if some are forgotten, or it is of another log."""
        found = list[Round]()
        for each in reversed(self._rounds):
            if each.before.log != position.log:
                return None
            if any(
                change.sequence > position.sequences.get(change.partition, change.sequence) for change in each.changes
            ):
                found.append(each)
            known = each.before.sequences
            if all(
                known.get(partition, sequence + 1) <= sequence for partition, sequence in position.sequences.items()
            ):
                return found[::-1] if all(each.is_known for each in found) else None
        return None

    def unindexed(self, rounds: Sequence[Round]) -> list[list[Round]]:
        """Return the runs of those `rounds`, one after the other, that are not indexed."""
        runs: list[list[Round]] = []
        before: Round | None = None
        for each in rounds:
            if each.is_known and not each.is_indexed:
                if before is not None and not before.is_indexed:
                    runs[-1].append(each)
                else:
                    runs.append([each])
            before = each
        return runs

    def replace(self, run: Sequence[Round], indexed: Round) -> None:
        """Put a round that is indexed in the place of a run; they may have been put together meanwhile."""
        kept = [each for each in self._rounds if each not in run]
        if len(kept) == len(self._rounds) - len(run):
            place = self._rounds.index(run[0])
            self._rounds = deque([*kept[:place], indexed, *kept[place:]])

    def _join(self, now: float) -> None:
        """Put together the rounds that are older than APART_SECONDS and close to each other."""
        kept = deque[Round]()
        for each in self._rounds:
            is_close = bool(kept) and each.moment - kept[-1].moment < APART_SECONDS < now - each.moment
            both = kept[-1].joined(each) if is_close else None
            if both:
                kept[-1] = both
            else:
                kept.append(each)
        self._rounds = kept
