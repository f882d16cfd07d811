"""Reads a replica repeatedly: acknowledged changes must be found in time, whatever is broken."""

from __future__ import annotations

import asyncio
import time

import aiohttp

from lightship.chaos.load.asking import Asker
from lightship.chaos.load.truth import Truth
from lightship.chaos.system.live import Liveness
from lightship.core.errors import WrongAnswerError

MOST_SECONDS = 150.0  # of a live replica: an indexer or the log may be unavailable for a minute
STEP_SECONDS = 1.0  # between two reads, plus a quarter of the time waited so far


class Reader:
    """Reads all documents of one replica; `late` lists what was missing for too long, `longest` is the longest wait."""

    def __init__(self, asker: Asker, truth: Truth, live: Liveness) -> None:
        """Read the replica that `asker` queries."""
        self.late, self.longest = list[str](), 0.0
        self._asker, self._truth, self._live = asker, truth, live

    async def run(self, every: float) -> None:
        """Start reading every `every` seconds or later, until cancelled."""
        while True:
            await asyncio.sleep(every)
            await self.wait_for_all()

    async def wait_for_all(self) -> None:
        """Return once the replica has everything acknowledged by now, or the deadline has passed."""
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
            f"{self._asker.name}: {url} was missing version {least} for {waited:.0f} s"
            for url, least in lacking.items()
        ]

    async def _look(self, urls: dict[str, int]) -> dict[str, int] | None:
        """Return the versions that the replica has of `urls`; None if it does not answer."""
        try:
            return await self._asker.versions(urls)
        except WrongAnswerError as error:
            self._asker.wrong.append(f"{self._asker.name}: {error}")
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError, LookupError):
            pass
        return None
