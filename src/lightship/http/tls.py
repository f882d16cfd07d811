"""TLS: the certificate of a listener, and the authorities that outgoing connections trust."""

from __future__ import annotations

import logging
import os
import ssl
import time
from typing import Any

from lightship.core.errors import ConfigurationError

logger = logging.getLogger("tls")

FOLLOW_SECONDS = 1.0  # between two checks whether a certificate's files have changed

_trusted: ssl.SSLContext | None = None  # one per process: all its peers belong to one installation


def trust(authorities: str) -> None:
    """Make outgoing connections use TLS, and trust certificates signed by the authorities in the file `authorities`.

    `system` means the authorities that the system trusts. If empty, connections are not encrypted.
    Raises ConfigurationError.
    """
    global _trusted
    _trusted = None
    if not authorities:
        return
    try:
        context = ssl.create_default_context(cafile=None if authorities == "system" else authorities)
    except OSError as error:
        raise ConfigurationError(
            f"-tls-ca={authorities}: {_reason(error)}; give a file of certificates (PEM)"
        ) from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    _trusted = context


def trusted() -> ssl.SSLContext | None:
    """Return the context for outgoing connections; None means that they are not encrypted."""
    return _trusted


class Certificate:
    """A listener's certificate: `context` uses the content of the files, and follows when they are replaced."""

    def __init__(self, certificate: str, key: str) -> None:
        """Read the files (PEM, a chain and a key); an empty `key` means the same file. Raises ConfigurationError."""
        self._files = certificate, key or certificate
        self._look_at, self._seen = 0.0, self._state()
        self._current = self._read()
        self.context = self._read()
        self.context.sni_callback = self._show

    def _show(self, connection: ssl.SSLObject, name: str | None, context: ssl.SSLContext) -> None:
        """Use the current certificate in this handshake."""
        if time.monotonic() > self._look_at:
            self._look_at = time.monotonic() + FOLLOW_SECONDS
            self._follow()
        connection.context = self._current

    def _follow(self) -> None:
        """Reload the files if they have changed; if they are unusable, log that and keep the old certificate."""
        state = self._state()
        if state == self._seen:
            return
        self._seen = state
        try:
            self._current = self._read()
        except ConfigurationError as error:
            logger.warning("can't load the new certificate, keeping the old one: %s", error)
            return
        logger.info("loaded the new certificate in %s", self._files[0])

    def _state(self) -> list[tuple[int, int, int] | None]:
        return [_state_of(path) for path in self._files]

    def _read(self) -> ssl.SSLContext:
        certificate, key = self._files
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            context.load_cert_chain(certificate, key, password=_no_password)
        except OSError as error:
            raise ConfigurationError(f"-tls-cert={certificate} and -tls-key={key}: {_reason(error)}") from error
        return context


def listener_options(certificate: str, key: str) -> dict[str, Any]:
    """Return uvicorn's options for a listener with this certificate and key; raises ConfigurationError."""
    if not certificate:
        if key:
            raise ConfigurationError("-tls-key is set without -tls-cert; set both")
        return {}
    context = Certificate(certificate, key).context
    return {"ssl_context_factory": lambda *_: context}


def _state_of(path: str) -> tuple[int, int, int] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size


def _no_password() -> str:
    raise ConfigurationError("the private key is encrypted; store it without a password, readable by this user only")


def _reason(error: OSError) -> str:
    if not isinstance(error, ssl.SSLError):
        return error.strerror or str(error)
    if error.reason == "KEY_VALUES_MISMATCH":
        return "the private key does not match the certificate"
    return f"not readable as PEM ({error.reason or error})"
