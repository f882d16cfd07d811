"""Runs the web application in this process."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import sys
from collections.abc import AsyncIterator, Callable

from lightship.config import SearchengineSettings
from lightship.http.callers import is_loopback
from lightship.http.draining import DrainingServer
from lightship.http.middleware import server_config
from lightship.http.tls import listener_options, trust
from lightship.http.tokens import Accepted
from lightship.runtime.limits import connection_limit
from lightship.runtime.program import on_stopping
from lightship.runtime.tasks import cancel, repeat
from lightship.searchengine.app import READABLE, make_app
from lightship.searchengine.inbox import Inbox, InboxServer
from lightship.searchengine.search.replica import Replica
from lightship.searchengine.store.layouts import Rules
from lightship.searchengine.store.scrub import Scrubber
from lightship.searchengine.store.store import Store
from lightship.searchengine.watch.watches import STEP_SECONDS, Watches
from lightship.searchengine.web.metrics import SAVE_SECONDS

logger = logging.getLogger("searchengine")

FOLLOW_SECONDS = 0.1  # between two checks whether another process has installed something; each answer checks, too
FRESHNESS_SECONDS = 0.5
WORDS_LOOK_SECONDS = 1.0
DURABLE_SECONDS = 1.0  # between two syncs of what was installed: a power loss sets a replica back by no more than this
SCRUB_SECONDS = 1.0  # between two steps of the scrubber
EXPIRE_SECONDS = 1.0  # between two checks whether the former layout has expired
GRACE_SECONDS = 10  # for requests in flight after SIGTERM
# uvloop accepts one connection per socket per iteration; with a single socket, a new client queued for seconds behind
# 200 busy ones
SAME_SOCKETS = 32
# Each search in the event loop releases the GIL, and regains it only when a thread with an expensive search yields:
# after 5 ms by default, which delayed the loop by seconds with 200 busy connections (0.8 s with this)
SWITCH_SECONDS = 0.0005


def serve(
    settings: SearchengineSettings,
    folder: str,
    listener: socket.socket,
    accepted: Accepted,
    inbox: Inbox | None = None,
) -> None:
    """Serve the data folder on `listener` until SIGTERM; then drain, and finish the requests in flight.

    A worker is given the connections to `listener` through its `inbox`.
    """
    worker = inbox.number if inbox else 0
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    sys.setswitchinterval(SWITCH_SECONDS)
    trust(settings.tls_ca)
    replica = Replica(Store(folder, Rules.of(settings)), settings.answers << 20)
    app = make_app(replica, accepted, settings, worker)
    save = app.state.metrics.save if settings.workers > 1 else None
    app.router.lifespan_context = lambda _: _following(
        replica, app.state.watches, save, durable=worker == 0, scrub_bytes=int(settings.scrub * 1e6)
    )
    config = server_config(
        app, public=settings.public, private=is_loopback(listener.getsockname()[0]), lifespan="on",
        origins=settings.origins, readable=READABLE,
        connections=connection_limit(settings.connections), per_address=settings.per_address, timeout_graceful_shutdown=GRACE_SECONDS,
        **listener_options(settings.tls_cert, settings.tls_key),
    )  # fmt: skip
    server: DrainingServer
    if inbox:
        server, sockets = InboxServer(config, app.state, settings.drain, inbox), []
        listener.close()
    else:
        server, sockets = DrainingServer(config, app.state, settings.drain), _copies(listener)
    on_stopping(server.handle_exit)  # uvicorn re-raises caught signals at the end, which must not kill this process
    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(server.serve(sockets=sockets))
    logger.info("stopped: %d requests answered", server.server_state.total_requests)


def _copies(listener: socket.socket) -> list[socket.socket]:
    return [listener, *(listener.dup() for _ in range(SAME_SOCKETS - 1))]


@contextlib.asynccontextmanager
async def _following(
    replica: Replica,
    watches: Watches,
    save: Callable[[], None] | None = None,
    *,
    durable: bool = True,
    scrub_bytes: int = 0,
) -> AsyncIterator[None]:
    looks = [
        repeat("follow", replica.follow, FOLLOW_SECONDS),
        repeat("watch", watches.step, STEP_SECONDS),
        repeat("freshness", replica.follow_freshness, FRESHNESS_SECONDS),
        repeat("words", replica.follow_words, WORDS_LOOK_SECONDS, in_thread=True),
        repeat("expire", replica.store.layouts.expire, EXPIRE_SECONDS, in_thread=True),
    ]
    if durable:
        scrub = Scrubber(replica.store, scrub_bytes)
        looks.append(repeat("scrub", scrub.step, SCRUB_SECONDS, in_thread=True))
        looks.append(repeat("durable", replica.store.make_durable, DURABLE_SECONDS, in_thread=True))
    if save is not None:
        looks.append(repeat("metrics", save, SAVE_SECONDS))
    tasks = [asyncio.create_task(look) for look in looks]
    try:
        yield
    finally:
        await cancel(tasks)
