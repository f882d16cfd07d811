"""Asks a program of a running system for JSON."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

from lightship.config import token
from lightship.config.setting import parse_address
from lightship.core.errors import UnavailableError
from lightship.http.tls import trusted
from lightship.http.tokens import authorization

_SECONDS = 5.0


def ask(name: str, path: str, parameters: dict[str, str], key: str = "") -> dict[str, Any]:
    """Return the JSON at `path` of the program at `name` (host:port), which is shown `key`, or else the secret.

    Raises UnavailableError.
    """
    host, port = parse_address(name)
    host = f"[{host}]" if ":" in host else host or "localhost"
    target = f"{path}?{urllib.parse.urlencode({key: value for key, value in parameters.items() if value})}"
    shown = {"Authorization": f"Bearer {key}"} if key else authorization(token(), "GET", target)
    request = urllib.request.Request(
        f"{'https' if trusted() else 'http'}://{host}:{port}{target}",
        headers={"Accept": "application/json", **shown},
    )
    try:
        with urllib.request.urlopen(request, timeout=_SECONDS, context=trusted()) as answer:
            found: dict[str, Any] = json.load(answer)
            return found
    except urllib.error.HTTPError as error:
        raise UnavailableError(f"{name} answered: {_error_text(error)}") from error
    except (OSError, ValueError) as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        raise UnavailableError(f"no answer from {name}: {reason}") from error


def _error_text(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.load(error)["error"])
    except (OSError, ValueError, KeyError, TypeError):
        return f"status {error.code}"
