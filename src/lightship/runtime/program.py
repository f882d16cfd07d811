"""What the `main` of every program shares: logging, signals, listening, and errors reported in one line."""

from __future__ import annotations

import contextlib
import errno
import gc
import logging
import os
import select
import signal
import socket
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import TextIO

from lightship.config import TIED_VARIABLE
from lightship.config.setting import parse_address
from lightship.core.errors import ConfigurationError, LightshipError

logger = logging.getLogger("program")

_BACKLOG = 2048
STOPPING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)  # SIGHUP: the terminal was closed
SAFE_PATH, PATH = "PYTHONSAFEPATH", "PYTHONPATH"  # read by child Python processes


def run_program(main: Callable[[], None], *, tied: bool = True) -> None:
    """Run `main` with logging set up; a LightshipError or file error ends the process with one line and status 1.

    Unless `main` is not `tied`, because it forks or calls `tie` itself, the process ends with its parent.
    When the reader of standard output is gone (`… | head`), the process ends quietly, as if by SIGPIPE.
    """
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    import_nothing_from_here()
    if tied:
        tie()
    try:
        try:
            main()
        finally:
            _flush()
            gc.freeze()  # what is left goes with the process: to look for garbage in it takes a seventh of a short run
    except LightshipError as error:
        sys.exit(f"error: {error}")
    except BrokenPipeError:
        if not _is_unread(sys.stdout):
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python would report an error at exit otherwise
        sys.exit(128 + signal.SIGPIPE)
    except OSError as error:
        if error.filename is None or not error.strerror:
            raise
        logger.debug("traceback of the error", exc_info=True)
        sys.exit(f"error: can't use {error.filename}: {error.strerror}")
    except KeyboardInterrupt:
        sys.exit(130)


def tie() -> None:
    """Start a thread that ends this process with its parent, if that asked for it (`LIGHTSHIP_TIED`)."""
    if os.environ.get(TIED_VARIABLE):
        threading.Thread(target=_end_with_parent, name="tie", daemon=True).start()


def _flush() -> None:
    if sys.stdout is not None and not sys.stdout.closed:
        sys.stdout.flush()


def _is_unread(file: TextIO | None) -> bool:
    """Return True if `file` is a pipe whose reader is gone."""
    if file is None or file.closed:
        return False
    asked = select.poll()
    asked.register(file.fileno(), 0)
    return any(state & (select.POLLERR | select.POLLHUP) for _, state in asked.poll(0))


def import_nothing_from_here() -> None:
    """Keep child Python processes (parts, workers, PDF parsers) from importing modules from the current folder.

    `-m` and `-c` put the current folder first on the path, and an empty or relative entry of PYTHONPATH refers to it: a
    `json.py` there would be executed.
    """
    os.environ[SAFE_PATH] = "1"
    given = os.environ.pop(PATH, "").split(os.pathsep)
    if kept := [entry for entry in given if os.path.isabs(entry)]:
        os.environ[PATH] = os.pathsep.join(kept)


def stop_on_signals() -> threading.Event:
    """Return an event that each SIGTERM, SIGINT and SIGHUP sets. Call it from the main thread.

    A handler runs in the main thread, which may be inside `stop.wait()` and hold the event's lock: setting the event
    there would wait for that lock forever. So the handler writes to a pipe, and a thread sets the event.
    """
    stop = threading.Event()
    read, write = os.pipe()
    os.set_blocking(write, False)

    def set_stop() -> None:
        while os.read(read, 1):
            stop.set()

    def notify(*_: object) -> None:
        with contextlib.suppress(BlockingIOError):  # enough signals are waiting
            os.write(write, b"x")

    threading.Thread(target=set_stop, name="signals", daemon=True).start()
    on_stopping(notify)
    return stop


def on_stopping(handler: Callable[[int, FrameType | None], object] | signal.Handlers) -> None:
    """Call `handler` for each signal that asks this process to stop; under `nohup`, SIGHUP stays ignored."""
    for number in STOPPING:
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, handler)


def listen(address: str) -> socket.socket:
    """Return a socket that listens on `host:port`; an empty host means all addresses, IPv4 and IPv6 if supported."""
    host, port = parse_address(address)
    try:
        if not host and socket.has_dualstack_ipv6():
            return socket.create_server(("", port), family=socket.AF_INET6, backlog=_BACKLOG, dualstack_ipv6=True)
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise ConfigurationError(f"can't listen on {address}: {_listen_failure(error, port)}") from error


def _listen_failure(error: OSError, port: int) -> str:
    """Return why listening failed, and what to do."""
    if error.errno == errno.EADDRINUSE:
        return f"port {port} is already in use; choose another one"
    if error.errno == errno.EACCES:
        return f"port {port} needs root, like all ports below 1024; choose a higher one"
    if error.errno == errno.EADDRNOTAVAIL or (error.errno or 0) < 0:  # negative: a resolver error
        return "this machine does not have that address; choose another one"
    return f"{error.strerror}; choose another one"


def _end_with_parent() -> None:
    """Stop this process at the end of its standard input: its parent is gone, whatever ended it."""
    while os.read(0, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
