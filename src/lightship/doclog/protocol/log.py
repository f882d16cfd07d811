"""The document log as its users see it; `tests/contract` holds every backend to this."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from lightship.core.model import Change, Document
from lightship.doclog.protocol.fence import Fence
from lightship.doclog.protocol.leases import Leases
from lightship.doclog.protocol.mailboxes import Mailboxes

PATIENCE = 30.0  # seconds for which a backend tries again by itself: longer than the election of a new leader takes


class Entry(NamedTuple):
    """One stored change: `document` is None for a delete; `time` is when it was put, in seconds since the epoch."""

    sequence: int
    time: float
    url: str
    document: Document | None


class Span(NamedTuple):
    """A partition's extent. Another `log_id` is another history, in which positions mean nothing.

    A reader that stopped below `floor` may have missed deletes; `head` is the newest sequence given out.
    """

    log_id: str
    floor: int
    head: int


class Position(NamedTuple):
    """Where a put was stored."""

    partition: int
    sequence: int


class DocumentLog(Protocol):
    """A durable, partitioned log that keeps only the newest Change of each url. Safe to use from several threads."""

    @property
    def partitions(self) -> int:
        """The number of partitions, fixed when the log was made and kept in it."""

    @property
    def puts_at_once(self) -> int:
        """How many puts from different threads it gains from: more only wait for each other."""

    def fence(self) -> Fence:
        """Return the fence of a request that arrives now: it keeps the request's changes out if they come late.

        A log on several machines may not have heard yet of what others put in the last moments: that counts as newer. It has
        when a put raised OvertakenError because of it.
        """

    def put(self, changes: Sequence[Change], fences: Sequence[Fence] = ()) -> list[Position]:
        """Store `changes` durably and return the position of each; the last of equal urls wins.

        Each replaces only what its fence lets it replace. Without `fences`, which has one for each, what is there may be
        replaced, and what comes within FRESH_SECONDS; what comes later is newer than these changes.
        Raises OvertakenError when everything was stored but for those that their fences kept out.
        When it raises anything else, any part of `changes` may be stored, or will be if it still may replace what is
        there; putting them again does no harm. Raises TooLargeError, OutOfSpaceError, UnavailableError.
        """

    def read(self, partition: int, after: int, limit: int = 500, patience: float = PATIENCE) -> list[Entry]:
        """Return the entries of `partition` above sequence `after`, at most `limit`, sequence strictly rising.

        There may be holes, and only the newest entry of a url is there. An empty list means that nothing newer
        is stored; trouble that lasts for `patience` seconds raises UnavailableError and is never told as an empty list.
        Asking for the same again goes on waiting where this left off.
        """

    def wait(self, seconds: float) -> None:
        """Return when something may have been put since this thread's last call, or after `seconds`."""

    def span(self, partition: int) -> Span:
        """Return the extent of `partition`."""

    def barriers(self, partitions: Sequence[int]) -> dict[int, int]:
        """Return a sequence of each of `partitions`: what was acknowledged before this call is at or below it.

        `span` only tells what one server knows, which may have become the leader just now; and after this call `read` does not
        return an empty list below these sequences. Raises OutOfSpaceError, UnavailableError.
        """

    def history(self, sequences: Mapping[int, int]) -> int:
        """Return what stands for these entries, of each partition the one at a sequence that was read.

        It stays the same as long as the log has them, or what replaced them. A log that was restored from an older state
        and has given the same sequences to other entries returns another number. Sequence 0 stands for no entry. Never 0.
        """

    def was_replaced(self, sequences: Mapping[int, int], history: int) -> bool:
        """Tell whether it is sure, while the log is open, that its `history` up to these entries is not the one that it was."""

    def prune(self, partition: int, upto: int) -> int:
        """Forget the deletes of `partition` up to sequence `upto`, raising the floor first; return how many."""

    def hurry(self) -> None:
        """From now on be patient for a few seconds only: the program stops. Callable from any thread."""

    def close(self) -> None:
        """Release what the log holds open."""


class Log(DocumentLog, Leases, Mailboxes, Protocol):
    """What a backend provides: a document log, its leases, and mailboxes."""
