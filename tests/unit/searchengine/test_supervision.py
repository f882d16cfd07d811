"""Each of the searchengine's own tasks is supervised: one that fails shows, and is tried again, and the others go on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lightship.runtime.tasks import down, down_report
from lightship.searchengine import server
from lightship.searchengine.search.replica import Replica
from lightship.searchengine.store.layouts import Layouts
from lightship.searchengine.store.scrub import Scrubber
from lightship.searchengine.store.store import Store
from lightship.searchengine.watch.watches import Watches
from support import wait_until

TASKS: dict[str, tuple[Any, str]] = {
    "follow": (Replica, "follow"), "freshness": (Replica, "follow_freshness"), "words": (Replica, "follow_words"),
    "expire": (Layouts, "expire"), "scrub": (Scrubber, "step"), "durable": (Store, "make_durable"), "metrics": (None, "save"),
    "watch": (Watches, "step"),
}  # fmt: skip


class Panic(BaseException):
    """What a Rust library raises: not an Exception."""


@pytest.mark.parametrize("name", TASKS)
@pytest.mark.parametrize("error", [ValueError("broken"), Panic("broken")])
def test_a_task_that_fails_shows_and_is_tried_again(
    name: str, error: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for setting in (each for each in vars(server) if each.endswith("_SECONDS")):
        monkeypatch.setattr(server, setting, 0.01)
    replica = Replica(Store(str(tmp_path)))
    calls: dict[str, int] = dict.fromkeys(TASKS, 0)

    def counted(task: str) -> Callable[..., None]:
        def call(*_: object) -> None:
            calls[task] += 1
            if task == name:
                raise error

        return call

    for task, (owner, method) in TASKS.items():
        if owner:
            monkeypatch.setattr(owner, method, counted(task))

    async def run() -> None:
        def is_shown() -> bool:
            return min(calls.values()) > 1 and name in down()

        async with server._following(replica, Watches(replica, 1), counted("metrics"), scrub_bytes=1):
            await asyncio.to_thread(wait_until, is_shown, 30, "all tasks run, and the one that fails is shown")
            assert down_report() == f"{name} is down: broken\n"
        assert not down()

    asyncio.run(run())
