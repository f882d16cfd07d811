"""The `searchengine` program: receives segments and answers queries, on one port."""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import sys

from lightship.config import SearchengineSettings, parse_address, parse_settings, token
from lightship.errors import ConfigurationError
from lightship.files import lock_folder
from lightship.program import run_program
from lightship.searchengine.serve import serve, serve_with_workers
from lightship.searchengine.store import Store

logger = logging.getLogger("searchengine")

_BACKLOG = 2048


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
    host, port = parse_address(settings.addr)
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(_listen(host, port))
        port = listener.getsockname()[1]
        folder = settings.data or os.path.join("lightship-data", f"searchengine-{port}")
        stack.enter_context(lock_folder(folder, "lock", "give each searchengine a data folder of its own (-data)"))
        Store(folder).clean_up()
        if not token():
            logger.warning("LIGHTSHIP_TOKEN is not set: ANYONE who reaches this port can replace the index")
        logger.info("listening on http://%s:%d, data in %s", host or "localhost", port, folder)
        if settings.workers == 1:
            serve(folder, listener, token())
        else:
            serve_with_workers(settings.workers, folder, listener, token())


def _listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; an empty host means every address, of both kinds where the system can."""
    try:
        if not host and socket.has_dualstack_ipv6():
            return socket.create_server(("", port), family=socket.AF_INET6, backlog=_BACKLOG, dualstack_ipv6=True)
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise ConfigurationError(f"can't listen on {host}:{port}: {error.strerror}; choose another -addr") from error


if __name__ == "__main__":
    main()
