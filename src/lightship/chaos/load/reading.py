"""Reading a replica again and again: what is acknowledged must be found in time, however much is broken."""

from __future__ import annotations

import asyncio
import time

import aiohttp

from lightship.chaos.load.asking import Asker
from lightship.chaos.load.truth import Truth
from lightship.chaos.system.live import Liveness
from lightship.core.errors import WrongAnswerError

MOST_SECONDS = 150.0  # in which the replica is live: shards without an indexer, and the log, may be away for a minute
STEP_SECONDS = 1.0  # between two looks, and a quarter of what was waited


class Reader:
    """Reads all documents of one replica; `late` says what it lacked for too long, `longest` what it took at most."""

    def __init__(self, asker: Asker, truth: Truth, live: Liveness) -> None:
        """Read the replica that `asker` asks."""
        self.late, self.longest = list[str](), 0.0
        self._asker, self._truth, self._live = asker, truth, live

    async def run(self, every: float) -> None:
        """Begin to read `every` so many seconds, or later, until cancelled."""
        while True:
            await asyncio.sleep(every)
            await self.wait_for_all()

    async def wait_for_all(self) -> None:
        """Return when the replica has all that is acknowledged now, or should have it."""
        lacking, waited = dict(self._truth.acknowledged), 0.0
        while lacking and waited < MOST_SECONDS:
            began = time.monotonic()
            await asyncio.sleep(STEP_SECONDS + waited / 4)
            found = await self._look(lacking)
            if self._live.is_live(self._asker.name, began):
                lacking = self._truth.lacking(found, lacking) if found is not None else lacking
                waited += time.monotonic() - began
                self.longest = max(self.longest, waited)
        self.late += [
            f"{self._asker.name}: {url} lacked version {least} for {waited:.0f} s" for url, least in lacking.items()
        ]

    async def _look(self, urls: dict[str, int]) -> dict[str, int] | None:
        """Return what the replica has of `urls`; None when it does not say."""
        try:
            return await self._asker.versions(urls)
        except WrongAnswerError as error:
            self._asker.wrong.append(f"{self._asker.name}: {error}")
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError, LookupError):
            pass
        return None
