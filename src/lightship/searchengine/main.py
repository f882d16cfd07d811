"""The `searchengine` program: receives segments and answers queries, on one port."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import os
import socket
import sys

from lightship.config import SearchengineSettings, parse_settings
from lightship.config.searchengine import MAX_WORKERS
from lightship.config.setting import parse_address
from lightship.http.tls import listener_options
from lightship.http.tokens import accepted
from lightship.runtime.files import lock_folder
from lightship.runtime.limits import Limits, limits
from lightship.runtime.program import listen, run_program, tie
from lightship.searchengine.access.gate import check_access
from lightship.searchengine.search.replica import Replica
from lightship.searchengine.server import GRACE_SECONDS, serve
from lightship.searchengine.store.layouts import Rules
from lightship.searchengine.store.store import Store
from lightship.searchengine.workers import Workers, exit_if_it_fails

logger = logging.getLogger("searchengine")

WORKER_BYTES = 128 << 20  # of memory for each worker: its own, and as much for the pages of the index


def main() -> None:
    """Run the program with the arguments of the command line."""
    run_program(lambda: _main(sys.argv[1:]), tied=False)


def _main(arguments: list[str]) -> None:
    settings, _ = parse_settings(
        SearchengineSettings,
        "searchengine",
        arguments,
        description="Receive segments from indexers and answer queries.",
    )
    listener_options(settings.tls_cert, settings.tls_key)  # reports errors before any worker starts
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(listen(settings.addr))
        host, port = parse_address(settings.addr)[0], listener.getsockname()[1]
        folder = settings.data or os.path.join("lightship-data", f"searchengine-{port}")
        stack.enter_context(lock_folder(folder, "lock", "give each searchengine its own data folder with -data"))
        Store(folder, Rules.of(settings)).clean_up()
        logger.info(
            "listening on %s://%s:%d, data in %s",
            "https" if settings.tls_cert else "http",
            host or "localhost",
            port,
            folder,
        )
        _serve(dataclasses.replace(settings, workers=workers(settings, limits())), folder, listener)


def _serve(settings: SearchengineSettings, folder: str, listener: socket.socket) -> None:
    secrets = accepted()
    check_access(settings, secrets)
    if settings.workers == 1:
        tie()
        serve(settings, folder, listener, secrets)
        return
    exit_if_it_fails(lambda: Replica(Store(folder, Rules.of(settings))))  # otherwise workers would be restarted forever
    several = Workers(listener, settings.workers, lambda inbox: serve(settings, folder, listener, secrets, inbox))
    several.run(settings.drain + GRACE_SECONDS + 5)
    logger.info("stopped %d workers", settings.workers)


def workers(settings: SearchengineSettings, found: Limits) -> int:
    """Return the number of workers: the setting, otherwise one for each processor of the limits `found`.

    A part of a processor counts as one, which a quota shares out. Each worker needs WORKER_BYTES.
    """
    return settings.workers or max(1, min(found.threads, found.memory // WORKER_BYTES, MAX_WORKERS))


if __name__ == "__main__":
    main()
