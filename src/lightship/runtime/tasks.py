"""Background work that must keep running: failures are logged, retried, and shown in `/readyz` and the metrics."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Awaitable, Callable, Collection, Iterator
from typing import Any

from lightship.core.errors import LightshipError, words

logger = logging.getLogger("tasks")

# Seconds before failed work is retried: doubled each time, and reset once the work has run for AGAIN_MOST
AGAIN_LEAST, AGAIN_MOST = 0.1, 30.0

_down: dict[str, str] = {}  # task name -> error, in this process
_ENDS = (asyncio.CancelledError, GeneratorExit, KeyboardInterrupt, SystemExit)  # requests to end, not failures


def down() -> dict[str, str]:
    """Return the errors of the background tasks that are failing now, by task name. Callable from any thread."""
    return dict(_down)


def down_report() -> str:
    """Return the failing tasks as lines of text; empty when there are none."""
    return "".join(f"{name} is down: {error}\n" for name, error in sorted(down().items()))


class TasksDown:
    """A Prometheus collector of the tasks that are failing."""

    def collect(self) -> Iterator[Any]:
        """Yield the metric."""
        from prometheus_client.core import GaugeMetricFamily

        family = GaugeMetricFamily(
            "lightship_tasks_down", "1 for each background task that is failing", labels=["task"]
        )
        for name in down():
            family.add_metric([name], 1.0)
        yield family


async def keep(name: str, work: Callable[[], Awaitable[None]]) -> None:
    """Run `work`, and restart it whenever it fails, until it returns or is cancelled."""
    pause = _Pause(name)
    try:
        while True:
            well = asyncio.get_running_loop().call_later(pause.seconds, _down.pop, name, None)
            try:
                await work()
                return
            except BaseException as error:
                pause.take(error)
            finally:
                well.cancel()
            await asyncio.sleep(pause.seconds)
    finally:
        _down.pop(name, None)


async def repeat(
    name: str, look: Callable[[], Awaitable[None] | None], seconds: float, *, in_thread: bool = False
) -> None:
    """Call `look` every `seconds` until cancelled, in a thread if `in_thread`. Logs each distinct error once."""
    pause = _Pause(name)
    try:
        while True:
            try:
                looking = await asyncio.to_thread(look) if in_thread else look()
                if looking is not None:
                    await looking
                pause.end()
            except BaseException as error:
                pause.take(error)
            await asyncio.sleep(max(seconds, pause.seconds))
    finally:
        _down.pop(name, None)


def keep_in_thread(
    name: str, work: Callable[[], None], stop: threading.Event, *, again_most: float = AGAIN_MOST, daemon: bool = False
) -> threading.Thread:
    """Start a thread that runs `work`, and restarts it whenever it fails, until it returns or `stop` is set."""

    def run() -> None:
        pause = _Pause(name, again_most)
        try:
            while True:
                well = threading.Timer(pause.seconds, _down.pop, (name, None))
                if pause.seconds:
                    well.start()
                try:
                    work()
                    return
                except BaseException as error:
                    pause.take(error)
                finally:
                    well.cancel()
                if stop.wait(pause.seconds):
                    return
        finally:
            _down.pop(name, None)

    thread = threading.Thread(target=run, name=name, daemon=daemon)
    thread.start()
    return thread


class _Pause:
    """How long to wait before failed work is retried; logs and publishes its errors."""

    def __init__(self, name: str, most: float = AGAIN_MOST) -> None:
        self._name, self._most, self._began = name, most, time.monotonic()
        self.seconds, self._logged = 0.0, ""

    def take(self, error: BaseException) -> None:
        """Record that the work failed with `error`; re-raise a request to end."""
        if isinstance(error, _ENDS):
            raise error
        now = time.monotonic()
        lasted, self._began = now - self._began - self.seconds, now
        self.seconds = AGAIN_LEAST if lasted > AGAIN_MOST or not self.seconds else min(2 * self.seconds, self._most)
        _down[self._name] = words(error)[:300]
        if words(error) != self._logged:
            self._logged = words(error)
            expected = isinstance(error, LightshipError | OSError)  # their messages need no traceback
            logger.error("%s failed, retrying: %s", self._name, self._logged, exc_info=None if expected else error)

    def end(self) -> None:
        """Record that the work succeeded."""
        self.seconds, self._logged, self._began = 0.0, "", time.monotonic()
        _down.pop(self._name, None)


async def cancel(tasks: Collection[asyncio.Task[Any]]) -> None:
    """Cancel `tasks`, and return when they have ended, however they did."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def discard_exception(task: asyncio.Future[Any]) -> None:
    """Keep asyncio from logging an exception that is never retrieved. A done callback of a task."""
    if not task.cancelled():
        task.exception()
