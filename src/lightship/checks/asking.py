"""Requests to one server of many: all addresses behind a name are asked, each by itself."""

from __future__ import annotations

import http.client
import json
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, NamedTuple

from lightship.config.setting import parse_address
from lightship.core.errors import UnavailableError, WrongAnswerError, words
from lightship.http.tls import trusted

SECONDS = 15.0  # for one answer
AGREEING_SECONDS = 20.0  # for what follows within about a second


class Reply(NamedTuple):
    """What a server answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode(errors="replace")

    def json(self) -> dict[str, Any]:
        """Return the body's object; raises WrongAnswerError."""
        try:
            found = json.loads(self.body)
        except ValueError as error:
            raise WrongAnswerError(f"no JSON: {self.text[:200]!r}") from error
        if not isinstance(found, dict):
            raise WrongAnswerError(f"no JSON object: {self.text[:200]!r}")
        return found


@dataclass(frozen=True)
class Server:
    """One address of a name."""

    host: str
    port: int
    address: str

    def __str__(self) -> str:
        """Return what a person calls it."""
        return f"{self.host}:{self.port}" + (f" ({self.address})" if self.address != self.host else "")

    def ask(
        self, target: str, *, method: str = "GET", body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """Return the answer to one request; raises UnavailableError."""
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
        """Return the answer to one request if it has this `status`; raises WrongAnswerError, UnavailableError."""
        reply = self.ask(target, **request)
        if reply.status != status:
            raise WrongAnswerError(
                f"{self} answers {target[:100]} with {reply.status}, not {status}: {reply.text[:300]!r}"
            )
        return reply

    def _connect(self) -> socket.socket:
        connected = socket.create_connection((self.address, self.port), SECONDS)
        context = trusted()
        return context.wrap_socket(connected, server_hostname=self.host) if context else connected


def look_up(names: Sequence[str]) -> list[Server]:
    """Return the servers at all addresses of each host:port; raises UnavailableError for a name without any."""
    found = dict[Server, None]()
    for name in names:
        host, port = parse_address(name)
        host = host or "localhost"
        try:
            told = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise UnavailableError(f"no address of {host} is found: {words(error)}") from error
        told = [each for each in told if each[0] == socket.AF_INET] or told  # with one of each kind, it is one server
        found |= {Server(host, port, str(each[4][0])): None for each in told}
    return list(found)


def until(condition: Callable[[], bool], what: str, seconds: float = AGREEING_SECONDS) -> None:
    """Return when `condition` holds; raises WrongAnswerError that says `what` does not. No answer counts as not yet."""
    deadline, trouble = time.monotonic() + seconds, ""
    while True:
        try:
            if condition():
                return
        except UnavailableError as error:
            trouble = f" ({error})"
        if time.monotonic() > deadline:
            raise WrongAnswerError(f"not within {seconds:g} s: {what}{trouble}")
        time.sleep(0.05)
