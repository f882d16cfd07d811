from __future__ import annotations

import pytest

from lightship.core import errors
from lightship.core.errors import STATUS, LightshipError, status_of


def tree(kind: type[LightshipError]) -> list[type[LightshipError]]:
    return [kind, *(below for child in kind.__subclasses__() for below in tree(child))]


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (errors.LightshipError, 500),
        (errors.ConfigurationError, 500),
        (errors.IncompatibleIndexError, 500),
        (errors.InvalidInputError, 400),
        (errors.InvalidDocumentError, 400),
        (errors.UnauthorizedError, 401),
        (errors.ForbiddenError, 403),
        (errors.NotFoundError, 404),
        (errors.TooSlowError, 408),
        (errors.SupersededError, 409),
        (errors.RetiredError, 409),
        (errors.TooLargeError, 413),
        (errors.UriTooLongError, 414),
        (errors.TooManyRequestsError, 429),
        (errors.UnavailableError, 503),
        (errors.OutOfSpaceError, 507),
    ],
)
def test_status(kind: type[LightshipError], status: int) -> None:
    assert status_of(kind("message")) == status


def test_every_error_has_a_status_and_says_what_it_is() -> None:
    for kind in tree(LightshipError):
        assert 400 <= status_of(kind("message")) < 600
        assert kind.__doc__
        assert kind.__name__.endswith("Error")


def test_the_table_names_only_errors_of_the_tree() -> None:
    assert set(STATUS) <= set(tree(LightshipError))
    assert LightshipError in STATUS  # so that every error of ours has a status


def test_a_new_error_has_the_status_of_its_nearest_relative() -> None:
    class StrangeDocumentError(errors.UriTooLongError):
        pass

    assert status_of(StrangeDocumentError("message")) == 414
