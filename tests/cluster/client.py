"""Asks searchengines over HTTP as programs do, and gives them ports."""

from __future__ import annotations

import json
import random
import socket
from typing import Any
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from support import WORKER, WORKERS, wait_until

SECONDS = 10.0

# Below those that clients are given, a range for each worker of pytest-xdist. `up` and deployments also listen on ports
# that are 1010 and 1110 above the given one. Workers beyond the eighth share a range: a smaller one has no room for that
_RANGES = min(WORKERS, 8)
_SIZE = 12_000 // _RANGES
_FIRST = 20_000 + _SIZE * (WORKER % _RANGES)
_ABOVE = 1_200


def free_ports(count: int) -> int:
    """Return the first of `count` ports in a row on which nothing listens; other workers are given others."""
    while True:
        first = random.randrange(_FIRST, _FIRST + _SIZE - _ABOVE)
        if all(is_free(port) for port in range(first, first + count)):
            return first


def is_free(port: int) -> bool:
    """Tell whether nothing listens on `port`."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", port))
        except OSError:
            return False
        return True


def search(port: int, query: str, **parameters: object) -> dict[str, Any]:
    """Return the JSON answer to `query`; raises OSError (also for a status of 400 and above)."""
    answer: dict[str, Any] = _get(port, "/?" + urlencode({"format": "json", "q": query, **parameters}))
    return answer


def urls(port: int, query: str, **parameters: object) -> list[str]:
    """Return the urls of the results of `query`."""
    return [hit["url"] for hit in search(port, query, **parameters)["hits"]]


def status(port: int) -> dict[str, Any]:
    """Return /status; raises OSError."""
    found: dict[str, Any] = _get(port, "/status")
    return found


def documents(port: int) -> int:
    """Return how many documents are searchable; raises OSError."""
    return int(status(port)["documents"])


def wait_for_documents(port: int, count: int, seconds: float) -> None:
    """Return when exactly `count` documents are searchable; raise AssertionError after `seconds`."""
    wait_until(lambda: documents(port) == count, seconds, f"{count} documents searchable on port {port}")


def _get(port: int, address: str) -> Any:
    with urlopen(Request(f"http://127.0.0.1:{port}{address}"), timeout=SECONDS) as response:
        return json.load(response)
