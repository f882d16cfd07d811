"""A pytest plugin with which both backends break their word, as BROKEN says: the contract suite has to notice.

`late`: what comes late is stored over what is newer. `forgetful`: the last change of a put is acknowledged, and lost.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

import pytest

from lightship.core.model import Change, partition_of
from lightship.doclog import Position
from lightship.doclog.jetstream import JetStreamLog
from lightship.doclog.protocol.fence import Fence
from lightship.doclog.sqlite import SqliteLog

Put = Callable[..., list[Position]]


def late(put: Put) -> Put:
    """Return a `put` that heeds no fence."""

    def broken(self: object, changes: Sequence[Change], fences: Sequence[Fence] = ()) -> list[Position]:
        return put(self, changes)

    return broken


def forgetful(put: Put) -> Put:
    """Return a `put` that loses what it acknowledges."""

    def broken(self: SqliteLog, changes: Sequence[Change], fences: Sequence[Fence] = ()) -> list[Position]:
        positions = put(self, changes[:-1], fences[:-1])
        partition = partition_of(changes[-1].url)
        return [*positions, Position(partition, self.span(partition).head + 1)]

    return broken


@pytest.fixture(autouse=True)
def _break(monkeypatch: pytest.MonkeyPatch) -> None:
    break_it = {"late": late, "forgetful": forgetful}[os.environ["BROKEN"]]
    for backend in (SqliteLog, JetStreamLog):
        monkeypatch.setattr(backend, "put", break_it(backend.put))
