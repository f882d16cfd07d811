"""Tokens: who may push, and who may administer.

A person may show the secret itself. Our programs never send it: each request carries a token signed for it alone
(method, target, time, nonce), which is good once, for a minute. A body is bound by the `digest` in its target's query.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import logging
import os
import re
import secrets
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple
from urllib.parse import parse_qs

from lightship.config import ADMIN_TOKEN_VARIABLE, TOKEN_VARIABLE, trusts_containers
from lightship.core.errors import InvalidInputError, UnauthorizedError
from lightship.http.callers import NO_NEIGHBOURS, Neighbours, is_near, neighbours
from lightship.runtime.files import space_errors

logger = logging.getLogger("tokens")

WINDOW_SECONDS = 60  # that two machines' clocks may differ
SHORTEST = 16  # characters; a shorter secret can be guessed
REFUSAL = (
    "the bearer token is missing or wrong: set LIGHTSHIP_TOKEN (or LIGHTSHIP_ADMIN_TOKEN) to this program's; "
    "that of a `lightship up` is found by its data folder, --data"
)
NOT_NEAR = "without a secret only programs of its own machine may do that: set LIGHTSHIP_TOKEN there and here"
_TOLD_SECONDS = 10.0  # between two lines in the log about the same

_VERSION = "lightship1"
_SIGNED = re.compile(rf"{_VERSION}\.([0-9]{{1,12}})\.([0-9a-f]{{32}})\.([0-9a-f]{{64}})")


class Signed(NamedTuple):
    """A token for one request: when it was made (seconds since the epoch), its nonce and its HMAC-SHA256."""

    time: int
    nonce: str
    mac: str


def secrets_of(text: str) -> list[str]:
    """Return the secrets that `text` holds, with commas between them: all are accepted, the first one signs."""
    return [secret for secret in (part.strip() for part in text.split(",")) if secret]


def authorization(secret: str, method: str, target: str) -> dict[str, str]:
    """Return the header that authorizes one request for `target` (path and query as they are sent); none without a secret."""
    key = next(iter(secrets_of(secret)), "")
    if not key:
        return {}
    signed = Signed(int(time.time()), secrets.token_hex(16), "")
    mac = _mac(key, method, target, signed)
    return {"Authorization": f"Bearer {_VERSION}.{signed.time}.{signed.nonce}.{mac}"}


def clock_hint(date: str | None) -> str:
    """Return what to tell people when the Date header of a refusal shows that the clocks differ, or an empty string."""
    try:
        seconds = time.time() - parsedate_to_datetime(date or "").timestamp()
    except ValueError:
        return ""
    return f"; its clock and this machine's differ by {seconds:.0f} s" if abs(seconds) > WINDOW_SECONDS else ""


def parse_signed(token: str) -> Signed | None:
    """Return the signed token that `token` is written like, or None."""
    found = _SIGNED.fullmatch(token)
    return Signed(int(found[1]), found[2], found[3]) if found else None


def check_body(digest: str | None, body: bytes) -> None:
    """Raise InvalidInputError unless `body` has the SHA-256 that its target's query names, if it names one."""
    if digest is not None and hashlib.sha256(body).hexdigest() != digest:
        raise InvalidInputError("the body has not the digest that its address names: send it again")


@dataclass(frozen=True)
class Accepted:
    """The secrets that a listener accepts, for pushing and for administering; none: this machine and `trusted` may."""

    push: tuple[str, ...] = field(default=(), repr=False)
    admin: tuple[str, ...] = field(default=(), repr=False)
    trusted: Neighbours = NO_NEIGHBOURS

    @classmethod
    def of(cls, push: str, admin: str = "", trusted: Neighbours = NO_NEIGHBOURS) -> Accepted:
        """Return what the variables say: who may administer may push; without an admin's secret the other is one."""
        pushing, administering = secrets_of(push), secrets_of(admin)
        return cls((*pushing, *administering), tuple(administering or pushing), trusted)


def accepted() -> Accepted:
    """Return what the environment says, and warn of what is missing in it or too short to be a secret."""
    for name in (TOKEN_VARIABLE, ADMIN_TOKEN_VARIABLE):
        if any(len(secret) < SHORTEST for secret in secrets_of(os.environ.get(name, ""))):
            logger.warning("%s is shorter than %d characters: make one with `openssl rand -hex 32`", name, SHORTEST)
    trusted = neighbours() if trusts_containers() else NO_NEIGHBOURS
    found = Accepted.of(os.environ.get(TOKEN_VARIABLE, ""), os.environ.get(ADMIN_TOKEN_VARIABLE, ""), trusted)
    if not found.push:
        others = "".join(f", and containers in {network}," for network in trusted.networks)
        logger.warning("%s is not set: only programs of this machine%s may change anything", TOKEN_VARIABLE, others)
    return found


