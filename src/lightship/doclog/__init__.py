"""The document log: where Changes wait, durably, until they are indexed.

Two small protocols, and one function that picks a backend by the scheme of a URL. `DESIGN.md` beside this file
says why it is shaped like this; `tests/contract` holds every backend to it.
"""

from __future__ import annotations

import logging
import ssl
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, wait
from typing import NamedTuple, Protocol

from lightship.core.errors import ConfigurationError, UnavailableError
from lightship.core.model import Change, Document
from lightship.doclog.protocol.fence import Fence

logger = logging.getLogger("log")

OPEN_TICK = 0.1  # seconds in which a program that is told to stop notices while it opens the log
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


class Lease(NamedTuple):
    """A name held by one owner until it lapses; `epoch` is greater than that of every earlier holder."""

    name: str
    owner: str
    epoch: int


class Leases(Protocol):
    """Who owns what, with a fencing number (the epoch) that grows with each new owner."""

    def acquire(self, name: str, owner: str, seconds: float) -> Lease | None:
        """Take `name` for `seconds`; None when another owner holds it."""

    def renew(self, lease: Lease, seconds: float) -> bool:
        """Hold `lease` for `seconds` from now; False when it was lost."""

    def release(self, lease: Lease) -> None:
        """Give `lease` up, if it is still held."""

    def order(self, name: str, *, anew: bool = False) -> int:
        """Return the number that `name` was given when it was first asked for; names that come later get greater ones.

        With `anew` it is given a new number, the greatest. Numbers grow over a log made anew, as epochs do.
        """


class Letter(NamedTuple):
    """What lies in a mailbox; sequences rise within it."""

    sequence: int
    body: bytes


class Mailboxes(Protocol):
    """Durable mailboxes, by name, through which the programs that share a log tell each other what is theirs.

    A letter stays until it is removed, so who dies before it has done with a letter finds it again: it may be met twice.
    """

    def send(self, box: str, bodies: Sequence[bytes]) -> None:
        """Put a letter for each of `bodies` (up to 512 KiB) into `box`, durably, in this order."""

    def receive(self, box: str, limit: int = 100) -> list[Letter]:
        """Return the oldest letters of `box`, at most `limit`; none when it is empty."""

    def remove(self, box: str, upto: int) -> None:
        """Remove the letters of `box` up to the sequence `upto`."""


class Log(DocumentLog, Leases, Mailboxes, Protocol):
    """What a backend provides: a document log, its leases, and mailboxes."""


def open_log(url: str, tls: ssl.SSLContext | None = None) -> Log:
    """Open (and make, when it is not there) the log that `url` names.

    `sqlite:///path/to/file` is a file of this machine; `nats://[user:password@]host:4222[,host2:4222]/name[?replicas=3]`
    is on NATS servers, and `tls://` the same, never without TLS, trusting the certificates that `tls` trusts.
    Raises ConfigurationError for an unknown scheme, and what the backend raises.
    """
    scheme, separator, path = url.partition("://")
    if scheme == "sqlite" and separator and path:
        from lightship.doclog.sqlite import SqliteLog

        # sqlite:///data/log is absolute, sqlite://data/log relative to the working directory
        return SqliteLog(path)
    if scheme in ("nats", "tls") and separator:
        from lightship.doclog.jetstream import JetStreamLog

        return JetStreamLog(url, tls)
    raise ConfigurationError(
        f"unknown document log {url.rpartition('@')[2]!r}; write it like sqlite:///path/to/log.sqlite or nats://host:4222/name"
    )


def wait_for_log(url: str, tls: ssl.SSLContext | None, stop: threading.Event) -> Log | None:
    """Return the log that `url` names as soon as it answers (see `open_log`); None when `stop` was set first.

    A program that is started while the log's servers are away goes on when they are back, as it does when it runs already.
    Raises what `open_log` raises, but for UnavailableError.
    """
    told = ""
    while not stop.is_set():
        opening: Future[Log] = Future()
        threading.Thread(target=_open, args=(opening, url, tls), name="open log", daemon=True).start()
        while not opening.done() and not stop.is_set():
            wait([opening], timeout=OPEN_TICK)
        if not opening.done():
            return None
        try:
            return opening.result()
        except UnavailableError as error:
            if str(error) != told:
                logger.warning("waiting for the log: %s", error)
            told = str(error)
            stop.wait(1.0)
    return None


def _open(opening: Future[Log], url: str, tls: ssl.SSLContext | None) -> None:
    try:
        opening.set_result(open_log(url, tls))
    except BaseException as error:
        opening.set_exception(error)
