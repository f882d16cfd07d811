"""Who may ask for what: with a key, with the secret, or anybody unless the searchengine is closed.

A route that is in neither of the two tables below needs the secret in a closed searchengine.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import cast
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from lightship.config import SearchengineSettings
from lightship.config.setting import parse_rate
from lightship.core.errors import ConfigurationError, ForbiddenError, LightshipError, UnauthorizedError
from lightship.http.answers.origins import ORIGIN
from lightship.http.connections import address_of
from lightship.http.keys.key import PREFIX, OpenedKey, open_key, signing_keys
from lightship.http.keys.rates import Rates
from lightship.http.keys.revoked import Revoked
from lightship.http.requests import header
from lightship.http.tokens import Accepted, Guard, basic_password

READING = frozenset(
    {"/", "/search", "/suggest", "/cached", "/lookup", "/about", "/mcp", "/openwebui", "/watch"}
)  # what a key allows
# What tells nothing of documents but how many there are, and what has a guard of its own
OPEN = frozenset({
    "/livez", "/readyz", "/metrics", "/openapi.json", "/opensearch.xml", "/favicon.ico", "/box.js", "/searchclient.js", "/searchclient.mjs",
})  # fmt: skip
OPEN_BELOW = ("/static/", "/rpc/", "/admin/")

MOST_OPENED = 256  # keys whose signatures are remembered
# In a scope: the OpenedKey of the request; whether its answer is not for all; what counts how often its sender asks
KEY, PRIVATE, ACCESS = "lightship.key", "lightship.private", "lightship.access"

NO_KEY = "this search needs a key; send it as Authorization: Bearer KEY, as the parameter key, or as a password"
EXPIRED, REVOKED = "this key has expired; ask for a new one", "this key has been revoked; ask for a new one"
ELSEWHERE = "this key is for web pages of other origins"
ONLY_SEARCH = "a key for searching may not read this; it needs the secret"

OnError = Callable[[Request, Exception], Awaitable[ASGIApp]]


def check_access(settings: SearchengineSettings, accepted: Accepted) -> None:
    """Raise ConfigurationError if the settings contradict each other, or the file of revoked keys can't be read."""
    if settings.closed and not accepted.push:
        raise ConfigurationError("-closed needs a secret, which signs the keys; set LIGHTSHIP_TOKEN")
    if "*" in settings.origins and (settings.closed or settings.revoked):
        raise ConfigurationError("-origins=* lets every web page search; with keys, name the origins that may")
    Revoked(settings.revoked).check_file()


class Access:
    """Lets requests pass to an application, with their keys; for use in one event loop."""

    def __init__(
        self, app: ASGIApp, accepted: Accepted, settings: SearchengineSettings, folder: str, on_error: OnError
    ) -> None:
        """Ask for keys that the `accepted` secrets sign. Used tokens are recorded in `folder`."""
        self._app, self._on_error, self._closed = app, on_error, settings.closed
        self._guard = Guard(accepted.push, folder, browsers=True)
        self._signing, self._revoked = signing_keys(accepted.push), Revoked(settings.revoked)
        self._opened = dict[bytes, OpenedKey]()  # by the header that had them: only valid ones are kept
        self._rates, self._rate = Rates(), parse_rate(settings.rate)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http":
            try:
                self._admit(scope)
            except LightshipError as error:
                response = await self._on_error(Request(scope), error)
                await response(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _admit(self, scope: Scope) -> None:
        """Add the key of the request to its `scope`; raises UnauthorizedError, ForbiddenError, TooManyRequestsError."""
        path = scope["path"]
        scope[PRIVATE] = self._closed
        if path not in READING:
            if self._closed and path not in OPEN and not path.startswith(OPEN_BELOW):
                self._check_secret(scope)
            return
        shown = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
        key = self._opened.get(shown) or self._key_in(shown, scope["query_string"])
        if self._closed and shown and key is None:
            self._guard.check(scope)
            return
        scope[ACCESS] = self
        self._count_address(scope)
        if key is not None:
            self._check(key, scope)
            scope[KEY], scope[PRIVATE] = key, True
        elif self._closed:
            raise UnauthorizedError(NO_KEY)

    def count(self, scope: Scope) -> None:
        """Count one more search in a request that was let pass; raises TooManyRequestsError."""
        self._count_address(scope)
        if (key := key_of(scope)) is not None:
            self._count_key(key)

    def _count_address(self, scope: Scope) -> None:
        if self._rate is not None:
            address = address_of(scope["client"][0]) if scope.get("client") else ""
            self._rates.take(f"address {address}", self._rate, "your address")

    def _count_key(self, key: OpenedKey) -> None:
        if key.rate is not None:
            self._rates.take(key.bucket, key.rate, "the holders of this key")

    def _key_in(self, shown: bytes, query_string: bytes) -> OpenedKey | None:
        """Return the key in an Authorization header, or in the parameter `key`; raises UnauthorizedError if it is wrong."""
        token = _token_in(shown)
        if not token:
            token = _parameter_in(query_string)
            return open_key(token, self._signing) if token else None
        key = open_key(token, self._signing)
        if len(self._opened) >= MOST_OPENED:
            self._opened.clear()
        self._opened[shown] = key
        return key

    def _check_secret(self, scope: Scope) -> None:
        if _token_in(header(scope, b"authorization").encode("latin-1")) or _parameter_in(scope["query_string"]):
            raise ForbiddenError(ONLY_SEARCH)
        self._guard.check(scope)

    def _check(self, key: OpenedKey, scope: Scope) -> None:
        """Raise an error unless `key` may be used now, from where the request comes."""
        if key.expires and time.time() >= key.expires:
            raise UnauthorizedError(EXPIRED)
        if key.name in self._revoked:
            raise UnauthorizedError(REVOKED)
        if key.key.origins and not _is_from(key, scope):
            raise ForbiddenError(ELSEWHERE)
        self._count_key(key)


def count_search(scope: Scope) -> None:
    """Count one more search in a request of several; raises TooManyRequestsError."""
    access: Access | None = scope.get(ACCESS)
    if access is not None:
        access.count(scope)


def key_of(scope: Scope) -> OpenedKey | None:
    """Return the key of a request that `Access` let pass."""
    return cast("OpenedKey | None", scope.get(KEY))


def is_private(scope: Scope) -> bool:
    """Whether only this client may see the answer to a request."""
    return bool(scope.get(PRIVATE))


def _token_in(authorization: bytes) -> str:
    """Return the key in an Authorization header, which a person enters as a password; empty if there is none."""
    if not authorization:
        return ""
    scheme, _, shown = authorization.partition(b" ")
    token = basic_password(shown) if scheme.lower() == b"basic" else shown.strip()
    return token.decode("latin-1") if token.startswith(PREFIX.encode()) else ""


def _parameter_in(query_string: bytes) -> str:
    """Return the key in the parameter `key`; empty if there is none."""
    found = parse_qs(query_string.decode("latin-1")).get("key", [""])[-1] if b"key=" in query_string else ""
    return found if found.startswith(PREFIX) else ""


def _is_from(key: OpenedKey, scope: Scope) -> bool:
    """Whether a page of the key's origins caused the request, or no page of another site.

    A program can claim any origin, and needs none: this keeps keys from being used on the pages of others.
    """
    origin, site = scope.get(ORIGIN, b""), b""
    for name, value in scope["headers"]:
        if name == b"origin":
            origin = value
        elif name == b"sec-fetch-site":
            site = value
    return key.origins.allow(origin.decode("latin-1")) if origin else site in (b"", b"same-origin", b"none")
