"""Maps errors of NATS servers to this project's errors."""

from __future__ import annotations

import ssl

import msgspec

from lightship.core.errors import ConfigurationError, LightshipError, OutOfSpaceError

WRONG_LAST_SEQUENCE = 10071
IN_FLIGHT = 10164  # the leader is storing another message of that subject, so it has refused this one
NO_MESSAGE = (10037, 10057)  # not found by sequence or subject; not found to delete
NO_STREAM = 10059
EXISTS_OTHERWISE = (10058, 10065)  # a stream of that name or with those subjects exists, with other settings
_FULL = (10002, 10023, 10028, 10047, 10077)  # limits of account, server, memory, storage; store failure
_DENIED = ("permissions violation", "authorization violation", "authentication", "user authentication")


class RetryError(Exception):
    """A temporary failure: the attempt is repeated."""


class ApiError(Exception):
    """The server refused a request; `code` is its JetStream error code."""

    def __init__(self, code: int, text: str) -> None:
        """Keep the server's code and message."""
        super().__init__(text)
        self.code = code


class Failure(msgspec.Struct):
    """The error in a JetStream response."""

    code: int = 0
    err_code: int = 0
    description: str = ""


def refusal(failure: Failure, place: object) -> Exception:
    """Return the exception for a failed request: ApiError, RetryError, or OutOfSpaceError naming `place`."""
    if failure.err_code in _FULL:
        return OutOfSpaceError(
            f"no room in the log {place} ({failure.description}); free some disk space, or raise max_file on its servers"
        )
    if failure.code == 503 or failure.err_code == 10158:  # no leader; the first attempt is still being stored
        return RetryError(failure.description)
    return ApiError(failure.err_code, failure.description)


def hopeless(error: BaseException, place: object) -> LightshipError | None:
    """Return the error of a permanent failure to connect, or None if retrying may help."""
    if isinstance(error, ssl.SSLError):
        return ConfigurationError(
            f"no TLS connection to {place}: {error}; name the CA of its certificate with -tls-ca, and use a name in it"
        )
    if isinstance(error, ConfigurationError):
        return error
    if is_denial(error):
        return ConfigurationError(f"the log {place} refused user and password; set them in the URL of the log")
    return None


def is_denial(error: BaseException) -> bool:
    """Whether the server denied the operation to this user."""
    text = str(error).lower()
    return any(words in text for words in _DENIED)
