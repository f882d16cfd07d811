"""A searchengine that somebody means harm: probes and other people's queries are answered all the while."""

from __future__ import annotations

import contextlib
import os
import random
import socket
import statistics
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from urllib.parse import quote

import pytest

from lightship.core.position import Reached, log_digest
from lightship.index.writer import IndexWriter
from made import Caller, MadeShard, page
from support import Program, free_port, wait_until

pytestmark = pytest.mark.quiet

SECONDS = 3.0
ATTACKER, CLIENT, PROBE = "127.0.0.9", "127.0.0.2", "127.0.0.3"
CHEAP, LIVE = "/search?q=haystack&format=json", "/livez"


def ask(port: int, target: str, host: str) -> tuple[int, float]:
    """Return the status of an answer on a connection of its own, and after how many seconds it was there."""
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", port), 20, (host, 0)) as connection:
        connection.sendall(f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        said = bytearray()
        while piece := connection.recv(1 << 20):
            said += piece
    return int(said[9:12] or b"0"), time.monotonic() - began


def half_heads(port: int, count: int, seconds: float) -> None:
    """Keep `count` connections open that have sent half a head."""
    end, kept = time.monotonic() + seconds, list[socket.socket]()
    while time.monotonic() < end:
        with contextlib.suppress(OSError):
            connection = socket.create_connection(("127.0.0.1", port), 5, (ATTACKER, 0))
            connection.sendall(b"GET /search?q=x HTTP/1.1\r\nHost: x\r\n")
            kept.append(connection)
        if len(kept) > count:
            kept.pop(0).close()


def churn(port: int, count: int, seconds: float) -> None:
    """Open and close connections, `count` a second if the machine can."""
    end, began, made = time.monotonic() + seconds, time.monotonic(), 0
    while time.monotonic() < end:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), 5, (ATTACKER, 0)).close()
        made += 1
        time.sleep(max(0.0, began + made / count - time.monotonic()))


def wait_for_positions(port: int, count: int, seconds: float) -> None:
    """Keep asking for what is not indexed yet, `count` at once."""
    target, end = f"{CHEAP}&min_position={Reached(log_digest('made'), {1: 99})}", time.monotonic() + seconds

    def go_on() -> None:
        while time.monotonic() < end:
            with contextlib.suppress(OSError):
                ask(port, target, ATTACKER)
            time.sleep(1)  # as Retry-After says

    threads = [threading.Thread(target=go_on) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def read_nothing(port: int, count: int, seconds: float) -> None:
    """Ask for much on `count` connections, and take nothing of it."""
    with contextlib.ExitStack() as stack:
        for _ in range(count):
            with contextlib.suppress(OSError):
                slow = stack.enter_context(socket.socket())
                slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                slow.bind((ATTACKER, 0))
                slow.settimeout(2)
                slow.connect(("127.0.0.1", port))
                slow.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * 30)
        time.sleep(seconds)


