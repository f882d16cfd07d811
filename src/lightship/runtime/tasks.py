"""Background work that must not end: what fails is logged, done again, and told in `/readyz` and the metrics until it goes well."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Awaitable, Callable, Collection, Iterator
from typing import Any

from lightship.core.errors import LightshipError, words

logger = logging.getLogger("tasks")

# Seconds before what failed is begun again: doubled each time, until it has gone well for the longest of them
AGAIN_LEAST, AGAIN_MOST = 0.1, 30.0

_down: dict[str, str] = {}  # name -> error; of this process
_ENDS = (asyncio.CancelledError, GeneratorExit, KeyboardInterrupt, SystemExit)  # somebody wants it to


def down() -> dict[str, str]:
    """Return, by name, what is wrong with background work that does not go well now. Callable from any thread."""
    return dict(_down)


def told() -> str:
    """Return that as lines of text; empty when all goes well."""
    return "".join(f"{name} is down: {error}\n" for name, error in sorted(down().items()))


class TasksDown:
    """Tells Prometheus; to be registered."""

    def collect(self) -> Iterator[Any]:
        """Yield the metric."""
        from prometheus_client.core import GaugeMetricFamily

        family = GaugeMetricFamily("lightship_tasks_down", "1: this background work fails", labels=["task"])
        for name in down():
            family.add_metric([name], 1.0)
        yield family


async def keep(name: str, work: Callable[[], Awaitable[None]]) -> None:
    """Do `work`, and again whenever it fails in whatever way, until it returns or is cancelled."""
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


async def repeat(name: str, look: Callable[[], None], seconds: float, *, in_thread: bool = False) -> None:
    """Call `look` each so many seconds until it is cancelled, in a thread if it may take long, however often it fails."""
    pause = _Pause(name)
    try:
        while True:
            try:
                await asyncio.to_thread(look) if in_thread else look()
                pause.end()
            except BaseException as error:
                pause.take(error)
            await asyncio.sleep(max(seconds, pause.seconds))
    finally:
        _down.pop(name, None)


def keep_in_thread(
    name: str, work: Callable[[], None], stop: threading.Event, *, again_most: float = AGAIN_MOST, daemon: bool = False
) -> threading.Thread:
    """Start a thread that does `work`, and again whenever it fails in whatever way, until it returns or `stop` is set."""

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
    """How long to wait before failed work is done again, and what is told of it."""

    def __init__(self, name: str, most: float = AGAIN_MOST) -> None:
        self._name, self._most, self._began = name, most, time.monotonic()
        self.seconds, self._told = 0.0, ""

    def take(self, error: BaseException) -> None:
        """Note that the work failed with `error`, unless that is its end."""
        if isinstance(error, _ENDS):
            raise error
        now = time.monotonic()
        lasted, self._began = now - self._began - self.seconds, now
        self.seconds = AGAIN_LEAST if lasted > AGAIN_MOST or not self.seconds else min(2 * self.seconds, self._most)
        _down[self._name] = words(error)[:300]
        if words(error) != self._told:
            self._told = words(error)
            expected = isinstance(error, LightshipError | OSError)  # our messages say all
            logger.error(
                "%s failed, and is done again: %s", self._name, self._told, exc_info=None if expected else error
            )

    def end(self) -> None:
        """Note that the work went well."""
        self.seconds, self._told, self._began = 0.0, "", time.monotonic()
        _down.pop(self._name, None)


async def cancel(tasks: Collection[asyncio.Task[Any]]) -> None:
    """Cancel `tasks`, and return when they have ended, however they did."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def take_note(task: asyncio.Future[Any]) -> None:
    """Have asyncio not complain of a failure that nobody asks for any more; to be a task's callback."""
    if not task.cancelled():
        task.exception()
