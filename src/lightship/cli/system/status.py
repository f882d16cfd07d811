"""Reads `/status` of a searchengine or an intake."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Set
from typing import Any

from lightship.config import token
from lightship.config.setting import parse_address
from lightship.core.errors import UnavailableError, words
from lightship.http.tls import trusted
from lightship.http.tokens import authorization

SEARCHENGINE_KEYS = {"version", "ready", "layout", "documents", "age_seconds", "shards"}
INTAKE_KEYS = {"version", "stored", "refused", "waiting_requests", "waiting_bytes", "shard"}

_SECONDS = 3.0


def read_status(name: str, seconds: float = _SECONDS, keys: Set[str] = SEARCHENGINE_KEYS) -> dict[str, Any]:
    """Return /status of the program at `name` (host:port), which must have these `keys`; raises UnavailableError."""
    host, port = parse_address(name)
    try:
        url = f"{'https' if trusted() else 'http'}://{url_host(host)}:{port}/status"
        request = urllib.request.Request(url, headers=authorization(token(), "GET", "/status"))
        with urllib.request.urlopen(request, timeout=seconds, context=trusted()) as answer:
            found = json.load(answer)
            if not isinstance(found, dict) or not found.keys() >= keys:
                kind = "a searchengine" if keys is SEARCHENGINE_KEYS else "an indexer"
                raise ValueError(f"the program there is not {kind}")
            return found
    except (OSError, ValueError) as error:
        raise UnavailableError(f"no status from {name}: {reason_of(error)}") from error


def reason_of(error: OSError | ValueError) -> str:
    """Return why a request failed, without the number that the system gives the error."""
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    return getattr(reason, "strerror", None) or words(reason)


def url_host(host: str) -> str:
    """Return `host` as it stands in a url; without one, this machine."""
    return f"[{host}]" if ":" in host else host or "localhost"
