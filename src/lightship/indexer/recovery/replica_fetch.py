"""Finds the most advanced state of a shard on any searchengine, and pulls it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable
from typing import NamedTuple

import aiohttp

from lightship.core.errors import LightshipError, NotFoundError, UnavailableError, words
from lightship.core.manifest import Manifest
from lightship.indexer.recovery.standby import ROUNDS, StandbyCopy, run_until
from lightship.rpc.client import CALL_ERRORS

logger = logging.getLogger("indexer")

FILES_AT_ONCE = 4
ASK_AGAIN_SECONDS = 0.2


class Offer(NamedTuple):
    """A manifest, and the searchengine that has it; `base` is empty for the local warm copy."""

    manifest: Manifest
    base: str


def bring(
    standby: StandbyCopy, worth: Callable[[Manifest], int], least: int, seconds: float, stop: threading.Event
) -> Manifest | None:
    """Pull into the warm copy the state with the highest score that any searchengine reports within `seconds`.

    Returns None if none scores more than `least`, or if `stop` was set first. Raises UnavailableError if no
    searchengine answered and the warm copy does not score more either.
    """
    return run_until(stop, _bring(standby, worth, least, seconds))


async def _bring(standby: StandbyCopy, worth: Callable[[Manifest], int], least: int, seconds: float) -> Manifest | None:
    have = standby.manifest
    if have and worth(have) <= least:
        have = None
    async with aiohttp.ClientSession() as session:
        for _ in range(ROUNDS):
            offers, answered = await _ask_all(standby, session, seconds)
            least = max(least, worth(have)) if have else least
            better = [offer for offer in offers if worth(offer.manifest) > least]
            if not (better or have or answered):
                raise UnavailableError(f"no searchengine answered within {seconds:g} s")
            if not better:
                return have
            for offer in sorted(better, key=lambda offer: worth(offer.manifest), reverse=True):
                try:
                    await standby.pull(standby.client(session, offer.base), offer.manifest, FILES_AT_ONCE)
                    return offer.manifest
                except CALL_ERRORS as error:
                    logger.warning("can't restore from %s: %s", offer.base, words(error))
    return have


async def _ask_all(standby: StandbyCopy, session: aiohttp.ClientSession, seconds: float) -> tuple[list[Offer], int]:
    """Return the searchengines' states, and how many answered; those that do not are retried for `seconds`."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    answers: dict[str, Offer | None] = {}
    logged: set[str] = set()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout_at(deadline):
            while True:
                bases = await standby.addresses.look_up()
                await asyncio.gather(
                    *(_ask(standby, session, base, answers, logged) for base in bases - answers.keys())
                )
                if bases and answers.keys() >= bases:
                    break
                await asyncio.sleep(ASK_AGAIN_SECONDS)
    return [offer for offer in answers.values() if offer], len(answers)


async def _ask(
    standby: StandbyCopy, session: aiohttp.ClientSession, base: str, answers: dict[str, Offer | None], logged: set[str]
) -> None:
    try:
        answers[base] = Offer(await standby.ask(standby.client(session, base)), base)
    except NotFoundError:
        answers[base] = None
    except CALL_ERRORS as error:
        message = f"{base}: {error}"
        # A refusal is logged once, as waiting may not help; one that does not answer may be about to start
        logger.log(
            logging.WARNING if isinstance(error, LightshipError) and message not in logged else logging.DEBUG, message
        )
        logged.add(message)
