"""How often a source that is watched is looked at."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

from lightship.crawler.output.records import Records

POLL_SECONDS = 1.0
SHARE = 0.1  # of the time that may go into looking for changes; waiting for the log costs nothing, and delays nothing


def looks(records: Records, stop: threading.Event) -> Iterator[None]:
    """Yield each time that the source of `records` is to be looked at, until `stop` is set."""
    while not stop.is_set():
        began, waited = time.monotonic(), records.waited
        yield
        looked = time.monotonic() - began - (records.waited - waited)
        stop.wait(max(POLL_SECONDS, looked / SHARE))
