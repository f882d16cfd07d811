"""Whatever a server says, a fetch ends with an answer or an error of ours, and costs nothing that stays."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import random
import socket
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from fuzz.hostile import HostileServer
from lightship.config import CrawlerSettings
from lightship.core import urls
from lightship.core.errors import InvalidInputError
from lightship.crawler.fetching.fetch import Fetcher, FetchError, RefusedBodyError
from lightship.crawler.parsing.formats.feed import parse_feed
from lightship.crawler.parsing.formats.sitemap import parse_sitemap
from lightship.crawler.parsing.read import document_of, read_page

SECONDS = max(5, int(os.environ.get("FUZZ_SECONDS", "30")) // 3)
ROUNDS = 6  # of which the first two warm up: caches, arenas, thread pools
AT_ONCE = 16


def resident() -> int:
    """Return the bytes of memory that this process has now."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class NoNames(AbstractResolver):
    """DNS that knows nobody: what noise calls a host must not be looked for."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        raise OSError(f"{host} is not known")

    async def close(self) -> None:
        pass


async def ask(fetcher: Fetcher, url: str) -> str:
    """Fetch `url` as the crawler does, follow where it leads on the same server, read what came; return the outcome."""
    here = urls.address(url)
    try:
        for _ in range(5):
            response = await fetcher.get(url, types=() if url.endswith("1") else {"text/html", "text/plain", ""})
            assert 0 <= response.status <= 999
            target = urls.normalise(response.headers.get("Location", ""), url)
            if response.status // 100 != 3 or not target or urls.address(target) != here:
                break
            url = target
        parse_sitemap(response.body, url)
        parse_feed(response.body, response.headers.get("Content-Type", ""), url)
        page = read_page(response.body, response.headers.get("Content-Type", ""), url)
        document_of(page, url)
    except FetchError:
        return "no answer"
    except RefusedBodyError:
        return "refused"
    except InvalidInputError:
        return "not read"
    return f"{response.status // 100}xx"


async def fuzz(seed: int, rounds: int, seconds: float) -> tuple[Counter[str], list[tuple[int, int, int, float]]]:
    """Return what came of all fetches, and (resident bytes, live objects, open files, seconds) of each round."""
    settings = CrawlerSettings(timeout=0.3, max_bytes=1 << 18, concurrency=AT_ONCE)
    outcomes: Counter[str] = Counter()
    measures = []
    numbers = iter(range(1 << 62))
    async with HostileServer(seed) as server:
        for _ in range(rounds):
            began = time.monotonic()
            end = began + seconds / rounds
            async with Fetcher(settings, {("127.0.0.1", server.port)}, NoNames()) as fetcher:

                async def work() -> None:
                    while time.monotonic() < end:  # noqa: B023
                        url = f"http://127.0.0.1:{server.port}/{next(numbers)}"
                        outcomes[await ask(fetcher, url)] += 1

                await asyncio.gather(*(work() for _ in range(AT_ONCE)))
            await asyncio.sleep(0.7)  # the server's longest pause: then its connections are over too
            gc.collect()
            objects = len(gc.get_objects())
            measures.append((resident(), objects, len(os.listdir("/proc/self/fd")), time.monotonic() - began))
    return outcomes, measures


@pytest.mark.skipif(sys.platform != "linux", reason="what a process holds is read from /proc")
def test_a_server_made_of_noise_breaks_nothing_and_leaks_nothing(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)
    seed = int(os.environ.get("FUZZ_SEED", random.randrange(1 << 32)))
    outcomes, measures = asyncio.run(fuzz(seed, ROUNDS, SECONDS), debug=False)
    print(f"seed {seed}, {SECONDS} s: {outcomes.total()} fetches: {dict(outcomes.most_common())}")
    for memory, objects, files, seconds in measures:
        print(f"  {memory >> 20} MiB, {objects} objects, {files} open files, after {seconds:.1f} s")
    assert outcomes.total() > 100
    assert len(outcomes) >= 4, "too few kinds of outcomes: the noise is not what it should be"
    warm, last = measures[1], measures[-1]
    assert last[2] <= warm[2] + 2, "file descriptors are left open"
    assert last[1] <= warm[1] + 2000, "objects are left alive"
    assert last[0] <= warm[0] + max(32 << 20, warm[0] // 4), "memory is lost"
    assert not Path("core").exists()
