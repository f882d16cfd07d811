"""Where a client finds a searchengine and its intake, and what it shows there."""

from __future__ import annotations

import os
from typing import NamedTuple
from urllib.parse import urlsplit

from lightship.config import TOKEN_VARIABLE
from lightship.config.shared import INTAKE_BEYOND
from lightship.core.errors import ConfigurationError


class Place(NamedTuple):
    """Base urls without a slash at the end, the secret for changes, the key for searches, and seconds for an answer."""

    search: str
    intake: str
    token: str
    key: str
    timeout: float


def place(url: str, intake: str, token: str | None, key: str, timeout: float) -> Place:
    """Return what a client was told, completed; raises ConfigurationError for a url that is none."""
    base = _base(url)
    if not intake:
        parts = urlsplit(base)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        intake = f"{parts.scheme}://{host}:{port + INTAKE_BEYOND}"
    return Place(base, _base(intake), os.environ.get(TOKEN_VARIABLE, "") if token is None else token, key, timeout)


def _base(url: str) -> str:
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and parts.hostname and (parts.port or True)
    except ValueError:
        good = False
    if not good or parts.query or parts.fragment or parts.path.strip("/"):
        raise ConfigurationError(f"{url!r} is not the address of a searchengine; write it like http://localhost:8080")
    return url.rstrip("/")
