"""Cheap queries run at once, expensive ones in threads, and those that can't be answered in time are refused."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable

import pytest
import uvloop

from lightship.core.errors import InvalidInputError, UnavailableError
from lightship.searchengine.search.admission import CHEAP_SECONDS, OVERESTIMATE, QueryExecutor

EXPENSIVE = CHEAP_SECONDS * 2


def later(seconds: float = 10) -> float:
    return time.monotonic() + seconds


def test_a_cheap_search_runs_in_this_thread_a_dear_one_in_another() -> None:
    async def run() -> None:
        executor = QueryExecutor(threads=1)
        assert await executor.run(threading.current_thread, 0.0, later()) is threading.current_thread()
        assert await executor.run(threading.current_thread, EXPENSIVE, later()) is not threading.current_thread()

    asyncio.run(run())


def test_the_loop_goes_on_while_a_thread_searches_and_the_deadline_is_kept() -> None:
    async def run() -> None:
        executor, go, ran = QueryExecutor(deadline=0.1, threads=1), threading.Event(), threading.Event()
        began = time.monotonic()

        def note() -> bool:
            ran.set()
            return True

        try:
            expensive = [
                asyncio.create_task(executor.run(lambda: go.wait(60), EXPENSIVE, later(0.1))) for _ in range(2)
            ]
            await asyncio.sleep(0)
            expensive.append(asyncio.create_task(executor.run(note, EXPENSIVE, later(0.1))))
            assert await executor.run(lambda: "cheap", 0.0, later()) == "cheap"
            refused = await asyncio.gather(*expensive, return_exceptions=True)
        finally:
            go.set()
        assert [type(error) for error in refused] == [UnavailableError] * 3
        assert time.monotonic() - began < 30  # not when the searches end
        while executor.waiting:  # noqa: ASYNC110 (a counter has no event)
            await asyncio.sleep(0.01)
        assert not ran.is_set()  # queued work is cancelled
        assert executor.refused == 3
        assert await executor.run(lambda: "expensive", EXPENSIVE, later()) == "expensive"

    asyncio.run(run())


@pytest.mark.parametrize("run_loop", [asyncio.run, uvloop.run])
def test_an_answer_that_was_there_in_time_is_given_though_the_loop_is_late(run_loop: Callable[..., str]) -> None:
    """On an overloaded machine, refusing would cost as much as answering."""

    async def run() -> str:
        executor, found = QueryExecutor(deadline=1.0, threads=1), threading.Event()

        def search() -> str:
            found.set()
            return "found"

        task = asyncio.create_task(executor.run(search, EXPENSIVE, later(1.0)))
        await asyncio.sleep(0)
        assert found.wait(10)
        time.sleep(1.1)  # noqa: ASYNC251 (the loop is held up)
        answer = await task
        assert executor.refused == 0
        return answer

    assert run_loop(run()) == "found"


def test_what_would_come_too_late_is_refused_at_once() -> None:
    async def run() -> None:
        executor, go = QueryExecutor(deadline=2.0, threads=1), threading.Event()
        try:
            first = [asyncio.create_task(executor.run(lambda: go.wait(60), 0.9, later(20))) for _ in range(2)]
            await asyncio.sleep(0)
            with pytest.raises(UnavailableError, match="too many expensive queries"):
                await executor.run(lambda: None, 1.1, later(2))
        finally:
            go.set()
        assert await asyncio.gather(*first) == [True, True]
        with pytest.raises(InvalidInputError, match="too expensive"):
            await executor.run(lambda: None, OVERESTIMATE * 2.0 + 0.1, later())

    asyncio.run(run())


def test_what_may_be_overestimated_is_tried() -> None:
    async def run() -> None:
        executor = QueryExecutor(deadline=20.0, threads=2)
        expensive = [executor.run(lambda: "found", OVERESTIMATE * 20.0 - 0.1, later(20)) for _ in range(2)]
        assert await asyncio.gather(*expensive) == ["found"] * 2

    asyncio.run(run())


def test_the_line_has_an_end_and_requests_an_age() -> None:
    executor = QueryExecutor(deadline=60.0, longest=10)
    now = time.monotonic()
    assert executor.admit({"lightship.arrived": now, "lightship.ahead": 9}) == now + 60.0
    with pytest.raises(UnavailableError, match="too many queries"):
        executor.admit({"lightship.arrived": now, "lightship.ahead": 10})
    with pytest.raises(UnavailableError, match="longer than 60 s"):
        executor.admit({"lightship.arrived": now - 60.1})
    assert executor.refused == 2


def test_an_error_of_a_search_is_raised_to_who_asked() -> None:
    def fail() -> None:
        raise ZeroDivisionError

    async def run() -> None:
        executor = QueryExecutor(threads=1)
        with pytest.raises(ZeroDivisionError):
            await executor.run(fail, EXPENSIVE, later())

    asyncio.run(run())
