"""A crawl of a site whose every page is noise: the crawler goes on, tells no traceback, and its memory stays."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fuzz.hostile import HostileServer
from lightship.crawler.state.progress import read_progress
from support import Program, wait_until

SECONDS = max(15, int(os.environ.get("FUZZ_SECONDS", "30")) // 2)
LETTERS = "bcdfghjklmnpqrstvwxz"
LISTS, LINKS, SITES = 10, 300, 12  # a site that fails again and again is left alone: there are others


def name(number: int) -> str:
    """Return a path without digits: no form that a trap could have."""
    return "".join(LETTERS[number // 20**place % 20] for place in range(5))


def answer(body: str, status: str = "200 OK") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: text/html\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return (head + body).encode()


def lists() -> dict[str, bytes]:
    """Return the pages that are no noise: a start, and lists of pages that are."""
    pages = {"/robots.txt": answer("", "404 Not Found"), "/sitemap.xml": answer("", "404 Not Found")}
    pages["/"] = answer("".join(f"<a href='/list-{name(n)}'>x</a>" for n in range(LISTS)) + "the start of all noise")
    for n in range(LISTS):
        links = "".join(f"<a href='/{name(n * LINKS + i)}'>x</a>" for i in range(LINKS))
        pages[f"/list-{name(n)}"] = answer(f"<title>List {n}</title>{links}")
    return pages


@pytest.fixture
def noise() -> Iterator[list[HostileServer]]:
    seed = int(os.environ.get("FUZZ_SEED", random.randrange(1 << 32)))
    print(f"seed {seed}")
    servers = [HostileServer(seed + number) for number in range(SITES)]
    loop, ready, stop = asyncio.new_event_loop(), threading.Event(), asyncio.Event()

    async def serve() -> None:
        async with contextlib.AsyncExitStack() as stack:
            for server in servers:
                server.normal = lists()
                await stack.enter_async_context(server)
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    assert ready.wait(10)
    yield servers
    loop.call_soon_threadsafe(stop.set)
    thread.join()
    loop.close()


def resident(process: int) -> int:
    """Return the MiB of memory that a process has now."""
    return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") >> 20


@pytest.mark.skipif(sys.platform != "linux", reason="what a process holds is read from /proc")
def test_a_site_made_of_noise_is_crawled(
    noise: list[HostileServer], tmp_path: Path, spawn: Callable[..., Program]
) -> None:
    crawler = spawn(
        "crawler", "-log=sqlite://log.sqlite", "-data=crawl", "-timeout=0.5", "-revisit=5", "-per-host=8",
        "-max-bytes=262144", *(f"http://127.0.0.1:{server.port}/" for server in noise),
    )  # fmt: skip
    data, began, measures = str(tmp_path / "crawl"), time.monotonic(), list[int]()
    wait_until(lambda: read_progress(data).fetched > LISTS * SITES, 120, "it has read the lists")
    while time.monotonic() - began < SECONDS:
        assert crawler.process.poll() is None, crawler.output[-5000:]
        measures.append(resident(crawler.process.pid))
        time.sleep(min(1.0, SECONDS / 20))
    done = read_progress(data)
    print(
        f"{SECONDS} s: {sum(server.answers for server in noise)} answers, {done}; {measures[len(measures) // 3]} MiB, then {measures[-1]} MiB"
    )
    assert crawler.stop(20) == 0
    assert "Traceback" not in crawler.output
    assert done.fetched + done.failed > LISTS * SITES + 50
    assert measures[-1] <= measures[len(measures) // 3] * 1.3 + 48, "memory is lost"
