"""Tasks of an event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Any


async def cancel(tasks: Collection[asyncio.Task[Any]]) -> None:
    """Cancel `tasks`, and return when they have ended, however they did."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def take_note(task: asyncio.Future[Any]) -> None:
    """Have asyncio not complain of a failure that nobody asks for any more; to be a task's callback."""
    if not task.cancelled():
        task.exception()
