"""Reading what strangers sent in processes of its own: what a page does there befalls that page alone.

A parser in C or Rust holds the GIL as long as it works, so a thread would not do. Each page has limits of processor time,
memory and wall time (process.py); a site has its turn, and never all processes (line.py).
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYetError
from operator import itemgetter
from types import TracebackType
from typing import Any, NamedTuple, Protocol, Self, TypeVar

from lightship.core.errors import UnavailableError
from lightship.crawler.parsing.sandbox.fair_queue import FairQueue
from lightship.crawler.parsing.sandbox.process import ParserProcess

MEMORY, BASE_MEMORY = 136 << 20, 32 << 20  # bytes of all processes: for pages, and for each process as it starts
_SPARE = 1.2  # times the memory of a process as it starts: one that has more keeps what others need
_LOOK_SECONDS = 0.2
_STOPPED = "the crawler stops"

T_co = TypeVar("T_co", covariant=True)


class StoppedError(UnavailableError):
    """The crawler stops: there is nobody to read any more."""


class Task(Protocol[T_co]):
    """One of tasks.py."""

    def run(self, body: bytes) -> T_co:
        """Return what `body` holds."""


class _Job(NamedTuple):
    task: Any
    body: bytes
    future: Future[Any]


class ParserPool:
    """Up to `readers` reading processes, for any threads and event loops; use it in a with statement."""

    def __init__(self, readers: int, stop: threading.Event) -> None:
        """Read until `stop` is set, which interrupts `wait`."""
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
        """End the processes; what they read is not waited for."""
        self._closed = True
        for job in self._queue.close():
            job.future.cancel()
        for thread in self._threads:
            while thread.is_alive():  # it may have started another process meanwhile
                for process in self._processes:
                    process.kill(_STOPPED)
                thread.join(_LOOK_SECONDS)

    def submit(self, site: str, task: Task[T_co], body: bytes) -> Future[T_co]:
        """Have `task.run(body)` done for `site`, which stands in line for itself.

        The future raises InvalidDocumentError for what can't be read, UnreadableError for what takes too much.
        """
        future: Future[T_co] = Future()
        self._queue.put(site, _Job(task, body, future))
        return future

    async def read(self, site: str, task: Task[T_co], body: bytes) -> T_co:
        """Return what `submit` brings, to an event loop."""
        return await asyncio.wrap_future(self.submit(site, task, body))

    def wait(self, site: str, task: Task[T_co], body: bytes) -> T_co:
        """Return what `submit` brings, to a thread; raises StoppedError when the crawler stops first."""
        future = self.submit(site, task, body)
        while not self._stop.is_set():
            with contextlib.suppress(NotYetError):
                return future.result(_LOOK_SECONDS)
        future.cancel()
        raise StoppedError(_STOPPED)

    def _serve(self, process: ParserProcess) -> None:
        try:
            while not self._closed:
                with contextlib.suppress(OSError):  # then the next page tells why
                    process.start()  # ahead of the page, which need not wait for it
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
        """Kill the process that has most of the memory when all together have too much: first one that reads nothing."""
        sizes = [process.memory for process in self._processes]
        if sum(sizes) > self._limit:
            idle = [
                not process.busy and size > _SPARE * BASE_MEMORY
                for process, size in zip(self._processes, sizes, strict=True)
            ]
            _, most, process = max(zip(idle, sizes, self._processes, strict=True), key=itemgetter(0, 1))
            process.kill(f"reading it takes too much memory ({most >> 20} MiB)")
