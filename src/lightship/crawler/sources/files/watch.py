"""How often a watched source is checked for changes."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

from lightship.crawler.output.records import Records

POLL_SECONDS = 1.0
SHARE = 0.1  # of the time may be spent on looking for changes, not counting waits for the log


def looks(records: Records, stop: threading.Event) -> Iterator[None]:
    """Yield each time that the source of `records` should be checked, until `stop` is set."""
    while not stop.is_set():
        began, waited = time.monotonic(), records.waited
        yield
        looked = time.monotonic() - began - (records.waited - waited)
        stop.wait(max(POLL_SECONDS, looked / SHARE))
