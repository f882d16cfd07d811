"""Parses untrusted content in separate processes, so that a malicious page can harm nothing but itself.

A parser in C or Rust holds the GIL while it works, so a thread would not do. Each page has limits on CPU time, memory
and wall time (process.py); sites take turns, and none occupies all processes (fair_queue.py).
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from concurrent.futures import Future, wait
from operator import itemgetter
from types import TracebackType
from typing import Any, NamedTuple, Protocol, Self, TypeVar

from lightship.core.errors import UnavailableError
from lightship.crawler.parsing.sandbox.fair_queue import FairQueue
from lightship.crawler.parsing.sandbox.process import ParserProcess

MEMORY, BASE_MEMORY = 136 << 20, 32 << 20  # bytes: for the pages of all processes, and for each process at start
_SPARE = 1.2  # times a process's memory at start: an idle one with more is killed first
_LOOK_SECONDS = 0.2
_STOPPED = "the crawler is stopping"

T_co = TypeVar("T_co", covariant=True)


class StoppedError(UnavailableError):
    """The crawler is stopping, so nothing is parsed any more."""


class Task(Protocol[T_co]):
    """A parsing task; see tasks.py."""

    def run(self, body: bytes) -> T_co:
        """Return the parsed contents of `body`."""


class _Job(NamedTuple):
    task: Any
    body: bytes
    future: Future[Any]


class ParserPool:
    """A pool of up to `readers` parser processes, for any threads and event loops; use it in a with statement."""

    def __init__(self, readers: int, stop: threading.Event) -> None:
        """Parse until `stop` is set, which also interrupts `wait`."""
        self._stop = stop
        self._queue: FairQueue[_Job] = FairQueue(readers)
        self._limit = MEMORY + readers * BASE_MEMORY
        self._processes = [ParserProcess(self._watch) for _ in range(readers)]
        self._threads = [
            threading.Thread(target=self._serve, args=(process,), name="parser", daemon=True)
            for process in self._processes
        ]
        self._closed = False

    def __enter__(self) -> Self:
        """Start the processes."""
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Kill the processes without waiting for their pages."""
        self._closed = True
        for job in self._queue.close():
            job.future.cancel()
        for thread in self._threads:
            while thread.is_alive():  # it may have started another process meanwhile
                for process in self._processes:
                    process.kill(_STOPPED)
                thread.join(_LOOK_SECONDS)

    def submit(self, site: str, task: Task[T_co], body: bytes) -> Future[T_co]:
        """Queue `task.run(body)` for `site`.

        The future raises InvalidDocumentError for unreadable content, UnreadableError for exceeded limits.
        """
        future: Future[T_co] = Future()
        self._queue.put(site, _Job(task, body, future))
        return future

    async def read(self, site: str, task: Task[T_co], body: bytes) -> T_co:
        """Return the result of `submit`, for an event loop."""
        return await asyncio.wrap_future(self.submit(site, task, body))

    def wait(self, site: str, task: Task[T_co], body: bytes) -> T_co:
        """Return the result of `submit`, for a thread; raises StoppedError if the crawler stops first."""
        return self.result(self.submit(site, task, body))

    def result(self, future: Future[T_co]) -> T_co:
        """Return the result of a job, for a thread; raises StoppedError if the crawler stops first."""
        while not self._stop.is_set():
            if wait([future], _LOOK_SECONDS).done:
                return future.result()
        future.cancel()
        raise StoppedError(_STOPPED)

    def _serve(self, process: ParserProcess) -> None:
        try:
            while not self._closed:
                with contextlib.suppress(OSError):  # then the next page reports the error
                    process.start()  # in advance, so that the next page need not wait for it
                if waiting := self._queue.take():
                    self._do(process, waiting.job, lowered=waiting.slow)
                    self._queue.done(waiting.site, process.seconds)
        finally:
            process.end()

    def _do(self, process: ParserProcess, job: _Job, *, lowered: bool) -> None:
        process.seconds = 0.0
        if not job.future.set_running_or_notify_cancel():
            return
        try:
            result = process.run(job.task, job.body, lowered=lowered)
        except BaseException as error:
            job.future.set_exception(StoppedError(_STOPPED) if self._closed else error)
        else:
            job.future.set_result(result)

    def _watch(self) -> None:
        """Kill the process with the most memory if all together have too much, idle ones first."""
        sizes = [process.memory for process in self._processes]
        if sum(sizes) > self._limit:
            idle = [
                not process.busy and size > _SPARE * BASE_MEMORY
                for process, size in zip(self._processes, sizes, strict=True)
            ]
            _, most, process = max(zip(idle, sizes, self._processes, strict=True), key=itemgetter(0, 1))
            process.kill(f"parsing it takes too much memory ({most >> 20} MiB)")
