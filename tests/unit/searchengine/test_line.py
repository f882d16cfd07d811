"""Cheap queries run at once, dear ones in threads, and what can't be answered in time is refused."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable

import pytest
import uvloop

from lightship.errors import InvalidInputError, UnavailableError
from lightship.searchengine.line import CHEAP_SECONDS, OVERESTIMATE, Line

DEAR = CHEAP_SECONDS * 2


def later(seconds: float = 10) -> float:
    return time.monotonic() + seconds


def test_a_cheap_search_runs_in_this_thread_a_dear_one_in_another() -> None:
    async def run() -> None:
        line = Line(threads=1)
        assert await line.run(threading.current_thread, 0.0, later()) is threading.current_thread()
        assert await line.run(threading.current_thread, DEAR, later()) is not threading.current_thread()

    asyncio.run(run())


def test_the_loop_goes_on_while_a_thread_searches_and_the_deadline_is_kept() -> None:
    async def run() -> None:
        line, go, ran = Line(deadline=0.1, threads=1), threading.Event(), threading.Event()
        began = time.monotonic()

        def note() -> bool:
            ran.set()
            return True

        try:
            dear = [asyncio.create_task(line.run(lambda: go.wait(60), DEAR, later(0.1))) for _ in range(2)]
            await asyncio.sleep(0)
            dear.append(asyncio.create_task(line.run(note, DEAR, later(0.1))))
            assert await line.run(lambda: "cheap", 0.0, later()) == "cheap"
            refused = await asyncio.gather(*dear, return_exceptions=True)
        finally:
            go.set()
        assert [type(error) for error in refused] == [UnavailableError] * 3
        assert time.monotonic() - began < 30  # not when the searches end
        while line.waiting:  # noqa: ASYNC110 (a counter has no event)
            await asyncio.sleep(0.01)
        assert not ran.is_set()  # what had not begun is never run
        assert line.refused == 3
        assert await line.run(lambda: "dear", DEAR, later()) == "dear"

    asyncio.run(run())


@pytest.mark.parametrize("run_loop", [asyncio.run, uvloop.run])
def test_an_answer_that_was_there_in_time_is_given_though_the_loop_is_late(run_loop: Callable[..., str]) -> None:
    """As on a machine whose processors are all taken: to refuse costs as much as to answer."""

    async def run() -> str:
        line, found = Line(deadline=1.0, threads=1), threading.Event()

        def search() -> str:
            found.set()
            return "found"

        task = asyncio.create_task(line.run(search, DEAR, later(1.0)))
        await asyncio.sleep(0)
        assert found.wait(10)
        time.sleep(1.1)  # noqa: ASYNC251 (the loop is held up)
        answer = await task
        assert line.refused == 0
        return answer

    assert run_loop(run()) == "found"


def test_what_would_come_too_late_is_refused_at_once() -> None:
    async def run() -> None:
        line, go = Line(deadline=2.0, threads=1), threading.Event()
        try:
            first = [asyncio.create_task(line.run(lambda: go.wait(60), 0.9, later(20))) for _ in range(2)]
            await asyncio.sleep(0)
            with pytest.raises(UnavailableError, match="too many dear queries"):
                await line.run(lambda: None, 1.1, later(2))
        finally:
            go.set()
        assert await asyncio.gather(*first) == [True, True]
        with pytest.raises(InvalidInputError, match="too dear"):
            await line.run(lambda: None, OVERESTIMATE * 2.0 + 0.1, later())

    asyncio.run(run())


def test_what_may_be_overestimated_is_tried() -> None:
    async def run() -> None:
        line = Line(deadline=20.0, threads=2)
        dear = [line.run(lambda: "found", OVERESTIMATE * 20.0 - 0.1, later(20)) for _ in range(2)]
        assert await asyncio.gather(*dear) == ["found"] * 2

    asyncio.run(run())


def test_the_line_has_an_end_and_requests_an_age() -> None:
    line = Line(deadline=60.0, longest=10)
    now = time.monotonic()
    assert line.admit({"lightship.arrived": now, "lightship.ahead": 9}) == now + 60.0
    with pytest.raises(UnavailableError, match="too many queries"):
        line.admit({"lightship.arrived": now, "lightship.ahead": 10})
    with pytest.raises(UnavailableError, match="more than 60 s"):
        line.admit({"lightship.arrived": now - 60.1})
    assert line.refused == 2


def test_an_error_of_a_search_is_raised_to_who_asked() -> None:
    def fail() -> None:
        raise ZeroDivisionError

    async def run() -> None:
        line = Line(threads=1)
        with pytest.raises(ZeroDivisionError):
            await line.run(fail, DEAR, later())

    asyncio.run(run())
