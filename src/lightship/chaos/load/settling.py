"""The end of a run: reads every replica until it agrees with the truth, and says when it did so too late."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

import aiohttp

from lightship.core.errors import words

LATER_SECONDS = 60.0  # after the deadline, until a replica that is still wrong is so for good
ON_TIME_SECONDS = 0.5  # a reading that begins so soon after the deadline is in time: this program is not exact

Found = Sequence[tuple[str, int]]  # (url, version) of all documents
Compare = Callable[[Found], list[str]]  # describes errors in what a replica finds


class Replica(Protocol):
    """A replica that can be read."""

    name: str

    async def read_all(self) -> Found:
        """Return what the replica finds."""


class Settled(NamedTuple):
    """How replicas differed from the truth in the last reading, and when that began.

    `late` lists those that were right only after the deadline; `excused` those of which that is not certain, since they
    did not answer before.
    """

    began: float
    different: list[str]
    late: list[str]
    excused: list[str]


async def settle(replicas: Sequence[Replica], compare: Compare, deadline: float) -> Settled:
    """Read all replicas until each is right, at most LATER_SECONDS beyond `deadline` (of `time.monotonic`).

    A reading takes seconds; its start is what counts. The last one in time begins at the deadline.
    """
    settled = await asyncio.gather(*(_settle(replica, compare, deadline) for replica in replicas))
    return Settled(
        max(each.began for each in settled),
        [one for each in settled for one in each.different],
        [one for each in settled for one in each.late],
        [one for each in settled for one in each.excused],
    )


async def _settle(replica: Replica, compare: Compare, deadline: float) -> Settled:
    was_wrong, silent = False, "this program stalled"
    while True:
        began = time.monotonic()
        try:
            async with asyncio.timeout(deadline - began if began < deadline else None):
                violations = compare(await replica.read_all())
            was_wrong = was_wrong or (bool(violations) and began >= deadline)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError, LookupError) as error:
            silent = words(error)  # a sign of a busy machine, not of wrong data
            violations = [silent]
        if not violations:
            return _right(replica.name, began, began - deadline, "" if was_wrong else silent)
        if began > deadline + LATER_SECONDS:
            return Settled(began, [f"{replica.name}: {each}" for each in violations], [], [])
        await asyncio.sleep(_pause(began, deadline))


def _pause(began: float, deadline: float) -> float:
    """Return how long to wait after a reading: as long as it took, as readings must not become the load."""
    now = time.monotonic()
    if began < deadline:
        return max(0.0, min(now - began, deadline - now))
    return now - began


def _right(name: str, began: float, after: float, silent: str) -> Settled:
    if after <= ON_TIME_SECONDS:
        return Settled(began, [], [], [])
    late = f"{name} was right only in a reading that began {after:.1f} s after the deadline"
    if silent:
        return Settled(began, [], [], [f"{late}, and was not read before ({silent})"])
    return Settled(began, [], [late], [])
