"""Finds the searchengines behind names: all addresses that the system's resolver gives for each."""

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

    With TLS a url is like https://10.0.0.7:8080#search.example: its fragment is the name that the certificate must be for.
    """

    def __init__(self, names: Sequence[str]) -> None:
        """Look nothing up yet."""
        self._names = names
        self._known: dict[str, set[str]] = {}
        self._unknown: set[str] = set()  # names that were not found when they were last looked up

    async def look_up(self) -> set[str]:
        """Return urls like http://10.0.0.7:8080; a name that can't be looked up now keeps those that it had."""
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
                    logger.warning("no address is found for %s: %s; asking again", name, reason)
                continue
            if name in self._unknown:
                self._unknown.discard(name)
                logger.info("an address is found for %s", name)
            # A name with both kinds of address is one machine: the same replica must not be pushed to twice
            kinds = {family for family, *_ in results}
            kind = socket.AF_INET if socket.AF_INET in kinds else socket.AF_INET6
            hosts = {str(address[0]) for family, *_, address in results if family == kind}
            self._known[name] = {base_url(found, port, host or "localhost") for found in hosts}
        return set().union(*self._known.values())


def base_url(address: str, port: int, name: str) -> str:
    """Return the url of the searchengine at `address`, found behind `name`: with TLS, if this process uses it."""
    place = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
    return f"https://{place}#{name}" if trusted() else f"http://{place}"
