"""Serves the intake from a thread of a program."""

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

GRACE_SECONDS = 5  # for requests under way when the program stops


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
) -> Iterator[int]:
    """Take documents into `log` on `address` (host:port) as long as the context lasts; yields the port.

    Only whom `accepted` returns, by default what the environment says, is let pass; tokens that were used are remembered in
    `folder`; `tls` are `listener_options`; `metrics` is told at /metrics, `shard` at /status. With an empty address nothing is served: yields 0.
    Raises ConfigurationError when the address can't be listened on.
    """
    if not address:
        yield 0
        return
    known = accepted()
    intake = Intake(log, Guard(known.push, folder, trusted=known.trusted), metrics, shard)
    with (
        contextlib.closing(intake),
        serving(intake.app(), address, "intake", tls or {}, grace_seconds=GRACE_SECONDS) as port,
    ):
        logger.info("taking documents in on port %d", port)
        yield port
