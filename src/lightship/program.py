"""What every program's `main` does the same way: logging, SIGTERM, listening, and errors told in one line."""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable

from lightship.config import TIED_VARIABLE, parse_address
from lightship.errors import ConfigurationError, LightshipError

_BACKLOG = 2048


def run_program(main: Callable[[], None]) -> None:
    """Run `main` with logging set up; an error of ours ends the process with one clear line and status 1."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    if os.environ.get(TIED_VARIABLE):
        threading.Thread(target=_end_with_parent, name="tie", daemon=True).start()
    try:
        main()
    except LightshipError as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


def stop_on_signals() -> threading.Event:
    """Return an event that SIGTERM and SIGINT set. Call it from the main thread."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


def listen(address: str) -> socket.socket:
    """Return a socket that listens on `host:port`; an empty host means every address, of both kinds where the system can."""
    host, port = parse_address(address)
    try:
        if not host and socket.has_dualstack_ipv6():
            return socket.create_server(("", port), family=socket.AF_INET6, backlog=_BACKLOG, dualstack_ipv6=True)
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise ConfigurationError(f"can't listen on {address}: {error.strerror}; choose another address") from error


def _end_with_parent() -> None:
    """Stop this process when its standard input ends: whoever started it is gone, however it went."""
    while os.read(0, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
