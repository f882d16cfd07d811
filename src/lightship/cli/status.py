"""`lightship status`: what each searchengine serves."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Sequence
from typing import Any

from lightship.config import StatusSettings, parse_address, parse_settings
from lightship.errors import UnavailableError
from lightship.tls import trust, trusted

_SECONDS = 3.0
_KEYS = {"version", "ready", "layout", "documents", "age_seconds", "shards"}


def status(arguments: Sequence[str]) -> None:
    """Print a line for each searchengine and each of its shards; raises UnavailableError if one does not answer."""
    settings, _ = parse_settings(StatusSettings, "lightship status", arguments)
    trust(settings.tls_ca)
    silent = []
    for name in settings.searchengine:
        try:
            print("\n".join(_lines(name, read_status(name))))  # noqa: T201 (what was asked for)
        except UnavailableError as error:
            silent.append(str(error))
    if silent:
        raise UnavailableError("; ".join(silent))


def read_status(name: str, seconds: float = _SECONDS) -> dict[str, Any]:
    """Return the /status of the searchengine at `host:port`; raises UnavailableError."""
    host, port = parse_address(name)
    try:
        url = f"{'https' if trusted() else 'http'}://{_url_host(host)}:{port}/status"
        with urllib.request.urlopen(url, timeout=seconds, context=trusted()) as answer:
            found = json.load(answer)
            if not isinstance(found, dict) or not found.keys() >= _KEYS:
                raise ValueError("what answers there is no searchengine")
            return found
    except (OSError, ValueError) as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        raise UnavailableError(f"no status from {name}: {reason}") from error


def _url_host(host: str) -> str:
    return f"[{host}]" if ":" in host else host or "localhost"


def _lines(name: str, found: dict[str, Any]) -> list[str]:
    state = "ready" if found["ready"] else "not ready"
    lines = [
        f"{name}: {state}, layout {found['layout'] or '-'}, {found['documents']} documents, version {found['version']}"
    ]
    lines.extend(
        f"  shard {shard['shard']}: {shard['documents']} documents in {shard['segments']} segments,"
        f" {shard['bytes'] / 1e6:.1f} MB, epoch {shard['epoch']}, generation {shard['generation']},"
        f" fresh as of {shard['age_seconds']:.1f} s ago"
        for shard in found["shards"]
    )
    return lines
