"""HTTP calls of the test: over TLS if this process trusts a certificate authority, like all calls of Lightship."""

from __future__ import annotations

from typing import Any

import aiohttp
from yarl import URL

from lightship.http.tls import trusted


def new_session(timeout: aiohttp.ClientTimeout, **connector: Any) -> aiohttp.ClientSession:
    """Return a session without a connection limit; `connector` is passed to aiohttp's TCPConnector."""
    connections = aiohttp.TCPConnector(limit=0, ssl=trusted() or True, **connector)
    return aiohttp.ClientSession(timeout=timeout, connector=connections)


def url_at(address: str, target: str) -> URL:
    """Return the URL of `target` (path and query, percent-encoded as it is signed) at an address (host:port)."""
    return URL(f"{'https' if trusted() else 'http'}://{address}{target}", encoded=True)
