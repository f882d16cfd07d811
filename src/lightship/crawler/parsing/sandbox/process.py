"""The parent's side of a reading process: its limits of time and memory, and what became of a page that broke them."""

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
from pathlib import Path
from typing import Any

import msgspec

from lightship.core.errors import InvalidDocumentError, UnreadableError
from lightship.crawler.parsing.sandbox.fair_queue import SLOW_SECONDS
from lightship.crawler.parsing.sandbox.tasks import HEAD, LENGTH, SECONDS, Answer, Task, decode_answer, result_of

WALL_SECONDS = 180.0
LOWERED = 10  # by which a slow page's process is nicer than others: a tenth of their share of a busy machine
KEPT_MEMORY = 64 << 20  # with more than that after a page a process is replaced
COMMAND = ("-m", "lightship.crawler.parsing.sandbox.worker")
MAX_PAGES = 5000  # that one process reads: whatever a library leaks ends with it
MAX_ANSWER = 64 << 20  # bytes

_TICK_MILLISECONDS = 20
_PIPE = 1 << 20
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE_SIZE = os.sysconf("SC_PAGE_SIZE")
_KEPT = ("PATH", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "LANG", "LC_ALL", "LC_CTYPE")


class ParserProcess:
    """One process; `run` is for one thread, `kill` for any. It is started when it is needed, and again after its end."""

    def __init__(self, watch: Callable[[], None]) -> None:
        """`watch` is called often while a page is read, and may `kill`."""
        self._watch = watch
        self._process: subprocess.Popen[bytes] | None = None
        self._pages = 0
        self._lowered = self._ready = False
        self._used = 0.0
        self._reason = ""
        self.busy = False  # with a page
        self.seconds = 0.0  # that the last page took: of processor time, or in all when it had no good end

    def start(self) -> None:
        """Start it, if it does not run; raises OSError."""
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
        """Bytes of memory that it has now; 0 where that can't be told (macOS), and when it does not run."""
        process = self._process
        with contextlib.suppress(OSError, IndexError, ValueError):
            return int(Path(f"/proc/{process.pid}/statm").read_text().split()[1]) * _PAGE_SIZE if process else 0
        return 0

    def run(self, task: Task, body: bytes, *, lowered: bool = False) -> Any:
        """Return what the task's `run(body)` returns; raises InvalidDocumentError when that does.

        It is done at a lower priority when `lowered`, or when it turns out to be slow.

        Raises UnreadableError when it took too much or broke the process, which is replaced then.
        """
        self.busy, began = True, time.monotonic()
        try:
            if self._lowered and not lowered:
                self.end()  # there is no way back to the usual priority
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
            self.kill(f"its reading process failed: {error}")
            raise UnreadableError(self._reason) from error
        finally:
            self.busy = False
            self._pages += 1
            ended = self._process is not None and self._process.poll() is not None
            if self._reason or ended or self._pages >= MAX_PAGES or self.memory > KEPT_MEMORY:
                self.end()

    def kill(self, reason: str) -> None:
        """End the process; the page that it reads is failed for this `reason`."""
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
        """Wait until the process has started: that is no page's time."""
        if not self._ready:
            self._receive(struct.calcsize(LENGTH), began)
            self._ready = True
        self._used = self._processor_time()

    def _ask(self, message: bytes, body: bytes, began: float) -> Answer:
        for data in (struct.pack(HEAD, len(message), len(body)) + message, body):
            self._send(data, began)
        (length,) = struct.unpack(LENGTH, self._receive(struct.calcsize(LENGTH), began))
        if length > MAX_ANSWER:
            raise UnreadableError(f"what was read of it has {length} bytes: more than {MAX_ANSWER}")
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
        """Wait a moment for the pipe, or look after the process."""
        poll = select.poll()
        poll.register(pipe, event)
        if poll.poll(_TICK_MILLISECONDS):
            return
        self._watch()
        if time.monotonic() - began > WALL_SECONDS:
            self.kill(f"reading it takes more than {WALL_SECONDS:g} s")
        if self._ready and self._processor_time() - self._used > SLOW_SECONDS:
            self._lower()

    def _lower(self) -> None:
        if self._process and not self._lowered:
            self._lowered = True
            with contextlib.suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, self._process.pid, os.getpriority(os.PRIO_PROCESS, 0) + LOWERED)

    def _processor_time(self) -> float:
        """Return the seconds of processor time that the process has used; 0 where that can't be told (macOS)."""
        with contextlib.suppress(OSError, IndexError, ValueError):
            if self._process:
                fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
                return (int(fields[11]) + int(fields[12])) / _TICKS
        return 0.0

    def _failure(self) -> UnreadableError:
        """Return why the process is no more."""
        assert self._process
        status = self._process.wait()
        if self._reason:
            return UnreadableError(self._reason)
        self._reason = "ended"
        if status == -signal.SIGXCPU:
            return UnreadableError(f"reading it takes more than {SECONDS} s of processor time")
        ending = signal.Signals(-status).name if status < 0 else f"exit status {status}"
        return UnreadableError(f"reading it broke the process that read it ({ending})")
