"""Authorization by bearer tokens, for pushing and for administration.

A person may send the secret itself. Lightship's programs never do: each request carries a token that is signed for this
request (method, target, time, nonce) and is valid once, within a minute. A body is covered by the `digest` in the
query.
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
from lightship.http.callers import NO_NEIGHBOURS, Neighbours, is_trusted_caller, neighbours
from lightship.runtime.files import space_errors

logger = logging.getLogger("tokens")

WINDOW_SECONDS = 60  # by which the clocks of two machines may differ
SHORTEST = 16  # characters; a shorter secret can be guessed
REFUSAL = (
    "bearer token missing or wrong; set LIGHTSHIP_TOKEN (or LIGHTSHIP_ADMIN_TOKEN) to the secret of the program that you "
    "call, or --data to the data folder of its `lightship up`"
)
NOT_LOCAL = "no secret is set, so only programs on the same machine may do this; set LIGHTSHIP_TOKEN on both sides"
_LOG_SECONDS = 10.0  # between two warnings about refused tokens

_VERSION = "lightship1"
_SIGNED = re.compile(rf"{_VERSION}\.([0-9]{{1,12}})\.([0-9a-f]{{32}})\.([0-9a-f]{{64}})")


class Signed(NamedTuple):
    """A token for one request: when it was made (seconds since the epoch), its nonce and its HMAC-SHA256."""

    time: int
    nonce: str
    mac: str


def secrets_of(text: str) -> list[str]:
    """Return the comma-separated secrets in `text`: all are accepted, the first one signs."""
    return [secret for secret in (part.strip() for part in text.split(",")) if secret]


def authorization(secret: str, method: str, target: str) -> dict[str, str]:
    """Return the header that authorizes one request for `target` (path and query as sent); empty without a secret."""
    key = next(iter(secrets_of(secret)), "")
    if not key:
        return {}
    signed = Signed(int(time.time()), secrets.token_hex(16), "")
    mac = _mac(key, method, target, signed)
    return {"Authorization": f"Bearer {_VERSION}.{signed.time}.{signed.nonce}.{mac}"}


def clock_hint(date: str | None) -> str:
    """Return a hint for the error message if the Date header of a refusal shows a wrong clock, or an empty string."""
    try:
        seconds = time.time() - parsedate_to_datetime(date or "").timestamp()
    except ValueError:
        return ""
    return f"; the clocks of the two machines differ by {seconds:.0f} s" if abs(seconds) > WINDOW_SECONDS else ""


def parse_signed(token: str) -> Signed | None:
    """Parse a signed token; None if it does not have that form."""
    found = _SIGNED.fullmatch(token)
    return Signed(int(found[1]), found[2], found[3]) if found else None


def check_body(digest: str | None, body: bytes) -> None:
    """Raise InvalidInputError unless `body` has the SHA-256 `digest` (from the query), if there is one."""
    if digest is not None and hashlib.sha256(body).hexdigest() != digest:
        raise InvalidInputError("body does not match the digest in the url; send it again")


@dataclass(frozen=True)
class Accepted:
    """The secrets that a listener accepts for pushing and for administration.

    Without secrets, programs on this machine and in the `trusted` networks are authorized.
    """

    push: tuple[str, ...] = field(default=(), repr=False)
    admin: tuple[str, ...] = field(default=(), repr=False)
    trusted: Neighbours = NO_NEIGHBOURS

    @classmethod
    def of(cls, push: str, admin: str = "", trusted: Neighbours = NO_NEIGHBOURS) -> Accepted:
        """Parse the variables. The admin secret also allows pushing; without one, the push secret allows both."""
        pushing, administering = secrets_of(push), secrets_of(admin)
        return cls((*pushing, *administering), tuple(administering or pushing), trusted)


def accepted() -> Accepted:
    """Return the secrets from the environment; logs a warning if one is missing or too short."""
    for name in (TOKEN_VARIABLE, ADMIN_TOKEN_VARIABLE):
        if any(len(secret) < SHORTEST for secret in secrets_of(os.environ.get(name, ""))):
            logger.warning("%s is shorter than %d characters; create one with `openssl rand -hex 32`", name, SHORTEST)
    trusted = neighbours() if trusts_containers() else NO_NEIGHBOURS
    found = Accepted.of(os.environ.get(TOKEN_VARIABLE, ""), os.environ.get(ADMIN_TOKEN_VARIABLE, ""), trusted)
    if not found.push:
        others = "".join(f", and containers in {network}," for network in trusted.networks)
        logger.warning("%s is not set: only programs on this machine%s may make changes", TOKEN_VARIABLE, others)
    return found


class Guard:
    """Authorizes requests that carry one of the `accepted` secrets; with none configured, only local programs."""

    def __init__(
        self, accepted: Sequence[str], folder: str, *, browsers: bool = False, trusted: Neighbours = NO_NEIGHBOURS
    ) -> None:
        """Record used tokens in `folder`, which several processes may share.

        Without a secret, containers in `trusted` are authorized like this machine. With `browsers`, the secret is also
        accepted as the password of any user (Basic), so that a browser can send it. The browser then keeps sending it,
        also for links on other sites: use this only for listeners that change nothing.
        """
        self._browsers = browsers
        self._trusted = trusted
        self._keys = [os.fsencode(secret) for secret in accepted]  # the bytes that the environment had
        self._used = _Used(os.path.join(folder, "tokens"))
        self._logged_at = 0.0

    @property
    def guards(self) -> bool:
        """True if a secret is required."""
        return bool(self._keys)

    def check(self, scope: Mapping[str, Any]) -> None:
        """Raise UnauthorizedError unless the request of an ASGI `scope` has a secret, or an unused token signed for it.

        The error is the same whatever is wrong, and comparisons take constant time.
        """
        if not self._keys:
            if not is_trusted_caller(scope, self._trusted):
                raise UnauthorizedError(NOT_LOCAL)
            return
        shown = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
        scheme, _, token = shown.partition(b" ")
        if self._browsers and scheme.lower() == b"basic":
            scheme, token = b"bearer", basic_password(token)
        if scheme.lower() != b"bearer" or not (self._is_secret(token) or self._is_signed(scope, token)):
            raise UnauthorizedError(REFUSAL)

    def _is_secret(self, token: bytes) -> bool:
        digest = hashlib.sha256(token).digest()  # of equal length, so that the comparison does not reveal the length
        return sum(hmac.compare_digest(digest, hashlib.sha256(key).digest()) for key in self._keys) > 0

    def _is_signed(self, scope: Mapping[str, Any], token: bytes) -> bool:
        signed = parse_signed(token.decode("latin-1"))
        if signed is None:
            return False
        target = bytes(scope["raw_path"]) + (b"?" + scope["query_string"] if scope["query_string"] else b"")
        parts = scope["method"], target.decode("latin-1"), signed
        if not sum(
            hmac.compare_digest(_mac(key, *parts), signed.mac) for key in self._keys
        ):  # compares all keys, even after a match
            return False
        if _has_body(scope) and b"digest" not in parse_qs(scope["query_string"]):
            self._log("refused a signed request: its url has no `digest` for the body")
            return False
        if abs(signed.time - time.time()) > WINDOW_SECONDS:
            self._log(
                f"refused a token signed {time.time() - signed.time:.0f} s ago; check the clocks of both machines"
            )
            return False
        return self._used.take(signed)

    def _log(self, message: str) -> None:
        if time.monotonic() - self._logged_at > _LOG_SECONDS:
            self._logged_at = time.monotonic()
            logger.warning("%s", message)


def _has_body(scope: Mapping[str, Any]) -> bool:
    """Return True if a body may follow, which the signature must cover; the body of a DELETE is never read."""
    framing = (b"content-length", b"transfer-encoding")
    said = [value for name, value in scope["headers"] if name in framing]
    return scope["method"] != "DELETE" and any(value.strip() != b"0" for value in said)


def basic_password(shown: bytes) -> bytes:
    """Return the password of Basic credentials (RFC 7617), empty if they can't be decoded."""
    try:
        return base64.b64decode(shown, validate=True).partition(b":")[2]
    except binascii.Error:
        return b""


class _Used:
    """The used tokens: an empty file for each, created exclusively, in a folder for each minute.

    This works for several processes and across restarts. Only holders of the secret can make it grow.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder

    def take(self, signed: Signed) -> bool:
        """Record the use of `signed`; False if it was used before."""
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
        oldest = (time.time() - WINDOW_SECONDS) // 60 - 1  # a minute of margin: another process may be using the oldest
        for name in os.listdir(self._folder):
            if name.isdecimal() and int(name) < oldest:  # other names are not ours, like lost+found
                shutil.rmtree(os.path.join(self._folder, name), ignore_errors=True)


def _mac(key: str | bytes, method: str, target: str, signed: Signed) -> str:
    message = "\n".join((_VERSION, method, target, str(signed.time), signed.nonce))
    return hmac.new(os.fsencode(key), message.encode("latin-1"), hashlib.sha256).hexdigest()
