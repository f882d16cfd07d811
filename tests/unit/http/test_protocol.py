"""When a connection is ended for what its client does not take; the rest is in `searchengine/test_slow_clients.py`, over sockets."""

from __future__ import annotations

from typing import Any

import pytest

from lightship.http.protocol import LEAST_BYTES, LimitedProtocol

MUCH = 100 * LEAST_BYTES


class Transport:
    """Has so many bytes that its client did not take yet."""

    def __init__(self, unsent: int) -> None:
        self.unsent, self.is_aborted = unsent, False

    def get_write_buffer_size(self) -> int:
        return self.unsent

    def abort(self) -> None:
        self.is_aborted = True


@pytest.mark.parametrize(
    ("before", "taken", "unsent", "is_cut"),
    [
        (0, False, MUCH, False),  # it is new
        (MUCH, False, 0, False),
        (MUCH, False, MUCH, True),
        (MUCH, False, MUCH + 1, True),
        (MUCH, False, MUCH - LEAST_BYTES + 1, True),
        (MUCH, False, MUCH - LEAST_BYTES, False),
        (MUCH, True, MUCH, False),  # it took all that there was, and more was made
    ],
)
def test_a_client_is_cut_that_takes_too_little_between_two_looks(
    before: int, taken: bool, unsent: int, is_cut: bool
) -> None:
    transport: Any = Transport(unsent)
    protocol = LimitedProtocol.__new__(LimitedProtocol)
    protocol.transport, protocol._unsent, protocol._taken = transport, before, taken
    protocol.sweep()
    assert transport.is_aborted == is_cut
    assert (protocol._unsent, protocol._taken) == (unsent, False)
