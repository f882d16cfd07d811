"""A parser process: parses untrusted content, one task at a time, with hardly any other privileges.

`python -m lightship.crawler.parsing.sandbox.worker` reads tasks on stdin and answers on stdout; process.py has its
limits.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import signal
import struct
import sys
from collections.abc import Iterator

import msgspec

from lightship.core.errors import InvalidInputError, words
from lightship.crawler.parsing.sandbox.tasks import HEAD, LENGTH, MEMORY, SECONDS, Answer, decode_task

_FILES = 32  # open at once: libraries are loaded on demand


def main() -> None:
    """Answer until stdin ends; a task that may have corrupted the process is the last one."""
    output = os.dup(1)
    _confine()
    _write(output, struct.pack(LENGTH, 0))  # ready
    while head := _read(struct.calcsize(HEAD)):
        task, body = (_read(length) for length in struct.unpack(HEAD, head))
        began = _used()
        with _bounded(began):
            answer = _answer(task, body)
        del body
        data = msgspec.json.encode(msgspec.structs.replace(answer, seconds=_used() - began))
        _write(output, struct.pack(LENGTH, len(data)) + data)
        if answer.last:
            break


def _answer(task: bytes, body: bytes) -> Answer:
    """Return the outcome of a task; it is the last one if this process may be corrupted."""
    try:
        result = msgspec.json.encode(decode_task(task).run(body))
    except InvalidInputError as error:
        return Answer(problem=str(error), refused=True)
    except MemoryError:
        return Answer(problem=f"parsing it takes more than {MEMORY >> 20} MiB of memory", last=True)
    except Exception as error:  # of any library: it must affect only this page
        return Answer(problem=f"parsing it failed: {type(error).__name__}: {_short(error)}")
    except BaseException as error:  # a panic of a Rust library, which may have left a corrupted state
        return Answer(problem=f"parsing it crashed a library: {_short(error)}", last=True)
    return Answer(msgspec.Raw(result))


def _short(error: BaseException) -> str:
    return " ".join(words(error).split())[:300].encode("utf-8", "replace").decode()


def _used() -> float:
    """Return the CPU time of this process in seconds."""
    return sum(os.times()[:2])


@contextlib.contextmanager
def _bounded(used: float) -> Iterator[None]:
    """Limit the CPU time of a task, and end with the parent; the kernel enforces both, whatever holds the GIL."""
    _limit("RLIMIT_CPU", int(used) + SECONDS + 1, keep_hard=True)
    flags = fcntl.fcntl(0, fcntl.F_GETFL)
    fcntl.fcntl(0, fcntl.F_SETFL, flags | os.O_ASYNC)  # SIGIO, which ends this process, when the other end closes
    if _is_closed(0):  # it was closed before that
        sys.exit(0)
    try:
        yield
    finally:
        fcntl.fcntl(0, fcntl.F_SETFL, flags)


def _is_closed(pipe: int) -> bool:
    """Whether the other end of this pipe (for reading) is closed."""
    poll = select.poll()
    poll.register(pipe, 0)
    return any(event & select.POLLHUP for _, event in poll.poll(0))


def _confine() -> None:
    """Drop what parsing does not need: memory, files, processes, and the network where the system allows that."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to all; the parent decides
    with contextlib.suppress(AttributeError, OSError):  # Python 3.12, Linux with user namespaces
        os.unshare(os.CLONE_NEWUSER | os.CLONE_NEWNET)  # type: ignore[attr-defined,unused-ignore]
    for name, most in (("DATA", MEMORY), ("FSIZE", 0), ("NOFILE", _FILES), ("NPROC", 0), ("CORE", 0)):
        _limit(f"RLIMIT_{name}", most)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for number in (1, 2):  # where libraries print complaints about content
        os.dup2(nowhere, number)
    fcntl.fcntl(0, fcntl.F_SETOWN, os.getpid())  # see _bounded


def _limit(name: str, most: int, *, keep_hard: bool = False) -> None:
    with contextlib.suppress(ImportError, AttributeError, ValueError, OSError):  # not supported by this system
        import resource

        kind = getattr(resource, name)
        hard = resource.getrlimit(kind)[1]
        if hard != resource.RLIM_INFINITY:
            most = min(most, hard)
        resource.setrlimit(kind, (most, hard if keep_hard else most))


def _read(length: int) -> bytes:
    """Return the next `length` bytes of stdin, or exit at its end."""
    data = bytearray()
    while len(data) < length:
        piece = os.read(0, min(length - len(data), 1 << 20))
        if not piece:
            sys.exit(0)
        data += piece
    return bytes(data)


def _write(output: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(output, rest) :]


if __name__ == "__main__":
    main()
