"""The parent's side of a parser process: limits on time and memory, and errors of pages that exceed them."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import msgspec

from lightship.core.errors import InvalidDocumentError, UnreadableError
from lightship.crawler.parsing.sandbox.fair_queue import SLOW_SECONDS
from lightship.crawler.parsing.sandbox.tasks import HEAD, LENGTH, SECONDS, Answer, Task, decode_answer, result_of

WALL_SECONDS = 180.0
LOWERED = 10  # niceness added for a slow page: a tenth of the others' share of a busy machine
KEPT_MEMORY = 64 << 20  # a process with more than this after a page is replaced
COMMAND = ("-m", "lightship.crawler.parsing.sandbox.worker")
MAX_PAGES = 5000  # per process, to bound leaks of libraries
MAX_ANSWER = 64 << 20  # bytes

_TICK_MILLISECONDS = 20
_PIPE = 1 << 20
_COUNTERS = 1024  # bytes, more than a line about a process in /proc has
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE_SIZE = os.sysconf("SC_PAGE_SIZE")
_KEPT = ("PATH", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "LANG", "LC_ALL", "LC_CTYPE")


class ParserProcess:
    """One process; `run` is for one thread, `kill` for any. It is started on demand, and restarted after its end."""

    def __init__(self, watch: Callable[[], None]) -> None:
        """`watch` is called often while a page is parsed, and may `kill`."""
        self._watch = watch
        self._process: subprocess.Popen[bytes] | None = None
        self._pages = 0
        self._lowered = self._ready = False
        self._used: float | None = None  # CPU time of the process at the first look at it during a page
        self._reason = ""
        self.busy = False  # with a page
        self.seconds = 0.0  # of the last page: CPU time, or wall time if it failed

    def start(self) -> None:
        """Start it if it is not running; raises OSError."""
        if self._process and (self._reason or self._process.poll() is not None):
            self.end()  # it died, or was killed, after its last page
        if self._process:
            return
        environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-B", *COMMAND],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, bufsize=0,
        )  # fmt: skip
        self._pages, self._lowered, self._ready, self._reason = 0, False, False, ""
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe
            os.set_blocking(pipe.fileno(), False)
            with contextlib.suppress(AttributeError, OSError):  # Linux; a few pages fill the usual 64 KiB
                fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, _PIPE)

    @property
    def memory(self) -> int:
        """Bytes of memory that it uses now; 0 where that is unknown (macOS), and if it is not running."""
        with contextlib.suppress(OSError, IndexError, ValueError):
            return int(self._counters("statm").split()[1]) * _PAGE_SIZE
        return 0

    def run(self, task: Task, body: bytes, *, lowered: bool = False) -> Any:
        """Return the result of the task's `run(body)`; raises InvalidDocumentError if that does.

        It runs at a lower priority if `lowered`, or once it turns out to be slow.

        Raises UnreadableError if it exceeds a limit or crashes the process, which is then replaced.
        """
        self.busy, began = True, time.monotonic()
        try:
            if self._lowered and not lowered:
                self.end()  # a lowered priority can't be raised again
            self.start()
            self._await_ready(began)
            if lowered:
                self._lower()
            began = time.monotonic()
            answer = self._ask(msgspec.json.encode(task), body, began)
            self.seconds = answer.seconds
            if answer.last:
                self._reason = answer.problem
            if answer.problem:
                raise (InvalidDocumentError if answer.refused else UnreadableError)(answer.problem)
            return result_of(task, answer)
        except UnreadableError:
            self.seconds = time.monotonic() - began
            raise
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
            self.kill(f"the parser process failed: {error}")
            raise UnreadableError(self._reason) from error
        finally:
            self.busy = False
            self._pages += 1
            ended = self._process is not None and self._process.poll() is not None
            if self._reason or ended or self._pages >= MAX_PAGES or self.memory > KEPT_MEMORY:
                self.end()

    def kill(self, reason: str) -> None:
        """Kill the process; its current page fails with this `reason`."""
        self._reason = self._reason or reason
        if process := self._process:
            process.kill()

    def end(self) -> None:
        """Kill the process, if there is one, and wait for its end."""
        process, self._process = self._process, None
        if process:
            process.kill()
            for pipe in (process.stdin, process.stdout):
                if pipe:
                    pipe.close()
            process.wait()

    def _await_ready(self, began: float) -> None:
        """Wait until the process has started; that does not count as a page's time."""
        if not self._ready:
            self._receive(struct.calcsize(LENGTH), began)
            self._ready = True
        self._used = None

    def _ask(self, message: bytes, body: bytes, began: float) -> Answer:
        for data in (struct.pack(HEAD, len(message), len(body)) + message, body):
            self._send(data, began)
        (length,) = struct.unpack(LENGTH, self._receive(struct.calcsize(LENGTH), began))
        if length > MAX_ANSWER:
            raise UnreadableError(f"the parsed page has {length} bytes, more than {MAX_ANSWER}")
        return decode_answer(self._receive(length, began))

    def _send(self, data: bytes, began: float) -> None:
        pipe, rest = self._pipe("stdin"), memoryview(data)
        while rest:
            try:
                rest = rest[os.write(pipe, rest) :]
            except BlockingIOError:
                self._wait(pipe, select.POLLOUT, began)
            except BrokenPipeError:
                raise self._failure() from None

    def _receive(self, length: int, began: float) -> bytes:
        pipe, data = self._pipe("stdout"), bytearray()
        while len(data) < length:
            try:
                piece = os.read(pipe, length - len(data))
            except BlockingIOError:
                self._wait(pipe, select.POLLIN, began)
                continue
            if not piece:
                raise self._failure()
            data += piece
        return bytes(data)

    def _pipe(self, name: str) -> int:
        return int(getattr(self._process, name).fileno())

    def _wait(self, pipe: int, event: int, began: float) -> None:
        """Wait for the pipe for a moment, and check the process."""
        poll = select.poll()
        poll.register(pipe, event)
        if poll.poll(_TICK_MILLISECONDS):
            return
        self._watch()
        if time.monotonic() - began > WALL_SECONDS:
            self.kill(f"parsing it takes more than {WALL_SECONDS:g} s")
        if not self._ready:
            return
        used = self._processor_time()
        if self._used is None:
            self._used = used
        elif used - self._used > SLOW_SECONDS:
            self._lower()

    def _lower(self) -> None:
        if self._process and not self._lowered:
            self._lowered = True
            with contextlib.suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, self._process.pid, os.getpriority(os.PRIO_PROCESS, 0) + LOWERED)

    def _processor_time(self) -> float:
        """Return the CPU time of the process in seconds; 0 where that is unknown (macOS)."""
        with contextlib.suppress(OSError, IndexError, ValueError):
            fields = self._counters("stat").rpartition(b")")[2].split()
            return (int(fields[11]) + int(fields[12])) / _TICKS
        return 0.0

    def _counters(self, name: str) -> bytes:
        """Return what the kernel counts of the process; nothing if it is not running."""
        process = self._process
        if process is None:
            return b""
        file = os.open(f"/proc/{process.pid}/{name}", os.O_RDONLY)
        try:
            return os.read(file, _COUNTERS)
        finally:
            os.close(file)

    def _failure(self) -> UnreadableError:
        """Return why the process has ended."""
        assert self._process
        status = self._process.wait()
        if self._reason:
            return UnreadableError(self._reason)
        self._reason = "ended"
        if status == -signal.SIGXCPU:
            return UnreadableError(f"parsing it takes more than {SECONDS} s of CPU time")
        ending = signal.Signals(-status).name if status < 0 else f"exit status {status}"
        return UnreadableError(f"parsing it crashed the parser process ({ending})")
