"""Runs the web application: in this process, or in several that share the port and the data folder."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import multiprocessing
import os
import signal
import socket
import threading
from collections.abc import AsyncIterator, Callable
from multiprocessing.process import BaseProcess

import uvicorn

from lightship.config import TIED_VARIABLE
from lightship.errors import LightshipError
from lightship.program import run_program, stop_on_signals
from lightship.rpc.protocol import LimitedProtocol
from lightship.searchengine.replica import Replica
from lightship.searchengine.store import Store
from lightship.searchengine.web import make_app
from lightship.tokens import Accepted

logger = logging.getLogger("searchengine")

FOLLOW_SECONDS = 0.02  # between two looks at the folder, where another process may have installed something
FRESHNESS_SECONDS = 0.5
GRACE_SECONDS = 10  # for requests under way when SIGTERM comes
RESTART_SECONDS = 0.5


def serve(folder: str, listener: socket.socket, accepted: Accepted) -> None:
    """Serve the data folder on `listener` until SIGTERM, then finish what is under way."""
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    replica = Replica(Store(folder))
    app = make_app(replica, accepted)
    app.router.lifespan_context = lambda _: _following(replica)
    config = uvicorn.Config(
        app, log_config=None, access_log=False, server_header=False, timeout_graceful_shutdown=GRACE_SECONDS,
        http=LimitedProtocol, loop="uvloop", lifespan="on",
    )  # fmt: skip
    server = uvicorn.Server(config)
    signal.signal(signal.SIGTERM, server.handle_exit)  # uvicorn raises it again at the end, for whom it was before
    for number in (signal.SIGTERM, signal.SIGINT):  # uvicorn raises them again at the end: it must not kill us then
        signal.signal(number, server.handle_exit)
    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(server.serve(sockets=[listener]))
    logger.info("stopped: %d requests answered", server.server_state.total_requests)


@contextlib.asynccontextmanager
async def _following(replica: Replica) -> AsyncIterator[None]:
    tasks = [
        asyncio.create_task(_repeat(replica.follow, FOLLOW_SECONDS)),
        asyncio.create_task(_repeat(replica.follow_freshness, FRESHNESS_SECONDS)),
    ]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()


async def _repeat(look: Callable[[], None], seconds: float) -> None:
    """Call `look` all the time; trouble is logged once, and the old view is served meanwhile."""
    trouble = ""
    while True:
        try:
            look()
            trouble = ""
        except (LightshipError, OSError) as error:
            if str(error) != trouble:
                trouble = str(error)
                logger.error("%s", trouble)  # noqa: TRY400 (our messages say all; no traceback)
        await asyncio.sleep(seconds)


def serve_with_workers(workers: int, folder: str, listener: socket.socket, accepted: Accepted) -> None:
    """Serve from `workers` processes; one that dies is started again. SIGTERM stops them all."""
    stop = stop_on_signals()
    context = multiprocessing.get_context("spawn")

    def start() -> BaseProcess:
        process = context.Process(target=_work, args=(folder, listener, accepted), daemon=True)
        process.start()
        return process

    processes = [start() for _ in range(workers)]
    while not stop.wait(RESTART_SECONDS):
        for i, process in enumerate(processes):
            if not process.is_alive():
                logger.error("worker %d ended with status %s: starting another", process.pid, process.exitcode)
                processes[i] = start()
    for process in processes:
        process.terminate()
    for process in processes:
        process.join(GRACE_SECONDS + 5)
    logger.info("stopped %d workers", workers)


def _work(folder: str, listener: socket.socket, accepted: Accepted) -> None:
    os.environ.pop(TIED_VARIABLE, None)  # a worker's standard input is not the program's
    threading.Thread(target=_end_with_program, name="tie", daemon=True).start()
    run_program(lambda: serve(folder, listener, accepted))


def _end_with_program() -> None:
    """Stop this worker when the program that started it is gone, however it went."""
    program = multiprocessing.parent_process()
    if program is not None:
        program.join()
        os.kill(os.getpid(), signal.SIGTERM)
