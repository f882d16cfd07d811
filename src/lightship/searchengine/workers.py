"""Several processes that answer from one data folder. This one accepts connections, and gives each to one of them.

The worker with the fewest connections gets the next one, so that all processors are busy however few connections there
are: see docs/decisions/0013. Workers are forked, so that they share the memory of what was imported.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import mmap
import multiprocessing
import os
import random
import selectors
import signal
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.process import BaseProcess

from lightship.config import TIED_VARIABLE
from lightship.runtime.program import STOPPING, on_stopping, run_program
from lightship.searchengine.inbox import Inbox

logger = logging.getLogger("searchengine")

RESTART_SECONDS = 0.5
GIVE_SECONDS = 1.0  # for a worker to make room for another connection, when some 280 wait in its channel
ACCEPT_SECONDS = 0.1  # between two attempts to accept, when no file can be opened
_COUNT = 8  # bytes

_fork = multiprocessing.get_context("fork")


def exit_if_it_fails(work: Callable[[], object]) -> None:
    """Call `work` in another process, since it may start threads, beside which no worker can be forked."""
    process = _fork.Process(target=run_program, args=(work,), kwargs={"tied": False})
    process.start()
    process.join()
    if process.exitcode:
        sys.exit(process.exitcode)


@dataclass
class _Worker:
    process: BaseProcess
    channel: socket.socket
    given: int = 0  # connections, in total


class Workers:
    """Runs workers until SIGTERM. One that dies is restarted."""

    def __init__(self, listener: socket.socket, count: int, work: Callable[[Inbox], None]) -> None:
        """Give connections to `listener` to `count` processes, in each of which `work` takes them from its inbox."""
        self._listener, self._work = listener, work
        self._closed = memoryview(mmap.mmap(-1, _COUNT * count)).cast("Q")  # shared with the workers
        self._workers: dict[int, _Worker] = {}
        self._restarts: dict[int, float] = {}  # number of a worker -> when it is started again (time.monotonic)
        self._stopping = False
        self._selector = selectors.DefaultSelector()

    def run(self, seconds: float) -> None:
        """Run until all workers have ended after SIGTERM, for at most `seconds`; each signal is passed on to them."""
        on_stopping(lambda number, _: self._stop(number))
        gc.collect()
        gc.freeze()  # a collection in a worker would write to all pages that it shares with the others
        for number in range(len(self._closed)):
            self._start(number)
        self._listener.setblocking(False)
        self._selector.register(self._listener, selectors.EVENT_READ, self._accept)
        if os.environ.get(TIED_VARIABLE):
            self._selector.register(0, selectors.EVENT_READ, self._read_input)
        deadline = float("inf")
        while (self._workers or not self._stopping) and time.monotonic() < deadline:
            for key, _ in self._selector.select(RESTART_SECONDS):
                key.data()
            if self._stopping:
                deadline = min(deadline, time.monotonic() + seconds)
            for number in [number for number, due in self._restarts.items() if due <= time.monotonic()]:
                self._start(number)
        self._listener.close()
        for worker in self._workers.values():
            worker.process.kill()

    def _start(self, number: int) -> None:
        self._restarts.pop(number, None)
        if self._stopping:
            return
        ours, theirs = socket.socketpair()
        ours.settimeout(GIVE_SECONDS)
        self._closed[number] = 0
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)  # none may reach a worker before it can be stopped
        try:
            process = _fork.Process(target=self._run_worker, args=(number, ours, theirs), daemon=True)
            process.start()
            self._workers[number] = _Worker(process, ours)
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)
        theirs.close()
        self._selector.register(process.sentinel, selectors.EVENT_READ, lambda: self._ended(number))

    def _run_worker(self, number: int, ours: socket.socket, theirs: socket.socket) -> None:
        """Run in the new process: close what is the program's, so that its end is noticed, and work."""
        for channel in (ours, *(worker.channel for worker in self._workers.values())):
            channel.close()
        self._selector.close()
        on_stopping(signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)
        run_program(lambda: self._work(Inbox(number, theirs, self._closed)), tied=False)

    def _ended(self, number: int) -> None:
        worker = self._workers.pop(number)
        self._selector.unregister(worker.process.sentinel)
        worker.process.join()
        worker.channel.close()
        if not self._stopping:
            logger.error("worker %d exited with status %s; restarting it", worker.process.pid, worker.process.exitcode)
            self._restarts[number] = time.monotonic() + RESTART_SECONDS

    def _stop(self, signal_number: int) -> None:
        self._stopping = True
        for worker in self._workers.values():
            with contextlib.suppress(ProcessLookupError):
                os.kill(worker.process.pid or 0, signal_number)

    def _read_input(self) -> None:
        """Stop at the end of the standard input: the parent is gone."""
        if not os.read(0, 4096):
            self._selector.unregister(0)
            self._stop(signal.SIGTERM)

    def _accept(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        except OSError as error:
            logger.error("can't accept connections: %s", error)  # noqa: TRY400 (says all)
            time.sleep(ACCEPT_SECONDS)
            return
        with connection:
            self._give(connection)

    def _give(self, connection: socket.socket) -> None:
        """Give `connection` to the worker with the fewest, or to another one if that is ending, or makes no room.

        Of several with the fewest, chance decides: in turn, one would get all probes, and another all searches.
        """
        for number in sorted(self._workers, key=lambda number: (self._open(number), random.random())):
            worker = self._workers[number]
            with contextlib.suppress(OSError):
                socket.send_fds(worker.channel, [b"x"], [connection.fileno()])
                worker.given += 1
                return

    def _open(self, number: int) -> int:
        """Return how many connections a worker has."""
        return self._workers[number].given - self._closed[number]
