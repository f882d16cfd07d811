"""Background work that fails is restarted, and reported until it recovers."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest
from prometheus_client import CollectorRegistry

from lightship.runtime import tasks
from lightship.runtime.tasks import TasksDown, cancel, down, down_report, keep, keep_in_thread, repeat
from support import wait_until


class PanicError(BaseException):
    """Like a Rust panic in Python: not a subclass of Exception."""


ERRORS = [ValueError("wrong"), PanicError("index out of bounds"), OSError("no disk")]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(tasks, "AGAIN_LEAST", 0.02)
    yield
    assert down() == {}


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("in_thread", [False, True])
def test_a_look_that_fails_is_taken_again(error: BaseException, in_thread: bool) -> None:
    looks, seen = 0, list[dict[str, str]]()

    def look() -> None:
        nonlocal looks
        looks += 1
        seen.append(down())
        if looks < 4:
            raise error

    async def run() -> None:
        task = asyncio.create_task(repeat("look", look, 0.001, in_thread=in_thread))
        while looks < 6:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
        await cancel([task])

    asyncio.run(run())
    assert seen[:6] == [{}, *[{"look": str(error)}] * 3, {}, {}]


@pytest.mark.parametrize("error", ERRORS)
def test_work_that_fails_is_begun_again(error: BaseException, caplog: pytest.LogCaptureFixture) -> None:
    begun, go = 0, asyncio.Event()

    async def work() -> None:
        nonlocal begun
        begun += 1
        if begun < 3:
            raise error
        assert down_report() == f"work is down: {error}\n"
        await go.wait()

    async def run() -> None:
        task = asyncio.create_task(keep("work", work))
        while begun < 3 or down():  # noqa: ASYNC110
            await asyncio.sleep(0.001)
        go.set()
        await task

    asyncio.run(run())
    assert [record.getMessage() for record in caplog.records] == [f"work failed, retrying: {error}"]
    assert bool(caplog.records[0].exc_info) is not isinstance(error, OSError)


@pytest.mark.parametrize("error", ERRORS)
def test_a_thread_that_fails_goes_on(error: BaseException) -> None:
    begun, stop, go = threading.Semaphore(0), threading.Event(), threading.Event()
    errors = [error, error]

    def work() -> None:
        begun.release()
        if errors:
            raise errors.pop()
        go.wait(20)

    thread = keep_in_thread("thread", work, stop)
    assert all(begun.acquire(timeout=10) for _ in range(3))
    wait_until(lambda: not down(), 30, "it goes well")
    go.set()
    thread.join(30)
    assert not thread.is_alive()


def test_a_thread_that_fails_ends_when_it_is_stopped() -> None:
    stop = threading.Event()

    def work() -> None:
        raise ValueError("always")

    thread = keep_in_thread("thread", work, stop)
    wait_until(lambda: down() == {"thread": "always"}, 30, "it is told")
    registry = CollectorRegistry()
    registry.register(TasksDown())
    assert registry.get_sample_value("lightship_tasks_down", {"task": "thread"}) == 1
    stop.set()
    thread.join(30)
    assert not thread.is_alive()


def test_what_is_cancelled_ends() -> None:
    async def run() -> None:
        task = asyncio.create_task(keep("work", lambda: asyncio.sleep(20)))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(run())
