"""Sends documents to intakes: goes on with the next one when one does not answer, and waits when it is asked to."""

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

CALL_SECONDS = 75.0  # an intake gives a body 60 s to come
TRYING_SECONDS = 60.0  # for one request, in which none of the intakes takes it
WAIT_LEAST, WAIT_MOST = 0.2, 5.0  # seconds between two tries, unless the answer says how many
AGAIN = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}  # and all from 500


class Refused(NamedTuple):
    """What an intake answered instead of storing, and how many seconds to wait, if it said so."""

    status: int
    refusal: Refusal
    retry_after: float | None = None


class IntakeClient:
    """Puts documents through one of several intakes, in the order of the calls."""

    def __init__(self, names: Sequence[str], secret: str) -> None:
        """Call the intakes at `names` (host:port), signing with `secret` unless it is empty."""
        self._names, self._secret = list(names), secret

    def post(self, lines: bytes) -> Stored:
        """Put the documents of JSON lines; return when a log has them. Doing it again does no harm, and is done.

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
                    "%s: %s; trying again for %.0f s", self._names[0], answer.refusal.error, deadline - time.monotonic()
                )
            if time.monotonic() + wait > deadline:
                raise UnavailableError(f"{self._names[0]} takes no documents now: {answer.refusal.error}")
            self._names.append(self._names.pop(0))  # another one may
            time.sleep(answer.retry_after or wait)
            wait = min(wait * 2, WAIT_MOST)

    def _try(self, name: str, lines: bytes) -> Stored | Refused:
        host, port = parse_address(name)
        target = f"/documents?digest={hashlib.sha256(lines).hexdigest()}"
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
            said = f"it does not answer like an intake: {words(error)}"
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
