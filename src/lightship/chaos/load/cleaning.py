"""Deletes the documents of a test from a system, including leftovers of earlier runs."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Iterator

import aiohttp

from lightship.chaos.load.calls import new_session, url_at
from lightship.chaos.load.corpus import Corpus
from lightship.chaos.load.writing import TIMEOUT, Intakes
from lightship.chaos.system.system import System
from lightship.core.errors import UnavailableError

CLEAN_SECONDS = 120.0
BATCH = 50  # URLs per request
ASK_SECONDS = 0.2


async def remove_all(system: System, corpus: Corpus) -> None:
    """Delete the documents of `corpus` and wait until no searchengine finds any.

    Raises UnavailableError, UnauthorizedError.
    """
    intakes, session = Intakes(system, random.Random(1)), new_session(TIMEOUT)
    try:
        async with asyncio.timeout(CLEAN_SECONDS):
            for batch in _batches(corpus):
                await intakes.send("DELETE", corpus.deletion(*batch))
            await asyncio.gather(*(_wait(session, system, name, corpus) for name in system.replicas))
    except TimeoutError:
        said = ", ".join((*intakes.failures, *intakes.unexpected[:1])) or "searchengines still find some"
        raise UnavailableError(
            f"the test's documents could not be deleted within {CLEAN_SECONDS:g} s: {said}; see `lightship status`"
        ) from None
    finally:
        await asyncio.gather(intakes.close(), session.close())


def _batches(corpus: Corpus) -> Iterator[range]:
    return (range(first, min(first + BATCH, corpus.size)) for first in range(0, corpus.size, BATCH))


async def _wait(session: aiohttp.ClientSession, system: System, name: str, corpus: Corpus) -> None:
    """Wait until a searchengine finds nothing of `corpus`."""
    while True:
        with contextlib.suppress(aiohttp.ClientError, TimeoutError, OSError, ValueError, LookupError):
            async with session.get(url_at(system.replicas[name], f"/?format=json&q={corpus.common}")) as response:
                if response.ok and (await response.json())["total"] == 0:
                    return
        await asyncio.sleep(ASK_SECONDS)
