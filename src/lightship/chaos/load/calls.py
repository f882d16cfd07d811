"""HTTP calls of the test: by TLS when this process trusts an authority, as all of Lightship's calls."""

from __future__ import annotations

from typing import Any

import aiohttp
from yarl import URL

from lightship.http.tls import trusted


def new_session(timeout: aiohttp.ClientTimeout, **connector: Any) -> aiohttp.ClientSession:
    """Return a session without a limit of connections; `connector` is told to aiohttp's."""
    connections = aiohttp.TCPConnector(limit=0, ssl=trusted() or True, **connector)
    return aiohttp.ClientSession(timeout=timeout, connector=connections)


def url_at(address: str, target: str) -> URL:
    """Return the url of `target` (path and query, encoded, as it is signed) at an address (host:port)."""
    return URL(f"{'https' if trusted() else 'http'}://{address}{target}", encoded=True)
