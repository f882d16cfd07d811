"""Runs one blocking call at a time in a worker thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from anyio.to_thread import run_sync

from lightship.runtime.tasks import discard_exception


class BackgroundThread:
    """One blocking call at a time in a worker thread, while the caller continues; the next wait raises its error."""

    _task: asyncio.Task[None] | None = None

    async def run(self, call: Callable[[], None]) -> None:
        """Wait for the previous call, and start this one."""
        await self.wait()
        self._task = asyncio.create_task(run_sync(call))
        self._task.add_done_callback(discard_exception)  # a cancelled caller never retrieves the exception

    async def wait(self) -> None:
        """Wait for the call to end; raises its exception."""
        await self.settle()
        if self._task is not None:
            task, self._task = self._task, None
            task.result()

    async def settle(self) -> None:
        """Wait for the call to end, ignoring its outcome.

        Cancelling the caller does not cancel the call, because its thread would continue.
        """
        if self._task is not None:
            await asyncio.wait([self._task])
