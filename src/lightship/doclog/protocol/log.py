"""The protocol of the document log; `tests/contract` tests every backend against it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from lightship.core.model import Change, Document
from lightship.doclog.protocol.fence import Fence
from lightship.doclog.protocol.leases import Leases
from lightship.doclog.protocol.mailboxes import Mailboxes

PATIENCE = 30.0  # seconds for which a backend retries: longer than the election of a new leader


class Entry(NamedTuple):
    """One stored change: `document` is None for a delete; `time` is when it was put, in seconds since the epoch."""

    sequence: int
    time: float
    url: str
    document: Document | None


class Span(NamedTuple):
    """A partition's extent. Positions are meaningless in a log with another `log_id`.

    A reader that stopped below `floor` may have missed deletes; `head` is the newest assigned sequence.
    """

    log_id: str
    floor: int
    head: int


class Position(NamedTuple):
    """Where a put was stored."""

    partition: int
    sequence: int


class DocumentLog(Protocol):
    """A durable, partitioned log that keeps only the newest Change of each URL. Thread-safe."""

    @property
    def partitions(self) -> int:
        """The number of partitions, fixed when the log was created, and stored in it."""

    @property
    def puts_at_once(self) -> int:
        """The useful number of concurrent puts: more only wait for each other."""

    def fence(self) -> Fence:
        """Return the fence of a request that arrives now, which keeps out its changes if they come too late.

        A log on several machines may not yet know the latest puts of others, which then count as newer; it does once a
        put has raised OvertakenError because of them.
        """

    def put(self, changes: Sequence[Change], fences: Sequence[Fence] = ()) -> list[Position]:
        """Store `changes` durably and return the position of each; of equal URLs the last wins.

        Each replaces only what its fence (one per change in `fences`) allows. Without fences, existing entries may be
        replaced, and those that arrive within FRESH_SECONDS; later ones are newer than these changes.
        Raises OvertakenError if everything was stored except what the fences kept out.
        After any other error, any part of `changes` may be stored, or may still be if its fence allows; putting them
        again is idempotent. Raises TooLargeError, OutOfSpaceError, UnavailableError.
        """

    def check_room(self) -> None:
        """Write what changes nothing; raises OutOfSpaceError if that has no room, UnavailableError."""

    def read(self, partition: int, after: int, limit: int = 500, patience: float = PATIENCE) -> list[Entry]:
        """Return at most `limit` entries of `partition` above sequence `after`, in ascending order.

        There may be gaps, as only the newest entry of a URL is kept. An empty list means that nothing newer is stored;
        errors that last for `patience` seconds raise UnavailableError, and never result in an empty list. The same call
        again continues the wait.
        """

    def wait(self, seconds: float) -> None:
        """Return once something may have been put since this thread's last call, or after `seconds`."""

    def span(self, partition: int) -> Span:
        """Return the extent of `partition`."""

    def barriers(self, partitions: Sequence[int]) -> dict[int, int]:
        """Return a sequence of each of `partitions` at or above everything acknowledged before this call.

        `span` only returns what one server knows, which may have just become the leader. After this call `read` does
        not return an empty list below these sequences. Raises OutOfSpaceError, UnavailableError.
        """

    def history(self, sequences: Mapping[int, int]) -> int:
        """Return a digest of the history up to these sequences, one per partition, that have been read.

        It stays the same while the log contains those entries, or their replacements. A log that was restored from an
        older state, and has assigned the same sequences to other entries, returns another number. Sequence 0 means no
        entry. Never 0.
        """

    def was_replaced(self, sequences: Mapping[int, int], history: int) -> bool:
        """Whether the open log certainly no longer has this `history` up to these sequences."""

    def prune(self, partition: int, upto: int) -> int:
        """Prune the deletes of `partition` up to sequence `upto`, raising the floor first; return how many."""

    def shrink(self) -> None:
        """Give back the memory in which this thread's calls keep what they may need again."""

    def hurry(self) -> None:
        """Reduce all timeouts to a few seconds from now on: the program is stopping. Callable from any thread."""

    def close(self) -> None:
        """Close files and connections."""


class Log(DocumentLog, Leases, Mailboxes, Protocol):
    """A complete backend: a document log, leases, and mailboxes."""
