"""A client of intakes: fails over to the next one, and waits when it is asked to."""

from __future__ import annotations

import hashlib
import http.client
import logging
import time
from collections.abc import Sequence
from http import HTTPStatus
from typing import NamedTuple

import msgspec

from lightship.config.setting import parse_address
from lightship.core.errors import LightshipError, UnauthorizedError, UnavailableError, words
from lightship.http.tls import trusted
from lightship.http.tokens import authorization
from lightship.intake.messages import InvalidLineError, Refusal, Stored

logger = logging.getLogger("add")

CALL_SECONDS = 75.0  # an intake allows 60 s for a body to arrive
TRYING_SECONDS = 60.0  # to retry one request while no intake accepts it
WAIT_LEAST, WAIT_MOST = 0.2, 5.0  # seconds between two attempts, unless the answer has a Retry-After
AGAIN = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}  # retried, like all from 500


class Refused(NamedTuple):
    """An intake's refusal, and its Retry-After in seconds, if any."""

    status: int
    refusal: Refusal
    retry_after: float | None = None


class IntakeClient:
    """Puts documents through any of several intakes, in the order of the calls."""

    def __init__(self, names: Sequence[str], secret: str, collection: str = "") -> None:
        """Call the intakes at `names` (host:port), signing with `secret` unless it is empty; put all in `collection`."""
        self._names, self._secret, self._collection = list(names), secret, collection

    def post(self, lines: bytes) -> Stored:
        """Put the documents in JSON lines; returns once the log has them. Idempotent, and retried.

        Raises InvalidLineError, UnauthorizedError, or UnavailableError after TRYING_SECONDS.
        """
        deadline, wait = time.monotonic() + TRYING_SECONDS, WAIT_LEAST
        while True:
            answer = self._try(self._names[0], lines)
            if isinstance(answer, Stored):
                return answer
            if answer.status < HTTPStatus.INTERNAL_SERVER_ERROR and answer.status not in AGAIN:
                raise _error(answer)
            if wait == WAIT_LEAST:
                logger.warning(
                    "%s: %s; retrying for %.0f s", self._names[0], answer.refusal.error, deadline - time.monotonic()
                )
            if time.monotonic() + wait > deadline:
                raise UnavailableError(f"{self._names[0]} does not accept documents: {answer.refusal.error}")
            self._names.append(self._names.pop(0))  # the next one may accept it
            time.sleep(answer.retry_after or wait)
            wait = min(wait * 2, WAIT_MOST)

    def _try(self, name: str, lines: bytes) -> Stored | Refused:
        host, port = parse_address(name)
        target = f"/documents?digest={hashlib.sha256(lines).hexdigest()}"
        target += f"&collection={self._collection}" if self._collection else ""
        headers = {"Content-Type": "application/jsonl", **authorization(self._secret, "POST", target)}
        connection = _connection(host or "localhost", port)
        try:
            connection.request("POST", target, lines, headers)
            response = connection.getresponse()
            body = response.read()
            if response.status == HTTPStatus.OK:
                return msgspec.json.decode(body, type=Stored)
            said = response.getheader("Retry-After", "")
            seconds = min(float(said), WAIT_MOST) if said.isdecimal() else None
            return Refused(response.status, _refusal(body, response.status), seconds)
        except (OSError, http.client.HTTPException, msgspec.MsgspecError) as error:
            said = f"it does not respond like an intake: {words(error)}"
            return Refused(HTTPStatus.SERVICE_UNAVAILABLE, Refusal(said))
        finally:
            connection.close()


def _connection(host: str, port: int) -> http.client.HTTPConnection:
    if (context := trusted()) is not None:
        return http.client.HTTPSConnection(host, port, timeout=CALL_SECONDS, context=context)
    return http.client.HTTPConnection(host, port, timeout=CALL_SECONDS)


def _refusal(body: bytes, status: int) -> Refusal:
    try:
        return msgspec.json.decode(body, type=Refusal)
    except msgspec.MsgspecError:
        return Refusal(f"HTTP status {status}")


def _error(refused: Refused) -> LightshipError:
    if refused.status == HTTPStatus.UNAUTHORIZED:
        return UnauthorizedError(refused.refusal.error)
    said, line = refused.refusal.error, refused.refusal.line
    return InvalidLineError(said.removeprefix(f"line {line}: "), line)