def ask_for_much(port: int, count: int, seconds: float) -> None:
    """Ask cheap queries on `count` connections without a pause, many at once on each."""
    end = time.monotonic() + seconds

    def go_on() -> None:
        while time.monotonic() < end:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 5, (ATTACKER, 0)) as one:
                while time.monotonic() < end:
                    one.sendall(f"GET {CHEAP} HTTP/1.1\r\nHost: x\r\n\r\n".encode() * 20)
                    one.recv(1 << 20)

    threads = [threading.Thread(target=go_on) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def search_long_texts(port: int, count: int, seconds: float) -> list[tuple[int, float]]:
    """Search for what the long texts were made against, `count` at once; return statuses and seconds."""
    end, found = time.monotonic() + seconds, list[tuple[int, float]]()

    def go_on(number: int) -> None:
        while time.monotonic() < end:
            for query in ("lamp", "lämp", "c", "a e", "lamp c a lamp0 lamp1"):
                form = ("json", "html", "text")[number % 3]
                found.append(ask(port, f"/search?size=100&format={form}&q={quote(query)}", ATTACKER))

    threads = [threading.Thread(target=go_on, args=[number]) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


@pytest.fixture
def port(spawn: Callable[..., Program], tmp_path: Path) -> Iterator[int]:
    port = free_port()
    program = spawn("lightship.searchengine.main", f"-addr=127.0.0.1:{port}", "-data=data", "-drain=0", "-answers=0")
    caller = Caller(port)
    wait_until(lambda: caller.get(LIVE).status == 200, 20, "it answers")
    caller.push(MadeShard(tmp_path / "shard").put(*(page(number, f"a haystack {number}") for number in range(500))))
    before = len(os.listdir(f"/proc/{program.process.pid}/fd"))
    yield port
    wait_until(lambda: len(os.listdir(f"/proc/{program.process.pid}/fd")) <= before + 20, 20, "descriptors are back")
    assert program.stop() == 0
    assert "Traceback" not in program.output


class Watch:
    """What probes and clients meet during an attack."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.statuses = {"probe": Counter[int](), "client": Counter[int]()}
        self.seconds: dict[str, list[float]] = {"probe": [], "client": []}

    def look(self) -> None:
        for who, target, host in (("probe", LIVE, PROBE), ("client", CHEAP, CLIENT)):
            try:
                status, seconds = ask(self._port, target, host)
            except OSError:
                status, seconds = 0, 20.0
            self.statuses[who][status] += 1
            self.seconds[who].append(seconds)

    def most(self, who: str, share: float) -> float:
        """Return the seconds within which `share` of the answers were there."""
        return sorted(self.seconds[who])[int(share * (len(self.seconds[who]) - 1))]

    def __str__(self) -> str:
        told = [
            f"{who}: {dict(self.statuses[who])}, p50 {statistics.median(self.seconds[who]) * 1000:.0f} ms, "
            f"p99 {self.most(who, 0.99) * 1000:.0f} ms, max {self.most(who, 1) * 1000:.0f} ms"
            for who in self.seconds
        ]
        return "; ".join(told)


def attacked(attack: Callable[..., object], port: int, count: int) -> tuple[Watch, object]:
    """Return what was met while `attack` went on in a process of its own, and what it returned."""
    before, watch = Watch(port), Watch(port)
    for _ in range(30):
        before.look()
    print(f"\nbefore: {before}")
    with ProcessPoolExecutor(1, get_context("fork")) as others:
        going = others.submit(attack, port, count, SECONDS)
        time.sleep(1)
        while not going.done():
            watch.look()
            time.sleep(0.01)
        return watch, going.result()


@pytest.mark.parametrize(
    ("attack", "count"),
    [
        (half_heads, 1100),
        (half_heads, 4500),
        (churn, 10_000),
        (wait_for_positions, 900),
        (read_nothing, 600),
        (ask_for_much, 300),
    ],
)
def test_probes_and_others_are_answered(attack: Callable[..., object], count: int, port: int) -> None:
    watch, _ = attacked(attack, port, count)
    print(f"{attack.__name__} {count}: {watch}")
    assert watch.statuses["probe"].keys() == {200}
    assert watch.statuses["client"].keys() == {200}
    # 5 to 60 ms. One that came while the queue of new connections was full is sent again by TCP, a second later
    assert watch.most("probe", 0.9) < 1
    assert watch.most("client", 0.9) < 1


def long_texts(count: int, size: int) -> Iterator[str]:
    """Yield texts whose words begin like the query's."""
    chance = random.Random(1)
    for number in range(count):
        accents = number % 2
        stem, tail = ("lämp", "é") if accents else ("lamp", "z")
        words = (f"{stem}{chance.randrange(1 << 20):05x}{tail}" for _ in range(size // (11 + 2 * accents)))
        yield "lamp c a e " + " ".join(words)


@pytest.mark.parametrize(("count", "size"), [(30, 990_000), (12, 3_900_000)])
def test_long_texts_that_were_made_to_be_slow(
    spawn: Callable[..., Program], tmp_path: Path, count: int, size: int
) -> None:
    port = free_port()
    program = spawn("lightship.searchengine.main", f"-addr=127.0.0.1:{port}", "-data=data", "-drain=0", "-answers=0")
    caller = Caller(port)
    wait_until(lambda: caller.get(LIVE).status == 200, 20, "it answers")
    shard = MadeShard(tmp_path / "shard")
    write(shard.writer, count, size)
    caller.push(shard)
    watch, found = attacked(search_long_texts, port, 8)
    answers: list[tuple[int, float]] = found  # type: ignore[assignment]
    slowest = max(seconds for _, seconds in answers)
    print(f"{count} of {size}: {watch}; {Counter(status for status, _ in answers)}, slowest {slowest:.2f} s")
    assert watch.statuses["probe"].keys() == watch.statuses["client"].keys() == {200}
    assert {status for status, _ in answers} <= {200, 503}
    assert watch.most("probe", 0.9) < 1
    assert watch.most("client", 0.9) < 1
    assert slowest < 4
    reply = caller.get("/search?q=lamp&size=10&format=json")
    assert (reply.status, "<mark>lamp</mark>" in reply.json["hits"][0]["snippet"]) == (200, True)
    assert program.stop() == 0


def write(writer: IndexWriter, count: int, size: int) -> None:
    for number, text in enumerate(long_texts(count, size)):
        writer.put(page(number, text, title="lamp"))
    for number in range(500):
        writer.put(page(1000 + number, f"a haystack {number}"))
    writer.commit()
