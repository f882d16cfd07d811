"""Runs the web application: in this process, or in several that share the port and the data folder."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import multiprocessing
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence
from multiprocessing.process import BaseProcess

from lightship.config import TIED_VARIABLE, SearchengineSettings
from lightship.http.callers import is_loopback
from lightship.http.draining import DrainingServer
from lightship.http.middleware import server_config
from lightship.http.tls import listener_options, trust
from lightship.http.tokens import Accepted
from lightship.runtime.limits import connection_limit
from lightship.runtime.program import on_stopping, run_program, stop_on_signals
from lightship.runtime.tasks import cancel, repeat
from lightship.searchengine.search.replica import Replica
from lightship.searchengine.store.layouts import Rules
from lightship.searchengine.store.scrub import Scrubber
from lightship.searchengine.store.store import Store
from lightship.searchengine.web.app import make_app
from lightship.searchengine.web.metrics import SAVE_SECONDS

logger = logging.getLogger("searchengine")

FOLLOW_SECONDS = 0.02  # between two checks whether another process has installed something in the folder
FRESHNESS_SECONDS = 0.5
DURABLE_SECONDS = 1.0  # between two syncs of what was installed: a power loss sets a replica back by no more than this
SCRUB_SECONDS = 1.0  # between two steps of the scrubber
EXPIRE_SECONDS = 1.0  # between two checks whether the former layout has expired
GRACE_SECONDS = 10  # for requests in flight after SIGTERM
RESTART_SECONDS = 0.5
STOP_SECONDS = 0.05
# uvloop accepts one connection per socket per iteration; with a single socket, a new client queued for seconds behind
# 200 busy ones
SAME_SOCKETS = 32
# Each search in the event loop releases the GIL, and regains it only when a thread with an expensive search yields:
# after 5 ms by default, which delayed the loop by seconds with 200 busy connections (0.8 s with this)
SWITCH_SECONDS = 0.0005


def serve(
    settings: SearchengineSettings, folder: str, listener: socket.socket, accepted: Accepted, worker: int = 0
) -> None:
    """Serve the data folder on `listener` until SIGTERM; then drain, and finish the requests in flight."""
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    sys.setswitchinterval(SWITCH_SECONDS)
    trust(settings.tls_ca)
    replica = Replica(Store(folder, Rules.of(settings)))
    app = make_app(replica, accepted, settings, worker)
    save = app.state.metrics.save if settings.workers > 1 else None
    app.router.lifespan_context = lambda _: _following(
        replica, save, durable=worker == 0, scrub_bytes=int(settings.scrub * 1e6)
    )
    config = server_config(
        app, public=settings.public, private=is_loopback(listener.getsockname()[0]), lifespan="on",
        connections=connection_limit(settings.connections), per_address=settings.per_address, timeout_graceful_shutdown=GRACE_SECONDS,
        **listener_options(settings.tls_cert, settings.tls_key),
    )  # fmt: skip
    server = DrainingServer(config, app.state, settings.drain)
    on_stopping(server.handle_exit)  # uvicorn re-raises caught signals at the end, which must not kill this process
    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        listener.setblocking(False)  # otherwise dup() would make the shared socket blocking, also in other workers
        runner.run(server.serve(sockets=[listener, *(listener.dup() for _ in range(SAME_SOCKETS - 1))]))
    logger.info("stopped: %d requests answered", server.server_state.total_requests)


@contextlib.asynccontextmanager
async def _following(
    replica: Replica, save: Callable[[], None] | None = None, *, durable: bool = True, scrub_bytes: int = 0
) -> AsyncIterator[None]:
    looks = [
        repeat("follow", replica.follow, FOLLOW_SECONDS),
        repeat("freshness", replica.follow_freshness, FRESHNESS_SECONDS),
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


def serve_with_workers(
    settings: SearchengineSettings, folder: str, listener: socket.socket, accepted: Accepted
) -> None:
    """Serve from several processes; one that dies is restarted. SIGTERM drains them all, a second one stops them."""
    stop = stop_on_signals()
    context = multiprocessing.get_context("spawn")

    def start(number: int) -> BaseProcess:
        process = context.Process(target=_work, args=(settings, folder, listener, accepted, number), daemon=True)
        process.start()
        return process

    processes = [start(number) for number in range(settings.workers)]
    while not stop.wait(RESTART_SECONDS):
        for i, process in enumerate(processes):
            if not process.is_alive():
                logger.error("worker %d exited with status %s; restarting it", process.pid, process.exitcode)
                processes[i] = start(i)
    listener.close()  # the workers still have it; the port closes with the last of them
    _stop(processes, stop, settings.drain + GRACE_SECONDS + 5)
    logger.info("stopped %d workers", settings.workers)


def _stop(processes: Sequence[BaseProcess], stop: threading.Event, seconds: float) -> None:
    """Pass the signal that set `stop`, and any later one, on until all processes have ended, for at most `seconds`."""
    deadline = time.monotonic() + seconds
    while any(process.is_alive() for process in processes) and time.monotonic() < deadline:
        if stop.wait(STOP_SECONDS):
            stop.clear()
            for process in processes:
                process.terminate()


def _work(
    settings: SearchengineSettings, folder: str, listener: socket.socket, accepted: Accepted, number: int
) -> None:
    os.environ.pop(TIED_VARIABLE, None)  # a worker's standard input is not the program's
    threading.Thread(target=_end_with_program, name="tie", daemon=True).start()
    run_program(lambda: serve(settings, folder, listener, accepted, number))


def _end_with_program() -> None:
    """Stop this worker when its parent process has ended, for whatever reason."""
    program = multiprocessing.parent_process()
    if program is not None:
        program.join()
        os.kill(os.getpid(), signal.SIGTERM)
