"""Posts events as https://www.standardwebhooks.com says: signed, with an id of their own, and again until they are accepted."""

from __future__ import annotations

import base64
import hashlib
import hmac
import logging
import secrets
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable

import msgspec

from lightship import __version__
from lightship.cli.watching.stream import Event
from lightship.core.errors import ConfigurationError, words
from lightship.http.tls import trusted

PREFIX = "whsec_"
SECONDS = 20.0  # for the receiver to answer
AGAIN_LEAST, AGAIN_MOST = 1.0, 300.0  # seconds between two attempts

logger = logging.getLogger("watch")


def new_secret() -> str:
    """Return a secret that a webhook's receiver checks signatures with."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


class Webhook:
    """Posts to `url`, signed with `secret`; `sleep` waits between two attempts."""

    def __init__(self, url: str, secret: str, sleep: Callable[[float], None] = time.sleep) -> None:
        """Check both; raises ConfigurationError."""
        if not url.startswith(("http://", "https://")):
            raise ConfigurationError(f"-post={url[:80]}: must be a url like https://example.org/hook")
        self._url, self._sleep = url, sleep
        try:
            self._key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
        except ValueError as error:
            raise ConfigurationError(f"the secret of the webhook is not {PREFIX} and base64: {error}") from error

    def post(self, event: Event) -> None:
        """Post `event`, and return when the receiver has answered with a status 2xx, however often it has to be asked."""
        body = msgspec.json.encode({"type": event.kind, "data": event.data})
        number = "evt_" + hashlib.blake2b(f"{event.id}\0".encode() + body, digest_size=16).hexdigest()
        pause, logged = AGAIN_LEAST, ""
        while (failure := self._attempt(number, body)) and not failure.startswith("410 "):
            if failure != logged:
                logger.warning("%s: %s; retrying until it is accepted", self._url, failure)
            logged = failure
            self._sleep(pause)
            pause = min(2 * pause, AGAIN_MOST)
        if failure:
            raise ConfigurationError(f"{self._url} answered 410 Gone: it wants no more events")

    def _attempt(self, number: str, body: bytes) -> str:
        """Post once; return why it was not taken, or an empty string."""
        moment = str(int(time.time()))
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"Lightship/{__version__}",
            "webhook-id": number,
            "webhook-timestamp": moment,
            "webhook-signature": f"v1,{signature(self._key, number, moment, body)}",
        }
        try:
            request = urllib.request.Request(self._url, body, headers, method="POST")
            with urllib.request.urlopen(request, timeout=SECONDS, context=_context(self._url)):
                return ""
        except urllib.error.HTTPError as error:
            error.close()
            return f"{error.code} {error.reason}"
        except OSError as error:
            return words(error)


def signature(key: bytes, number: str, moment: str, body: bytes) -> str:
    """Return the base64 of the HMAC-SHA256 of an event's id, the time in seconds, and the body."""
    return base64.b64encode(hmac.digest(key, f"{number}.{moment}.".encode() + body, "sha256")).decode()


def _context(url: str) -> ssl.SSLContext | None:
    return trusted() if url.startswith("https://") else None