class Guard:
    """Lets only those pass who know one of `accepted`; when there is none, only programs of this machine."""

    def __init__(
        self, accepted: Sequence[str], folder: str, *, browsers: bool = False, trusted: Neighbours = NO_NEIGHBOURS
    ) -> None:
        """Remember the tokens that were used in `folder`, which several processes may share.

        Without a secret the containers `trusted` pass like this machine.
        With `browsers` a secret may also be shown as the password of any user, which is what a browser can do. It does so by
        itself from then on, also for other sites' links: only for listeners that change nothing.
        """
        self._browsers = browsers
        self._trusted = trusted
        self._keys = [os.fsencode(secret) for secret in accepted]  # as the environment had its bytes
        self._used = _Used(os.path.join(folder, "tokens"))
        self._told = 0.0

    @property
    def guards(self) -> bool:
        """Tell whether a secret is needed at all."""
        return bool(self._keys)

    def check(self, scope: Mapping[str, Any]) -> None:
        """Raise UnauthorizedError unless the request of an ASGI `scope` shows a secret or a fresh token for itself.

        Whatever is wrong, the error is the same. All comparisons take the same time for any wrong value.
        """
        if not self._keys:
            if not is_near(scope, self._trusted):
                raise UnauthorizedError(NOT_NEAR)
            return
        shown = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
        scheme, _, token = shown.partition(b" ")
        if self._browsers and scheme.lower() == b"basic":
            scheme, token = b"bearer", _password(token)
        if scheme.lower() != b"bearer" or not (self._is_secret(token) or self._is_signed(scope, token)):
            raise UnauthorizedError(REFUSAL)

    def _is_secret(self, token: bytes) -> bool:
        digest = hashlib.sha256(token).digest()  # of equal length, so that comparing tells no length either
        return sum(hmac.compare_digest(digest, hashlib.sha256(key).digest()) for key in self._keys) > 0

    def _is_signed(self, scope: Mapping[str, Any], token: bytes) -> bool:
        signed = parse_signed(token.decode("latin-1"))
        if signed is None:
            return False
        target = bytes(scope["raw_path"]) + (b"?" + scope["query_string"] if scope["query_string"] else b"")
        parts = scope["method"], target.decode("latin-1"), signed
        if not sum(hmac.compare_digest(_mac(key, *parts), signed.mac) for key in self._keys):  # all, whichever fits
            return False
        if _has_body(scope) and b"digest" not in parse_qs(scope["query_string"]):
            self._tell("a signed request was refused: nothing binds its body, its address names no digest")
            return False
        if abs(signed.time - time.time()) > WINDOW_SECONDS:
            self._tell(f"a token of {time.time() - signed.time:.0f} s ago was refused: do the machines' clocks agree?")
            return False
        return self._used.take(signed)

    def _tell(self, trouble: str) -> None:
        if time.monotonic() - self._told > _TOLD_SECONDS:
            self._told = time.monotonic()
            logger.warning("%s", trouble)


def _has_body(scope: Mapping[str, Any]) -> bool:
    """Tell whether a body may come that a signature has to bind; a DELETE's is not read."""
    framing = (b"content-length", b"transfer-encoding")
    said = [value for name, value in scope["headers"] if name in framing]
    return scope["method"] != "DELETE" and any(value.strip() != b"0" for value in said)


def _password(shown: bytes) -> bytes:
    """Return the password of Basic credentials (RFC 7617), empty when it can't be read."""
    try:
        return base64.b64decode(shown, validate=True).partition(b":")[2]
    except binascii.Error:
        return b""


class _Used:
    """The tokens that were used: an empty file for each, made exclusively, in a folder for each minute.

    So it is right for several processes and across a restart; only who knows the secret can fill it.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder

    def take(self, signed: Signed) -> bool:
        """Note that `signed` was used; False when it was used before."""
        with space_errors(self._folder):
            minute = os.path.join(self._folder, str(signed.time // 60))
            if not os.path.isdir(minute):
                os.makedirs(minute, exist_ok=True)
                self._sweep()
            try:
                os.close(os.open(os.path.join(minute, signed.nonce), os.O_CREAT | os.O_EXCL, 0o600))
            except FileExistsError:
                return False
        return True

    def _sweep(self) -> None:
        oldest = (time.time() - WINDOW_SECONDS) // 60 - 1  # one more than needed: another process may be at its edge
        for name in os.listdir(self._folder):
            if name.isdecimal() and int(name) < oldest:  # whatever else is there is not ours: lost+found, say
                shutil.rmtree(os.path.join(self._folder, name), ignore_errors=True)


def _mac(key: str | bytes, method: str, target: str, signed: Signed) -> str:
    message = "\n".join((_VERSION, method, target, str(signed.time), signed.nonce))
    return hmac.new(os.fsencode(key), message.encode("latin-1"), hashlib.sha256).hexdigest()
