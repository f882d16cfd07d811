"""A fake server whose /status can be set, and a folder of their own for commands that run in this process."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from lightship.config.environment import TOKEN_VARIABLE


@pytest.fixture(autouse=True)
def _no_secret_of_the_checkout(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep commands from the secret that `make run` leaves in the checkout, and later tests from what they set."""
    monkeypatch.setenv(TOKEN_VARIABLE, "")
    monkeypatch.chdir(tmp_path)


class StatusServer(HTTPServer):
    """Answers every request with `body`."""

    body = b""

    @property
    def name(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"

    def tell(self, **changes: Any) -> None:
        """Answer with the status of a searchengine with one shard and 5 documents, updated with `changes`."""
        shard = {"shard": 0, "documents": 5, "segments": 2, "bytes": 1_500_000, "epoch": 7, "generation": 3}
        told = {"version": "0.1.0", "ready": True, "layout": "s1v2", "documents": 5, "age_seconds": 0.5}
        self.body = json.dumps({**told, "shards": [{**shard, "age_seconds": 0.5}], **changes}).encode()


class _Handler(BaseHTTPRequestHandler):
    server: StatusServer

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.server.body)))
        self.end_headers()
        self.wfile.write(self.server.body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def searchengine() -> Iterator[StatusServer]:
    with StatusServer(("127.0.0.1", 0), _Handler) as server:
        server.tell()
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()
