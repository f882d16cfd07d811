"""Group commit: puts the changes of many requests into the log together, with one sync for all that wait."""

from __future__ import annotations

import queue
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future
from typing import NamedTuple

from lightship.core.errors import InvalidInputError, OvertakenError
from lightship.core.model import Change
from lightship.doclog import DocumentLog, Position
from lightship.doclog.protocol.fence import Fence
from lightship.runtime.tasks import keep_in_thread

GROUP = 1000  # changes per put: what SQLite writes in one transaction; more would only wait longer


class _Request(NamedTuple):
    changes: Sequence[Change]
    fence: Fence
    stored: Future[dict[str, Position]]


class GroupCommit:
    """Writes to `log` from as many threads as are useful, preserving the order of a client that awaits each reply."""

    def __init__(self, log: DocumentLog) -> None:
        """Start the threads."""
        self._log = log
        self._waiting: queue.SimpleQueue[_Request | None] = queue.SimpleQueue()
        self._closing = threading.Event()
        self._threads = [
            keep_in_thread(f"intake-log-{number}", self._run, self._closing, daemon=True)
            for number in range(log.puts_at_once)
        ]

    def put(self, changes: Sequence[Change], fence: Fence) -> Future[dict[str, Position]]:
        """Return a future with the positions of the stored `changes`, by URL: all except overtaken ones.

        The future raises what the log raises.
        """
        stored: Future[dict[str, Position]] = Future()
        self._waiting.put(_Request(changes, fence, stored))
        return stored

    def close(self) -> None:
        """Stop after everything that waits has been written."""
        self._closing.set()
        for _ in self._threads:
            self._waiting.put(None)
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        for group in self._groups():
            self._write([request for request in group if _is_live(request)])

    def _groups(self) -> Iterator[list[_Request]]:
        """Yield waiting requests in groups of about GROUP changes at most, until `close`."""
        while first := self._waiting.get():
            group, size = [first], len(first.changes)
            while size < GROUP:
                try:
                    request = self._waiting.get_nowait()
                except queue.Empty:  # another thread has taken it
                    break
                if request is None:
                    yield group
                    return
                group.append(request)
                size += len(request.changes)
            yield group

    def _write(self, group: Sequence[_Request]) -> None:
        if not group:
            return
        try:
            stored, maybe = self._put(group)
        except InvalidInputError as error:
            if len(group) == 1:
                group[0].stored.set_exception(error)
                return
            for request in group:  # an error in one must not affect the others
                self._write([request])
        except BaseException as error:
            for request in group:
                request.stored.set_exception(error)
        else:
            for request in group:
                _answer(request, stored, maybe)

    def _put(self, group: Sequence[_Request]) -> tuple[Mapping[str, Position], Collection[str]]:
        """Return the positions of stored changes, by URL, and the URLs whose outcome is unknown."""
        changes = [change for request in group for change in request.changes]
        fences = [request.fence for request in group for _ in request.changes]
        try:
            positions = self._log.put(changes, fences)
        except OvertakenError as error:
            return error.stored, error.maybe
        return {change.url: position for change, position in zip(changes, positions, strict=True)}, ()


def _answer(request: _Request, stored: Mapping[str, Position], maybe: Collection[str]) -> None:
    urls = [change.url for change in request.changes]
    if doubtful := [url for url in urls if url in maybe]:  # only the sender may put it again
        request.stored.set_exception(OvertakenError(doubtful))
    else:
        request.stored.set_result({url: stored[url] for url in urls if url in stored})


def _is_live(request: _Request) -> bool:
    """Whether the sender of `request` is still waiting."""
    if not request.stored.set_running_or_notify_cancel():
        return False
    if request.fence.is_closed:
        request.stored.set_result({})
    return not request.fence.is_closed
