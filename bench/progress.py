"""What a benchmark shows while it runs: a bar on a terminal, a line per step elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable

from tqdm import tqdm

from lightship.core.errors import LightshipError

POLL_SECONDS = 0.05


class BenchmarkError(LightshipError):
    """A benchmark that could not be run to its end."""


def step(text: str) -> None:
    """Say what is done next."""
    tqdm.write(text, file=sys.stderr)


def bar(items: Iterable[object], what: str, total: int | None = None) -> tqdm:
    """Return `items` with a bar around them on a terminal; said once elsewhere."""
    if not sys.stderr.isatty():
        step(what)
    return tqdm(items, desc=what, total=total, leave=False, disable=not sys.stderr.isatty())


def wait_until(condition: Callable[[], bool], seconds: float, what: str) -> float:
    """Return time.perf_counter() when `condition` is met; raise BenchmarkError naming `what` after `seconds`."""
    deadline = time.perf_counter() + seconds
    while not condition():
        if time.perf_counter() > deadline:
            raise BenchmarkError(f"not within {seconds:g} s: {what}")
        time.sleep(POLL_SECONDS)
    return time.perf_counter()


def watch(count: Callable[[], int], total: int, seconds: float, what: str) -> float:
    """Return time.perf_counter() when `count` reaches `total`, showing how far it is meanwhile."""
    with bar((), what, total) as shown:

        def reached() -> bool:
            shown.n = count()
            shown.refresh()
            return bool(shown.n >= total)

        return wait_until(reached, seconds, f"{what} ({total})")
