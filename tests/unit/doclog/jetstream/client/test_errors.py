"""What a refusal of a NATS server means, by JetStream's error codes (errors.json of nats-server)."""

from __future__ import annotations

import pytest

from lightship.core.errors import OutOfSpaceError
from lightship.doclog.jetstream.client.errors import (
    IN_FLIGHT,
    WRONG_LAST_SEQUENCE,
    ApiError,
    Failure,
    RetryError,
    refusal,
)


@pytest.mark.parametrize(
    ("code", "description"),
    [
        (10002, "resource limits exceeded for account"),
        (10023, "insufficient resources"),
        (10028, "insufficient memory resources available"),
        (10047, "insufficient storage resources available"),
        (10077, "write failed: no space left on device"),
    ],
)
def test_whatever_there_is_no_room_in_the_log_is_full(code: int, description: str) -> None:
    found = refusal(Failure(503, code, description), "nats://a/log")
    assert isinstance(found, OutOfSpaceError)
    assert f"nats://a/log ({description})" in str(found)


def test_what_may_pass_is_tried_again_and_the_rest_is_told_by_its_code() -> None:
    assert isinstance(refusal(Failure(503, 10008, "temporarily unavailable"), ""), RetryError)
    assert isinstance(refusal(Failure(400, 10158, "the first try is being stored"), ""), RetryError)
    for code in (WRONG_LAST_SEQUENCE, IN_FLIGHT):
        found = refusal(Failure(400, code, "wrong last sequence: 7"), "")
        assert isinstance(found, ApiError)
        assert found.code == code
