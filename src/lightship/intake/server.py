"""Runs the intake's server in a thread."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from lightship.doclog import DocumentLog
from lightship.http.server import serving
from lightship.http.tokens import Accepted, Guard, accepted
from lightship.intake.web import Intake, Metrics, Shard, no_metrics, no_shard

logger = logging.getLogger("intake")

GRACE_SECONDS = 5  # for requests in flight when the program stops


@contextlib.contextmanager
def taking_in(
    address: str,
    log: DocumentLog,
    folder: str,
    *,
    accepted: Callable[[], Accepted] = accepted,
    tls: Mapping[str, Any] | None = None,
    metrics: Metrics = no_metrics,
    shard: Shard = no_shard,
    declaration: str = "",
) -> Iterator[int]:
    """Accept documents for `log` on `address` (host:port) while the context lasts; yields the port.

    Requests need one of the secrets that `accepted` returns, by default those of the environment; used tokens are
    recorded in `folder`; `tls` are `listener_options`; `metrics` is served at /metrics, `shard` at /status.
    Values of documents must fit `declaration`. With an
    empty address nothing is served, and 0 is yielded. Raises ConfigurationError if the address can't be used.
    """
    if not address:
        yield 0
        return
    known = accepted()
    intake = Intake(log, Guard(known.push, folder, trusted=known.trusted), metrics, shard, declaration)
    with (
        contextlib.closing(intake),
        serving(intake.app(), address, "intake", tls or {}, grace_seconds=GRACE_SECONDS) as port,
    ):
        logger.info("accepting documents on port %d", port)
        yield port
