"""A reading process: reads what strangers sent, one task after the other, and can do hardly anything else.

`python -m lightship.crawler.parsing.sandbox.worker` gets tasks on stdin and answers on stdout; see process.py for its limits.
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

_FILES = 32  # open at once: libraries are loaded when they are needed


def main() -> None:
    """Answer until stdin ends; a task that broke something is the last one."""
    output = os.dup(1)
    _confine()
    _write(output, struct.pack(LENGTH, 0))  # it is ready
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
    """Return what came of a task; it is the last one, when this process may not be as good as before."""
    try:
        result = msgspec.json.encode(decode_task(task).run(body))
    except InvalidInputError as error:
        return Answer(problem=str(error), refused=True)
    except MemoryError:
        return Answer(problem=f"reading it takes more than {MEMORY >> 20} MiB of memory", last=True)
    except Exception as error:  # of whatever library: it is this page's, and no other's
        return Answer(problem=f"reading it failed: {type(error).__name__}: {_short(error)}")
    except BaseException as error:  # a panic of a library in Rust, which may have left anything behind
        return Answer(problem=f"reading it broke a library: {_short(error)}", last=True)
    return Answer(msgspec.Raw(result))


def _short(error: BaseException) -> str:
    return " ".join(words(error).split())[:300].encode("utf-8", "replace").decode()


def _used() -> float:
    """Return the seconds of processor time that this process has used."""
    return sum(os.times()[:2])


@contextlib.contextmanager
def _bounded(used: float) -> Iterator[None]:
    """Bound the processor time of what is read here, and end with the parent: the kernel does both, whatever holds the GIL."""
    _limit("RLIMIT_CPU", int(used) + SECONDS + 1, keep_hard=True)
    flags = fcntl.fcntl(0, fcntl.F_GETFL)
    fcntl.fcntl(0, fcntl.F_SETFL, flags | os.O_ASYNC)  # SIGIO, which ends this process, when the other end closes
    if _is_closed(0):  # it closed before that was asked for
        sys.exit(0)
    try:
        yield
    finally:
        fcntl.fcntl(0, fcntl.F_SETFL, flags)


def _is_closed(pipe: int) -> bool:
    """Tell whether the other end of this pipe to read from has closed."""
    poll = select.poll()
    poll.register(pipe, 0)
    return any(event & select.POLLHUP for _, event in poll.poll(0))


def _confine() -> None:
    """Give up what reading does not need: memory, files, processes, the network where the system allows that."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to all; the parent decides
    with contextlib.suppress(AttributeError, OSError):  # Python 3.12, Linux with user namespaces
        os.unshare(os.CLONE_NEWUSER | os.CLONE_NEWNET)  # type: ignore[attr-defined,unused-ignore]
    for name, most in (("DATA", MEMORY), ("FSIZE", 0), ("NOFILE", _FILES), ("NPROC", 0), ("CORE", 0)):
        _limit(f"RLIMIT_{name}", most)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for number in (1, 2):  # where libraries complain of what they read
        os.dup2(nowhere, number)
    fcntl.fcntl(0, fcntl.F_SETOWN, os.getpid())  # see _bounded


def _limit(name: str, most: int, *, keep_hard: bool = False) -> None:
    with contextlib.suppress(ImportError, AttributeError, ValueError, OSError):  # what this system does not have
        import resource

        kind = getattr(resource, name)
        hard = resource.getrlimit(kind)[1]
        if hard != resource.RLIM_INFINITY:
            most = min(most, hard)
        resource.setrlimit(kind, (most, hard if keep_hard else most))


def _read(length: int) -> bytes:
    """Return the next `length` bytes of stdin, or ends the process when there are no more."""
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
