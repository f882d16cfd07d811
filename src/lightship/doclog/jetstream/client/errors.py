"""What can go wrong with a NATS server, in our words."""

from __future__ import annotations

import ssl

import msgspec

from lightship.core.errors import ConfigurationError, LightshipError, OutOfSpaceError

WRONG_LAST_SEQUENCE = (10071, 10164)
NO_MESSAGE = (10037, 10057)  # found by sequence or subject; to delete
NO_STREAM = 10059
EXISTS_OTHERWISE = (10058, 10065)  # a stream of that name, or of those subjects, with other settings
_FULL = (10002, 10023, 10028, 10047, 10077)  # limits of account, server, memory, storage; the store failed
_DENIED = ("permissions violation", "authorization violation", "authentication", "user authentication")


class RetryError(Exception):
    """Trouble that may pass by itself: the attempt is made again."""


class ApiError(Exception):
    """The server refused a request; `code` is its JetStream error code."""

    def __init__(self, code: int, text: str) -> None:
        """Keep what the server said."""
        super().__init__(text)
        self.code = code


class Failure(msgspec.Struct):
    """The error in an answer of JetStream."""

    code: int = 0
    err_code: int = 0
    description: str = ""


def refusal(failure: Failure, place: object) -> Exception:
    """Return what a failed request means: ApiError, Again, or OutOfSpaceError naming `place`."""
    if failure.err_code in _FULL:
        return OutOfSpaceError(
            f"no room in the log {place} ({failure.description}); free some disk space, or raise max_file in its servers"
        )
    if failure.code == 503 or failure.err_code == 10158:  # no leader now; the first try is still being stored
        return RetryError(failure.description)
    return ApiError(failure.err_code, failure.description)


def hopeless(error: BaseException, place: object) -> LightshipError | None:
    """Return what a failure to connect means when trying again would not help, else None."""
    if isinstance(error, ssl.SSLError):
        return ConfigurationError(
            f"no TLS connection to {place}: {error}; give the CA of its certificate with -tls-ca, and use a name in it"
        )
    if isinstance(error, ConfigurationError):
        return error
    if is_denial(error):
        return ConfigurationError(f"the log {place} refused user and password; write them into the url of the log")
    return None


def is_denial(error: BaseException) -> bool:
    """Tell whether the server says that this user may not do that."""
    text = str(error).lower()
    return any(words in text for words in _DENIED)
