"""More than a searchengine can do: every request is answered or refused, none hangs, and it lives on."""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import aiohttp
import pytest

from made import Caller, MadeShard, page, words
from support import Program, free_port, wait_until

pytestmark = pytest.mark.quiet

CONNECTIONS, SECONDS = 200, 4.0
DEADLINE = 0.5  # seconds: a quick machine has answered all of them within the usual two
VOCABULARY = words(64, 1)
DEAR = "/?format=json&q=" + "+".join(
    f"-%22{a}%20{b}%22" for a, b in zip(VOCABULARY[::2], VOCABULARY[1::2], strict=True)
)
CHEAP = "/?format=json&q=" + VOCABULARY[0]


def memory(process: int) -> int:
    """Return the resident memory of a process, in bytes."""
    pages = Path(f"/proc/{process}/statm").read_text().split()[1]
    return int(pages) * 4096


async def hammer(port: int) -> tuple[Counter[int], float, int]:
    """Return the statuses of all answers, the slowest of them in seconds, and refusals without a hint."""
    statuses, slowest, mute = Counter[int](), 0.0, 0
    end = time.monotonic() + SECONDS
    connector = aiohttp.TCPConnector(limit=0)
    timeout = aiohttp.ClientTimeout(total=60)
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}", connector=connector, timeout=timeout) as session:

        async def ask(number: int) -> None:
            nonlocal slowest, mute
            while time.monotonic() < end:
                began = time.monotonic()
                async with session.get(CHEAP if number % 4 == 0 else DEAR) as response:
                    await response.read()
                statuses[response.status] += 1
                mute += response.status == 503 and "Retry-After" not in response.headers
                slowest = max(slowest, time.monotonic() - began)

        await asyncio.gather(*(ask(number) for number in range(CONNECTIONS)))
    return statuses, slowest, mute


def run_hammer(port: int) -> tuple[Counter[int], float, int]:
    os.nice(10)  # the clients of a searchengine are on other machines
    return asyncio.run(hammer(port))


def start(spawn: Callable[..., Program], name: str) -> tuple[Program, Caller]:
    port = free_port()
    program = spawn(
        "lightship.searchengine.main",
        f"-addr=127.0.0.1:{port}",
        f"-data={name}",
        "-drain=0",
        "-answers=0",
        f"-deadline={DEADLINE}",
    )
    wait_until(lambda: Caller(port).get("/livez").status == 200, 60, "it answers")
    return program, Caller(port)


def lives(caller: Caller) -> float:
    """Return how many seconds /livez took."""
    began = time.monotonic()
    assert caller.get("/livez").status == 200
    return time.monotonic() - began


def test_200_connections_that_ask_more_than_it_can_answer(spawn: Callable[..., Program], tmp_path: Path) -> None:
    program, caller = start(spawn, "data")
    _, idle = start(spawn, "idle")  # as slow as the machine makes it, and no slower
    text = " ".join(VOCABULARY * 3)
    caller.push(MadeShard(tmp_path / "shard").put(*(page(number, text) for number in range(6000))))
    wait_until(lambda: caller.get(DEAR).status == 200, 30, "a single one is answered")
    before = memory(program.process.pid)
    livez, others_livez = list[float](), list[float]()
    with ProcessPoolExecutor(1, get_context("fork")) as others:  # its waits are not those of /livez
        hammered = others.submit(run_hammer, caller.port)
        while not hammered.done():
            livez.append(lives(caller))
            others_livez.append(lives(idle))
            time.sleep(0.02)
        statuses, slowest, mute = hammered.result()
    usual, idle_usual = (sorted(each)[len(each) * 19 // 20] for each in (livez, others_livez))
    late, more = max(others_livez), memory(program.process.pid) - before
    print(
        f"{statuses}, slowest {slowest:.2f} s, /livez {usual:.2f} s at most in 19 of 20, else {max(livez):.2f} s; of an"
        f" idle one {idle_usual:.2f} s, {late:.2f} s; {more >> 20} MiB more"
    )
    assert statuses.keys() == {200, 503}
    assert mute == 0
    assert usual < 1 + 2 * idle_usual
    assert max(livez) < 3 + 2 * late
    assert slowest < 5 + 5 * late
    assert more < 200 << 20
    wait_until(lambda: caller.get(DEAR).status == 200, 30, "it is itself again")
    assert len(caller.found(VOCABULARY[0])) == 10
    refused = [
        line for line in caller.get("/metrics").text.splitlines() if line.startswith("lightship_queries_refused")
    ]
    assert float(refused[0].split()[-1]) > 0
    assert program.stop() == 0
    assert "Traceback" not in program.output
