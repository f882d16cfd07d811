"""Who may change an index: the secret that requests show, checked in one place."""

from __future__ import annotations

import hmac

from lightship.errors import UnauthorizedError


def check_token(token: str, authorization: str) -> None:
    """Raise UnauthorizedError unless `authorization` shows `token` (or no token is asked for), in constant time.

    `authorization` is a header as ASGI frameworks give it: its bytes read as Latin-1.
    """
    expected = f"Bearer {token}".encode(errors="surrogateescape")  # as the environment had its bytes
    if token and not hmac.compare_digest(expected, authorization.encode("latin-1")):
        raise UnauthorizedError("the bearer token is missing or wrong: set LIGHTSHIP_TOKEN to the searchengine's")
