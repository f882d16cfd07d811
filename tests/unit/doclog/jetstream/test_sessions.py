"""Marks that a leader refuses: nobody asks it again and again at full speed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from types import SimpleNamespace
from typing import Any

import pytest

from lightship.doclog.jetstream.client.errors import IN_FLIGHT, NO_MESSAGE, WRONG_LAST_SEQUENCE, ApiError, RetryError
from lightship.doclog.jetstream.sessions import Sessions


class _Refusing:
    """A connection to a leader that refuses each mark with `code`, like one that has lost the others."""

    address = SimpleNamespace(name="log")

    def __init__(self, code: int) -> None:
        self.code, self.refused = code, 0

    async def api(self, *_: object) -> object:
        raise ApiError(NO_MESSAGE[0], "no message found")

    async def ask(self, *_: object) -> list[object]:
        await asyncio.sleep(0)
        return [None]

    def decode(self, *_: object) -> object:
        self.refused += 1
        raise ApiError(self.code, "wrong last sequence")


@pytest.mark.parametrize("code", [WRONG_LAST_SEQUENCE, IN_FLIGHT])
@pytest.mark.parametrize("use", [Sessions.open, Sessions.barrier])
def test_a_refused_mark_is_tried_again_by_who_has_patience(
    code: int, use: Callable[[Sessions, int], Coroutine[Any, Any, Any]]
) -> None:
    leader: Any = _Refusing(code)

    async def mark() -> None:
        async with asyncio.timeout(30):
            with pytest.raises(RetryError):
                await use(Sessions(leader), 3)

    asyncio.run(mark())
    assert leader.refused == 1
