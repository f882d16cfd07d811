"""Serves an application from a background thread."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Iterator, Mapping
from typing import Any

import uvicorn
from starlette.applications import Starlette

from lightship.http.middleware import server_config
from lightship.runtime.program import listen
from lightship.runtime.tasks import keep_in_thread


@contextlib.contextmanager
def serving(app: Starlette, address: str, name: str, tls: Mapping[str, Any], *, grace_seconds: int) -> Iterator[int]:
    """Serve `app` on `address` (host:port) in a thread called `name` while the context is open; yields the port.

    `tls` is what `listener_options` returned. At the end, requests in flight have `grace_seconds` to finish.
    Raises ConfigurationError when it can't listen on the address.
    """
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    with listen(address) as listener:
        config = server_config(app, timeout_graceful_shutdown=grace_seconds, lifespan="auto", **tls)
        ended, servers = threading.Event(), list[uvicorn.Server]()

        def serve() -> None:
            servers[:] = [uvicorn.Server(config)]
            if not ended.is_set():
                servers[0].run([listener.dup()])  # run() closes the socket

        thread = keep_in_thread(name, serve, ended)
        try:
            yield int(listener.getsockname()[1])
        finally:
            ended.set()
            for server in servers:
                server.should_exit = True
            thread.join()
