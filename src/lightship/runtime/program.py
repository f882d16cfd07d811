"""What every program's `main` does the same way: logging, SIGTERM, listening, and errors told in one line."""

from __future__ import annotations

import errno
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
STOPPING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)  # the last one: the terminal was closed
SAFE_PATH, PATH = "PYTHONSAFEPATH", "PYTHONPATH"  # what the Pythons that are started here read


def run_program(main: Callable[[], None]) -> None:
    """Run `main` with logging set up; an error of ours, or of a file's, ends the process with one clear line and status 1.

    When nobody reads the standard output any more (`… | head`), it ends quietly, as if SIGPIPE had ended it.
    """
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    import_nothing_from_here()
    if os.environ.get(TIED_VARIABLE):
        threading.Thread(target=_end_with_parent, name="tie", daemon=True).start()
    try:
        try:
            main()
        finally:
            _flush()
    except LightshipError as error:
        sys.exit(f"error: {error}")
    except BrokenPipeError:
        if not _is_unread(sys.stdout):
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python would complain at its end
        sys.exit(128 + signal.SIGPIPE)
    except OSError as error:
        if error.filename is None or not error.strerror:
            raise
        logger.debug("the reason", exc_info=True)
        sys.exit(f"error: can't use {error.filename}: {error.strerror}")
    except KeyboardInterrupt:
        sys.exit(130)


def _flush() -> None:
    if sys.stdout is not None and not sys.stdout.closed:
        sys.stdout.flush()


def _is_unread(file: TextIO | None) -> bool:
    """Tell whether `file` is a pipe that nobody reads any more."""
    if file is None or file.closed:
        return False
    asked = select.poll()
    asked.register(file.fileno(), 0)
    return any(state & (select.POLLERR | select.POLLHUP) for _, state in asked.poll(0))


def import_nothing_from_here() -> None:
    """Have the Pythons that this process starts (parts, workers, readers of PDFs) import nothing from the current folder.

    `-m` and `-c` put it first, and an empty or relative entry of PYTHONPATH means it: a `json.py` there would be run.
    """
    os.environ[SAFE_PATH] = "1"
    given = os.environ.pop(PATH, "").split(os.pathsep)
    if kept := [entry for entry in given if os.path.isabs(entry)]:
        os.environ[PATH] = os.pathsep.join(kept)


def stop_on_signals() -> threading.Event:
    """Return an event that SIGTERM, SIGINT and SIGHUP set. Call it from the main thread."""
    stop = threading.Event()
    on_stopping(lambda *_: stop.set())
    return stop


def on_stopping(handler: Callable[[int, FrameType | None], object]) -> None:
    """Call `handler` for each signal that asks this process to stop; `nohup` has it live on without a terminal."""
    for number in STOPPING:
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, handler)


def listen(address: str) -> socket.socket:
    """Return a socket that listens on `host:port`; an empty host means every address, of both kinds where the system can."""
    host, port = parse_address(address)
    try:
        if not host and socket.has_dualstack_ipv6():
            return socket.create_server(("", port), family=socket.AF_INET6, backlog=_BACKLOG, dualstack_ipv6=True)
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise ConfigurationError(f"can't listen on {address}: {_trouble(error, port)}") from error


def _trouble(error: OSError, port: int) -> str:
    """Return why nothing can listen there, and what to do."""
    if error.errno == errno.EADDRINUSE:
        return f"port {port} is taken: choose another one"
    if error.errno == errno.EACCES:
        return f"ports below 1024, like {port}, are for root: choose a higher one"
    if error.errno == errno.EADDRNOTAVAIL or (error.errno or 0) < 0:  # below 0: the resolver's
        return "this machine has no such address: choose another one"
    return f"{error.strerror}; choose another one"


def _end_with_parent() -> None:
    """Stop this process when its standard input ends: whoever started it is gone, however it went."""
    while os.read(0, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
