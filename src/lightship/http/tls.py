"""TLS: the certificate that a listener shows, and the authorities that this process's calls trust."""

from __future__ import annotations

import logging
import os
import ssl
import time
from typing import Any

from lightship.core.errors import ConfigurationError

logger = logging.getLogger("tls")

FOLLOW_SECONDS = 1.0  # between two looks at a certificate's files

_trusted: ssl.SSLContext | None = None  # one for the process: all that it calls is one installation


def trust(authorities: str) -> None:
    """Make this process call others only by TLS, and believe the certificates signed by those in the file `authorities`.

    `system` stands for the authorities that the system trusts. Without any, calls are not encrypted.
    """
    global _trusted
    _trusted = None
    if not authorities:
        return
    try:
        context = ssl.create_default_context(cafile=None if authorities == "system" else authorities)
    except OSError as error:
        raise ConfigurationError(
            f"-tls-ca={authorities}: {_reason(error)}; name a file of certificates (PEM)"
        ) from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    _trusted = context


def trusted() -> ssl.SSLContext | None:
    """Return what this process's calls are made with; None: they are not encrypted."""
    return _trusted


class Certificate:
    """A listener's certificate: `context` shows what the files hold, also when they are replaced while it runs."""

    def __init__(self, certificate: str, key: str) -> None:
        """Read the files (PEM, a chain and a key); an empty `key` means the same file. Raises ConfigurationError."""
        self._files = certificate, key or certificate
        self._look_at, self._seen = 0.0, self._state()
        self._current = self._read()
        self.context = self._read()
        self.context.sni_callback = self._show

    def _show(self, connection: ssl.SSLObject, name: str | None, context: ssl.SSLContext) -> None:
        """Show what the files hold now: called in each handshake."""
        if time.monotonic() > self._look_at:
            self._look_at = time.monotonic() + FOLLOW_SECONDS
            self._follow()
        connection.context = self._current

    def _follow(self) -> None:
        """Take up the files' new content when they changed; what can't be used is told, and the old one shown on."""
        state = self._state()
        if state == self._seen:
            return
        self._seen = state
        try:
            self._current = self._read()
        except ConfigurationError as error:
            logger.warning("the former certificate is shown on: %s", error)
            return
        logger.info("showing the new certificate in %s", self._files[0])

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
    """Return what uvicorn is told of the two settings of a listener's certificate; raises ConfigurationError."""
    if not certificate:
        if key:
            raise ConfigurationError("-tls-key is given without -tls-cert: a listener needs both")
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
    raise ConfigurationError("the key is encrypted: store it without a password, readable by this program alone")


def _reason(error: OSError) -> str:
    if not isinstance(error, ssl.SSLError):
        return error.strerror or str(error)
    if error.reason == "KEY_VALUES_MISMATCH":
        return "the key is not that of the certificate"
    return f"not readable as PEM ({error.reason or error})"
