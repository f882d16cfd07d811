"""Asks a program of a running system for JSON."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

from lightship.cli.system.status import reason_of, url_host
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
    target = f"{path}?{urllib.parse.urlencode({key: value for key, value in parameters.items() if value})}"
    headers = {"Accept": "application/json", **credentials(key, target)}
    request = urllib.request.Request(base_url(name) + target, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=_SECONDS, context=trusted()) as answer:
            found: dict[str, Any] = json.load(answer)
            return found
    except urllib.error.HTTPError as error:
        raise UnavailableError(f"{name} answered: {_error_text(error)}") from error
    except (OSError, ValueError) as error:
        raise UnavailableError(f"no answer from {name}: {reason_of(error)}; check that it is running there") from error


def base_url(name: str) -> str:
    """Return the url of the program at `name` (host:port), without a path."""
    host, port = parse_address(name)
    return f"{'https' if trusted() else 'http'}://{url_host(host)}:{port}"


def credentials(key: str, target: str) -> dict[str, str]:
    """Return the headers of a GET of `target` (path and query string): with `key`, or else signed with the secret."""
    return {"Authorization": f"Bearer {key}"} if key else authorization(token(), "GET", target)


def _error_text(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.load(error)["error"])
    except (OSError, ValueError, KeyError, TypeError):
        return f"status {error.code}"
