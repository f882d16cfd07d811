"""What every program's `main` does the same way: logging, SIGTERM, and errors told in one line."""

from __future__ import annotations

import logging
import signal
import sys
import threading
from collections.abc import Callable

from lightship.errors import LightshipError


def run_program(main: Callable[[], None]) -> None:
    """Run `main` with logging set up; an error of ours ends the process with one clear line and status 1."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
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
