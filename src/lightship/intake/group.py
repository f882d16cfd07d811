"""Puts the changes of many requests into the log together: a log syncs once for all that wait, not once for each."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from typing import NamedTuple

from lightship.doclog import DocumentLog, Position
from lightship.errors import InvalidInputError, UnavailableError
from lightship.model import Change
from lightship.position import Reached, log_digest

# A request is not written when it has waited for longer, since this process slept: its sender gave up, and may have sent
# something newer elsewhere since
STALE_SECONDS = 30.0
GROUP = 1000  # changes of one put: what SQLite writes in one transaction; more would only wait longer


class _Request(NamedTuple):
    changes: Sequence[Change]
    stored: Future[Reached]
    came: float  # by the monotonic clock


class GroupCommit:
    """Writes to `log` from as many threads as it gains from, in the order of the calls as far as one is answered before the next."""

    def __init__(self, log: DocumentLog) -> None:
        """Start the threads."""
        self._log = log
        self._digest = ""
        self._waiting: queue.SimpleQueue[_Request | None] = queue.SimpleQueue()
        self._threads = [
            threading.Thread(target=self._run, name="intake-log", daemon=True) for _ in range(log.puts_at_once)
        ]
        for thread in self._threads:
            thread.start()

    def put(self, changes: Sequence[Change]) -> Future[Reached]:
        """Return what tells the position of `changes` (at least one) when the log has them, or raises what it raised."""
        stored: Future[Reached] = Future()
        self._waiting.put(_Request(changes, stored, time.monotonic()))
        return stored

    def close(self) -> None:
        """Stop when all that waits is written."""
        for _ in self._threads:
            self._waiting.put(None)
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        for group in self._groups():
            self._write([request for request in group if _is_live(request)])

    def _groups(self) -> Iterator[list[_Request]]:
        """Yield all that waits, at most about GROUP changes at a time, until `close`."""
        while first := self._waiting.get():
            group, size = [first], len(first.changes)
            while size < GROUP:
                try:
                    request = self._waiting.get_nowait()
                except queue.Empty:  # another thread took it
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
            positions = iter(self._log.put([change for request in group for change in request.changes]))
            self._digest = self._digest or log_digest(self._log.span(0).log_id)
        except InvalidInputError as error:
            if len(group) == 1:
                group[0].stored.set_exception(error)
                return
            for request in group:  # what is wrong with one must not spoil the others
                self._write([request])
        except Exception as error:
            self._digest = ""  # who knows which log comes back
            for request in group:
                request.stored.set_exception(error)
        else:
            for request in group:
                request.stored.set_result(self._reached([next(positions) for _ in request.changes]))

    def _reached(self, positions: Sequence[Position]) -> Reached:
        sequences: dict[int, int] = {}
        for partition, sequence in positions:
            sequences[partition] = max(sequences.get(partition, 0), sequence)
        return Reached(self._digest, sequences)


def _is_live(request: _Request) -> bool:
    """Tell whether somebody still waits for `request`; who has waited for too long is told so."""
    if not request.stored.set_running_or_notify_cancel():
        return False
    if time.monotonic() - request.came <= STALE_SECONDS:
        return True
    request.stored.set_exception(UnavailableError(f"this indexer stood still for {STALE_SECONDS:g} s: send it again"))
    return False
