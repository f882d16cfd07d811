"""The error tree, and the one table that gives each error its HTTP status.

A message says what was wrong, where, and what to do about it; it starts in lower case.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Any


class LightshipError(Exception):
    """Base of every error that Lightship raises on purpose."""


class ConfigurationError(LightshipError):
    """A setting, a command line or a folder that a program can't start with."""


class InvalidInputError(LightshipError):
    """Something given from outside is malformed; nothing of it was kept."""


class InvalidDocumentError(InvalidInputError):
    """A document or its url is not acceptable."""


class UnreadableError(InvalidDocumentError):
    """Reading a document took more than it may, or broke what read it."""


class UnauthorizedError(LightshipError):
    """The bearer token is missing or wrong."""


class NotFoundError(LightshipError):
    """What was asked for is not here."""


class SupersededError(LightshipError):
    """A newer epoch or generation is installed already: `installed` is (epoch, generation), where it is known."""

    def __init__(self, message: str, installed: tuple[int, int] | None = None) -> None:
        """Say what is installed instead."""
        super().__init__(message)
        self.installed = installed


class RetiredError(LightshipError):
    """A layout that is not taken any more: a newer one is served."""


class TooLargeError(InvalidInputError):
    """Something given from outside is over its limit."""


class UriTooLongError(TooLargeError):
    """The request's target is over its limit."""


class TooSlowError(InvalidInputError):
    """A request did not arrive within its time."""


class TooManyRequestsError(LightshipError):
    """More is under way than can be taken now; trying again after a while helps."""


class UnavailableError(LightshipError):
    """A part that is needed does not answer now; trying again later may help."""


class DamagedError(UnavailableError):
    """Stored bytes are not those that were written. For an entry of the document log, `sequence` says where it is."""

    sequence = 0


class OvertakenError(UnavailableError):
    """Changes of `urls` came too late: something newer is in the log. What else was asked for is `stored`, by url.

    `maybe` are those of `urls` that may have been stored before what is newer.
    """

    def __init__(
        self, urls: Sequence[str], stored: Mapping[str, Any] = MappingProxyType({}), maybe: Collection[str] = ()
    ) -> None:
        """Name the first of `urls`."""
        others = f" and {len(urls) - 1} more" if len(urls) > 1 else ""
        super().__init__(
            f"{urls[0][:100]}{others}: something newer was stored while this waited; send it again if it still holds"
        )
        self.urls, self.stored, self.maybe = frozenset(urls), stored, frozenset(maybe)


class WrongAnswerError(LightshipError):
    """A running system does not do what it should."""


class OutOfSpaceError(LightshipError):
    """The disk is full; nothing was changed."""


class IncompatibleIndexError(ConfigurationError):
    """A folder was written by a version that this one can't read."""


def words(error: object) -> str:
    """Return what `error` says, or what it is when it says nothing."""
    return str(error) or type(error).__name__


STATUS: dict[type[LightshipError], int] = {
    InvalidInputError: 400,
    UnauthorizedError: 401,
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
    """Return the HTTP status of an error: that of the nearest class in `STATUS`."""
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
