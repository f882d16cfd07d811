"""Requests to individual servers: each address of a host name is a server of its own."""

from __future__ import annotations

import http.client
import json
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, NamedTuple

from lightship.config import token
from lightship.config.setting import parse_address
from lightship.core.errors import UnavailableError, WrongAnswerError, words
from lightship.http.tls import trusted
from lightship.http.tokens import authorization

SECONDS = 15.0  # for one response
AGREEING_SECONDS = 20.0  # for conditions that normally hold within about a second


class Reply(NamedTuple):
    """A server's response."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode(errors="replace")

    def json(self) -> dict[str, Any]:
        """Return the JSON object in the body; raises WrongAnswerError."""
        try:
            found = json.loads(self.body)
        except ValueError as error:
            raise WrongAnswerError(f"not JSON: {self.text[:200]!r}") from error
        if not isinstance(found, dict):
            raise WrongAnswerError(f"not a JSON object: {self.text[:200]!r}")
        return found


@dataclass(frozen=True)
class Server:
    """One address of a host name."""

    host: str
    port: int
    address: str

    def __str__(self) -> str:
        """Return host:port, with the address if it differs from the host."""
        return f"{self.host}:{self.port}" + (f" ({self.address})" if self.address != self.host else "")

    def ask(
        self, target: str, *, method: str = "GET", body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """Return the response to one request; raises UnavailableError."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=SECONDS)
        try:
            connection.sock = self._connect()
            connection.request(method, target, body, dict(headers or {}))
            response = connection.getresponse()
            return Reply(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        except (OSError, http.client.HTTPException) as error:
            raise UnavailableError(f"no answer from {self} to {method} {target[:100]}: {words(error)}") from error
        finally:
            connection.close()

    def expect(self, target: str, status: int = HTTPStatus.OK, **request: Any) -> Reply:
        """Return the response to one request if it has this `status`; raises WrongAnswerError, UnavailableError.

        A GET is signed with the secret, if there is one, since the searchengine may be closed.
        """
        if "method" not in request:
            request["headers"] = {**authorization(token(), "GET", target), **request.get("headers", {})}
        reply = self.ask(target, **request)
        if reply.status != status:
            raise WrongAnswerError(
                f"{self} answered {target[:100]} with status {reply.status}, not {status}: {reply.text[:300]!r}"
            )
        return reply

    def _connect(self) -> socket.socket:
        connected = socket.create_connection((self.address, self.port), SECONDS)
        context = trusted()
        return context.wrap_socket(connected, server_hostname=self.host) if context else connected


def look_up(names: Sequence[str]) -> list[Server]:
    """Return a server for each address of each host:port; raises UnavailableError for a name without addresses."""
    found = dict[Server, None]()
    for name in names:
        host, port = parse_address(name)
        host = host or "localhost"
        try:
            addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise UnavailableError(f"can't resolve {host}: {words(error)}") from error
        # an IPv4 and an IPv6 address may belong to the same server
        addresses = [each for each in addresses if each[0] == socket.AF_INET] or addresses
        found |= {Server(host, port, str(each[4][0])): None for each in addresses}
    return list(found)


def until(condition: Callable[[], bool], what: str, seconds: float = AGREEING_SECONDS) -> None:
    """Wait until `condition` holds, which `what` describes; raises WrongAnswerError after `seconds`.

    UnavailableError counts as not yet.
    """
    deadline, reason = time.monotonic() + seconds, ""
    while True:
        try:
            if condition():
                return
        except UnavailableError as error:
            reason = f" ({error})"
        if time.monotonic() > deadline:
            raise WrongAnswerError(f"timed out after {seconds:g} s, waiting until {what}{reason}")
        time.sleep(0.05)
