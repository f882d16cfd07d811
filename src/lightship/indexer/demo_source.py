"""The demo source of an indexer without a log: two documents that contain the time, replaced every second."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from datetime import datetime

from lightship.core.model import Change, Document
from lightship.doclog import DocumentLog

SUBJECTS = ("news", "images")
TICK = 1.0  # seconds


def documents(now: datetime) -> Iterable[Document]:
    """Return the two documents for the time `now`."""
    for subject in SUBJECTS:
        yield Document(url=f"clock:{subject}", text=f"Some {subject} up to {now:%Y-%m-%d %H:%M:%S}", language="en")


def run_clock(log: DocumentLog, stop: threading.Event) -> None:
    """Put the documents into `log` every second until `stop` is set."""
    while True:
        log.put([Change.put(document) for document in documents(datetime.now().astimezone())])
        if stop.wait(TICK - time.time() % TICK):
            return
