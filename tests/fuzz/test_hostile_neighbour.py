"""Good sites beside a hostile one: they keep their speed, the crawler answers and stops, and its memory is bounded."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fuzz.sites import PAGES, STREAMS
from support import Program, free_port, wait_until

# `make fuzz SECONDS=600` on a quiet machine holds all kinds to what is promised; a test among many others, on a
# machine that has other things to do, only to what nothing but a fault would miss
IS_LONG = int(os.environ.get("FUZZ_SECONDS", "0")) >= 60
SECONDS = 15 if IS_LONG else 8  # of a crawl
KINDS = ("robots", *PAGES, *STREAMS) if IS_LONG else ("robots", "attributes 900,000", "div", "bomb")
SHARE, ANSWER_SECONDS, STOP_SECONDS = (0.8, 1.0, 5.0) if IS_LONG else (0.4, 3.0, 10.0)
MEMORY = 400_000_000
PAUSE = "-delay=0.05"  # the good sites' speed is their own, not this machine's


@pytest.fixture
def sites() -> Iterator[Callable[..., list[int]]]:
    started: list[subprocess.Popen[bytes]] = []

    def start(*kinds: str) -> list[int]:
        script = Path(__file__).with_name("sites.py")
        new = [subprocess.Popen([sys.executable, str(script), kind], stdout=subprocess.PIPE) for kind in kinds]
        started.extend(new)
        return [int(server.stdout.readline()) for server in new if server.stdout]

    yield start
    for server in started:
        server.kill()
        server.communicate()


def family(pid: int) -> list[int]:
    """Return a process and its children."""
    children: set[int] = set()
    with contextlib.suppress(OSError):  # a thread has ended meanwhile
        for task in Path(f"/proc/{pid}/task").iterdir():
            children.update(map(int, (task / "children").read_text().split()))
    return [pid, *children]


def memory(pid: int) -> int:
    """Return the bytes of memory that a process and its children have, shared ones counted for each."""
    total = 0
    for each in family(pid):
        with contextlib.suppress(OSError):
            total += int(Path(f"/proc/{each}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return total


def get(port: int, path: str) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=30) as answer:
        return str(answer.read().decode())


class Measured:
    """What was seen of a crawl: pages of the good sites, the slowest answer, the most memory, the time to stop."""

    def __init__(self, spawn: Callable[..., Program], folder: str, ports: list[int]) -> None:
        listen = free_port()
        crawler = spawn(
            "crawler", f"-log=sqlite://{folder}.sqlite", f"-data={folder}", f"-listen=127.0.0.1:{listen}", PAUSE,
            "-timeout=5", *(f"http://127.0.0.1:{port}/" for port in ports),
        )  # fmt: skip
        wait_until(lambda: all(int(get(port, "/asked")) > 3 for port in ports), 30, "all sites are asked")
        over = threading.Event()
        self.memory, self.slowest = 0, 0.0

        def watch() -> None:
            while not over.is_set():
                self.memory = max(self.memory, memory(crawler.process.pid))
                over.wait(0.05)

        def ask() -> None:
            while not over.is_set():
                began = time.monotonic()
                get(listen, "/livez")
                self.slowest = max(self.slowest, time.monotonic() - began)
                over.wait(0.1)

        watchers = [threading.Thread(target=watch), threading.Thread(target=ask)]
        for each in watchers:
            each.start()
        before = [int(get(port, "/asked")) for port in ports[:2]]
        time.sleep(SECONDS)
        after = [int(get(port, "/asked")) for port in ports[:2]]
        self.pages = min(b - a for a, b in zip(before, after, strict=True))
        over.set()
        for each in watchers:
            each.join()
        children = family(crawler.process.pid)[1:]
        began = time.monotonic()
        status = crawler.stop(30)
        self.stopped = time.monotonic() - began
        self.output = crawler.output
        assert status == 0
        assert not [child for child in children if Path(f"/proc/{child}/cmdline").exists()], "a process is left"


@pytest.fixture(scope="module")
def alone() -> list[Measured]:
    """Return what was measured of the good sites alone: empty until the first test has done so."""
    return []


@pytest.mark.skipif(sys.platform != "linux", reason="what a process holds is read from /proc")
@pytest.mark.parametrize("kind", KINDS)
def test_good_sites_beside_a_hostile_one(
    kind: str, sites: Callable[..., list[int]], spawn: Callable[..., Program], alone: list[Measured]
) -> None:
    ports = sites("good", "good", kind)
    if IS_LONG or not alone:  # a long run's machine may change in its speed meanwhile
        alone[:] = [Measured(spawn, "alone", ports[:2])]
    [without], beside = alone, Measured(spawn, "beside", ports)
    print(
        f"{kind}: {beside.pages} pages of each good site in {SECONDS} s, {without.pages} alone; slowest answer "
        f"{beside.slowest:.2f} s, {beside.memory / 1e6:.0f} MB ({without.memory / 1e6:.0f} alone), stopped in {beside.stopped:.1f} s"
    )
    assert "Traceback" not in beside.output
    assert beside.pages >= SHARE * without.pages
    assert beside.slowest < ANSWER_SECONDS
    assert beside.memory < MEMORY
    assert beside.stopped < STOP_SECONDS
