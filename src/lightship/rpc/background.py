"""A thread's work behind the back of an event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from anyio.to_thread import run_sync

from lightship.runtime.tasks import take_note


class BackgroundThread:
    """One blocking call at a time, in a thread, while its caller goes on; what it raises comes with the next wait for it."""

    _task: asyncio.Task[None] | None = None

    async def run(self, call: Callable[[], None]) -> None:
        """Wait for the call before, and begin this one."""
        await self.wait()
        self._task = asyncio.create_task(run_sync(call))
        self._task.add_done_callback(take_note)  # who was cancelled meanwhile does not wait for it again

    async def wait(self) -> None:
        """Return when the call has ended; raises what it raised."""
        await self.settle()
        if self._task is not None:
            task, self._task = self._task, None
            task.result()

    async def settle(self) -> None:
        """Return when the call has ended, however it did. A caller that is cancelled does not cancel it: its thread would go on."""
        if self._task is not None:
            await asyncio.wait([self._task])
