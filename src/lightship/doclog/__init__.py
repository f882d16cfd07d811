"""The document log: the durable queue of changes between crawler, intake and indexers.

`open_log` picks a backend by the scheme of a URL; the protocols that each backend implements are in `protocol/`.
`DESIGN.md` in this folder explains the design.
"""

from __future__ import annotations

import logging
import ssl
import threading
from concurrent.futures import Future, wait

from lightship.core.errors import ConfigurationError, UnavailableError
from lightship.doclog.protocol.leases import Lease, Leases
from lightship.doclog.protocol.log import PATIENCE, DocumentLog, Entry, Log, Position, Span
from lightship.doclog.protocol.mailboxes import Letter, Mailboxes

__all__ = [
    "PATIENCE", "DocumentLog", "Entry", "Lease", "Leases", "Letter", "Log", "Mailboxes", "Position", "Span", "open_log", "wait_for_log",
]  # fmt: skip

logger = logging.getLogger("log")

OPEN_TICK = 0.1  # seconds between checks of `stop` while opening the log


def open_log(url: str, tls: ssl.SSLContext | None = None) -> Log:
    """Open the log at `url`, creating it if it does not exist.

    `sqlite:///path/to/file` is a local file, `nats://[user:password@]host:4222[,host2:4222]/name[?replicas=3]`
    on NATS servers; `tls://` is the same but requires TLS, with the certificates that `tls` trusts. Raises
    ConfigurationError for an unknown scheme, and what the backend raises.
    """
    scheme, separator, path = url.partition("://")
    if scheme == "sqlite" and separator and path:
        from lightship.doclog.sqlite import SqliteLog

        # sqlite:///data/log is absolute, sqlite://data/log relative to the working directory
        return SqliteLog(path)
    if scheme in ("nats", "tls") and separator:
        from lightship.doclog.jetstream import JetStreamLog

        return JetStreamLog(url, tls)
    raise ConfigurationError(
        f"unknown document log {url.rpartition('@')[2]!r}; write it like sqlite:///path/to/log.sqlite or nats://host:4222/name"
    )


def wait_for_log(url: str, tls: ssl.SSLContext | None, stop: threading.Event) -> Log | None:
    """Open the log at `url` as soon as it answers (see `open_log`); None if `stop` was set first.

    So a program that is started while the log's servers are down waits for them, like a running one. Raises what
    `open_log` raises, except UnavailableError.
    """
    logged = ""
    while not stop.is_set():
        opening: Future[Log] = Future()
        threading.Thread(target=_open, args=(opening, url, tls), name="open log", daemon=True).start()
        while not opening.done() and not stop.is_set():
            wait([opening], timeout=OPEN_TICK)
        if not opening.done():
            return None
        try:
            return opening.result()
        except UnavailableError as error:
            if str(error) != logged:
                logger.warning("waiting for the log: %s", error)
            logged = str(error)
            stop.wait(1.0)
    return None


def _open(opening: Future[Log], url: str, tls: ssl.SSLContext | None) -> None:
    try:
        opening.set_result(open_log(url, tls))
    except BaseException as error:
        opening.set_exception(error)
