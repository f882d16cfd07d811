"""Resolves the names of searchengines to all addresses that the system's resolver returns."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Sequence

from lightship.config.setting import parse_address
from lightship.http.tls import trusted

logger = logging.getLogger("rpc")


class Addresses:
    """The base urls of the searchengines behind `names` (host:port each).

    With TLS, a url is like https://10.0.0.7:8080#search.example: the certificate must be valid for its fragment.
    """

    def __init__(self, names: Sequence[str]) -> None:
        """Keep `names`; nothing is resolved yet."""
        self._names = names
        self._known: dict[str, set[str]] = {}
        self._unknown: set[str] = set()  # names whose last lookup failed

    async def look_up(self) -> set[str]:
        """Return urls like http://10.0.0.7:8080; a name whose lookup fails keeps its previous addresses."""
        for name in self._names:
            host, port = parse_address(name)
            try:
                results = await asyncio.get_running_loop().getaddrinfo(
                    host or "localhost", port, type=socket.SOCK_STREAM
                )
            except (OSError, UnicodeError) as error:
                if name not in self._unknown:
                    self._unknown.add(name)
                    reason = getattr(error, "strerror", None) or error
                    logger.warning("can't resolve %s: %s; retrying", name, reason)
                continue
            if name in self._unknown:
                self._unknown.discard(name)
                logger.info("resolved %s", name)
            # A name with IPv4 and IPv6 addresses is one machine: the same replica must not be pushed to twice
            kinds = {family for family, *_ in results}
            kind = socket.AF_INET if socket.AF_INET in kinds else socket.AF_INET6
            hosts = {str(address[0]) for family, *_, address in results if family == kind}
            self._known[name] = {base_url(found, port, host or "localhost") for found in hosts}
        return set().union(*self._known.values())


def base_url(address: str, port: int, name: str) -> str:
    """Return the url of the searchengine at `address`, to which `name` resolved; https if this process uses TLS."""
    place = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
    return f"https://{place}#{name}" if trusted() else f"http://{place}"
