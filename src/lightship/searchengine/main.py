"""The `searchengine` program: receives segments and answers queries, on one port."""

from __future__ import annotations

import contextlib
import logging
import os
import sys

from lightship.config import SearchengineSettings, parse_settings
from lightship.config.setting import parse_address
from lightship.http.tls import listener_options
from lightship.http.tokens import accepted
from lightship.runtime.files import lock_folder
from lightship.runtime.program import listen, run_program
from lightship.searchengine.server import serve, serve_with_workers
from lightship.searchengine.store.layouts import Rules
from lightship.searchengine.store.store import Store

logger = logging.getLogger("searchengine")


def main() -> None:
    """Run the program with the arguments of the command line."""
    run_program(lambda: _main(sys.argv[1:]))


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
        if settings.workers == 1:
            serve(settings, folder, listener, accepted())
        else:
            serve_with_workers(settings, folder, listener, accepted())


if __name__ == "__main__":
    main()
