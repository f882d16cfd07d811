"""The exception hierarchy, and the one table that maps exceptions to HTTP statuses.

A message says what was wrong, where, and what to do about it; it starts in lower case.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Any


class LightshipError(Exception):
    """Base of every error that Lightship raises on purpose."""


class ConfigurationError(LightshipError):
    """A setting, command line or data folder is unusable: the program can't start."""


class InvalidInputError(LightshipError):
    """Input from outside is malformed; none of it was kept."""


class InvalidDocumentError(InvalidInputError):
    """A document or its url is not acceptable."""


class UnreadableError(InvalidDocumentError):
    """Parsing a document exceeded its limits, or crashed the parser."""


class UnauthorizedError(LightshipError):
    """The bearer token is missing or wrong."""


class ForbiddenError(LightshipError):
    """The caller is known, but may not do this."""


class NotFoundError(LightshipError):
    """What was requested does not exist here."""


class SupersededError(LightshipError):
    """A newer epoch or generation is already installed: `installed` is (epoch, generation), if known."""

    def __init__(self, message: str, installed: tuple[int, int] | None = None) -> None:
        """Keep the (epoch, generation) that is installed instead, if known."""
        super().__init__(message)
        self.installed = installed


class RetiredError(LightshipError):
    """The layout is no longer accepted: a newer one is served."""


class TooLargeError(InvalidInputError):
    """Input from outside exceeds its limit."""


class UriTooLongError(TooLargeError):
    """The request target exceeds its limit."""


class TooSlowError(InvalidInputError):
    """A request did not arrive in time."""


class TooManyRequestsError(LightshipError):
    """Too much is in flight, or was asked for; retrying after `seconds` helps."""

    def __init__(self, message: str, seconds: int = 1) -> None:
        """Keep when to retry."""
        super().__init__(message)
        self.seconds = seconds


class UnavailableError(LightshipError):
    """A required part does not answer; retrying later may help."""


class ReplacedError(UnavailableError):
    """A file was replaced while this program had it open: nothing but a restart helps."""


class DamagedError(UnavailableError):
    """Stored bytes differ from what was written. For an entry of the document log, `sequence` is its position."""

    sequence = 0


class OvertakenError(UnavailableError):
    """The changes of `urls` came too late: the log already holds newer ones.

    `stored` has the results of the other changes of the same call, by url. `maybe` are those of `urls` whose change may
    have been stored before the newer one.
    """

    def __init__(
        self, urls: Sequence[str], stored: Mapping[str, Any] = MappingProxyType({}), maybe: Collection[str] = ()
    ) -> None:
        """Build a message that names the first of `urls`."""
        others = f" and {len(urls) - 1} more" if len(urls) > 1 else ""
        super().__init__(f"{urls[0][:100]}{others}: overtaken by a newer change; send it again if it is still current")
        self.urls, self.stored, self.maybe = frozenset(urls), stored, frozenset(maybe)


class WrongAnswerError(LightshipError):
    """A running system does not behave as it should."""


class OutOfSpaceError(LightshipError):
    """The disk is full; nothing was changed."""


class IncompatibleIndexError(ConfigurationError):
    """The folder or file was written by a version whose format this one can't read."""


def words(error: object) -> str:
    """Return the message of `error`, or its class name if the message is empty."""
    return str(error) or type(error).__name__


STATUS: dict[type[LightshipError], int] = {
    InvalidInputError: 400,
    UnauthorizedError: 401,
    ForbiddenError: 403,
    NotFoundError: 404,
    TooSlowError: 408,
    SupersededError: 409,
    RetiredError: 409,
    TooLargeError: 413,
    UriTooLongError: 414,
    TooManyRequestsError: 429,
    LightshipError: 500,
    UnavailableError: 503,
    OutOfSpaceError: 507,
}


def status_of(error: LightshipError) -> int:
    """Return the HTTP status of `error`: that of its nearest base class in `STATUS`."""
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
