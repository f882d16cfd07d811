"""Standing queries: how late each match is told of, what is lost or told twice when replicas are killed, what searches pay."""

from __future__ import annotations

import asyncio
import functools
import http.client
import multiprocessing
import os
import random
import signal
import statistics
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import msgspec

from bench.cluster import Cluster
from bench.progress import step
from bench.report import Figure, Report
from bench.settings import BenchSettings
from lightship.core.model import Change, Document
from lightship.doclog import open_log

REPLICAS = 3
QUERIES = 1000
RATE = 50  # changes a second
SEARCHES = 40  # a second, together
TOPICS = 3  # of a document, of as many as there are queries
QUIET = 15.0  # seconds for each of the two measurements of searches
KILL_EVERY, DOWN = 12.0, 2.0  # seconds
SETTLE = 8.0  # seconds after the last change in which everything must be told

Told = tuple[str, str, int]  # the query, what happened to the page, its number


def words(count: int, seed: int) -> list[str]:
    """Return `count` pronounceable words, the same for the same seed."""
    chance = random.Random(seed)
    return ["".join(chance.choice(part) for part in ("bdfgklmnprst", "aeiou") * 3) for _ in range(count)]


class Made:
    """The documents, each of which changes once at most, and what that means for whom."""

    def __init__(self, count: int, seed: int) -> None:
        """Make `count` documents; the queries are single words."""
        self._chance, self._filler = random.Random(seed), words(2000, seed)
        self.queries = [f"{word}x{number}" for number, word in enumerate(words(QUERIES, seed + 1))]
        self._topics = [self._chance.sample(self.queries, TOPICS) for _ in range(count)]
        self._next = 0
        self.expected: dict[Told, float] = {}  # when the log had it

    def documents(self) -> list[Document]:
        """Return all as they are at first."""
        return [self._document(number) for number in range(len(self._topics))]

    def change(self) -> tuple[Document, list[Told]]:
        """Return the next document with other topics, and what is to be told."""
        number, self._next = self._next, self._next + 1
        before = set(self._topics[number])
        self._topics[number] = [*self._chance.sample(self.queries, TOPICS - 1), self._chance.choice(sorted(before))]
        after = set(self._topics[number])
        kinds = [("added", after - before), ("changed", after & before), ("gone", before - after)]
        return self._document(number), [(query, kind, number) for kind, told in kinds for query in sorted(told)]

    def _document(self, number: int) -> Document:
        text = [*self._chance.choices(self._filler, k=200), *self._topics[number]]
        return Document(url=f"https://example.org/{number}", title=f"page {number}", text=" ".join(text))


class Clients:
    """Watches all queries, each from one replica after the other."""

    def __init__(self, addresses: list[str]) -> None:
        """Watch at `addresses`."""
        self._addresses = addresses
        self.told: dict[Told, float] = {}
        self.twice = Counter[Told]()
        self._fields: dict[str, dict[str, str]] = {}
        self.missed = self.reconnections = self.watching = 0

    async def watch(self, session: aiohttp.ClientSession, number: int, query: str) -> None:
        """Watch one query until cancelled."""
        last, turn = "", number
        while True:
            url = f"http://{self._addresses[turn % len(self._addresses)]}/watch?q={quote(query)}"
            try:
                async with session.get(url, headers={"Last-Event-ID": last} if last else {}) as response:
                    if response.status == 200:
                        self.watching += 1
                        try:
                            async for line in response.content:
                                last = self._read(query, line.decode().rstrip("\n")) or last
                        finally:
                            self.watching -= 1
            except (aiohttp.ClientError, TimeoutError, OSError):
                pass
            turn, self.reconnections = turn + 1, self.reconnections + 1
            await asyncio.sleep(0.1)

    def _read(self, query: str, line: str) -> str:
        fields = self._fields.setdefault(query, {})
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
            return ""
        self._fields[query] = {}
        if "data" in fields:
            self._note(query, fields["event"], msgspec.json.decode(fields["data"]))
        return fields.get("id", "")

    def _note(self, query: str, kind: str, data: dict[str, Any]) -> None:
        if kind == "missed":
            self.missed += 1
            return
        told = (query, kind, int(data["url"].rpartition("/")[2]))
        if told in self.told:
            self.twice[told] += 1
        self.told.setdefault(told, time.time())


def search(addresses: list[str], queries: list[str], seconds: float) -> tuple[float, float]:
    """Search all replicas at a rate; return the mean and the median of milliseconds. For a process of its own."""
    connections = [http.client.HTTPConnection(address, timeout=10) for address in addresses]
    found, until = list[float](), time.monotonic() + seconds
    while time.monotonic() < until:
        query = f"{queries[len(found) % 97]} {queries[len(found) % 89]}"
        connection, began = connections[len(found) % len(connections)], time.perf_counter()
        connection.request("GET", f"/search?format=json&q={quote(query)}")
        connection.getresponse().read()
        found.append((time.perf_counter() - began) * 1000)
        time.sleep(max(0.0, 1 / SEARCHES - (time.perf_counter() - began)))
    return statistics.mean(found), statistics.median(found)


def run(settings: BenchSettings) -> Report:
    """Measure with REPLICAS searchengines on this machine, which also makes the changes and reads the events."""
    with tempfile.TemporaryDirectory(prefix="lightship-bench-") as folder:
        cluster = Cluster(Path(folder), replicas=REPLICAS, threads=1)
        made = Made(int(RATE * (2 * QUIET + settings.seconds + 60)), settings.seed)
        with cluster.running():
            cluster.load(made.documents())
            return asyncio.run(_measure(settings, cluster, made))


async def _measure(settings: BenchSettings, cluster: Cluster, made: Made) -> Report:
    clients, searcher = Clients(cluster.addresses), ProcessPoolExecutor(1, multiprocessing.get_context("spawn"))
    searching = functools.partial(
        asyncio.get_running_loop().run_in_executor,
        searcher, search, cluster.addresses, words(2000, settings.seed), QUIET,
    )  # fmt: skip
    timeout = aiohttp.ClientTimeout(total=None, sock_read=20, connect=3)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=timeout) as session:
        stop = asyncio.Event()
        changing = asyncio.create_task(_change(cluster.log_url, made, clients, stop))
        step(f"searching during {RATE} changes a second, without watchers")
        alone = await searching()
        watching = [asyncio.create_task(clients.watch(session, n, q)) for n, q in enumerate(made.queries)]
        while clients.watching < QUERIES:  # noqa: ASYNC110 (it also falls)
            await asyncio.sleep(0.1)
        await asyncio.sleep(1)
        step(f"searching with {QUERIES} watchers")
        made.expected.clear()
        clients.told.clear()
        together = await searching()
        without = await _settled(made, clients)
        step(f"killing replicas for {settings.seconds} s")
        kills = await _kill(cluster, settings.seconds)
        stop.set()
        await changing
        await asyncio.sleep(SETTLE)
        for each in watching:
            each.cancel()
    return _report(made, clients, kills, (alone, together), without)


async def _settled(made: Made, clients: Clients) -> list[float]:
    """Return how late what was expected so far has been told."""
    expected = dict(made.expected)
    await asyncio.sleep(3)
    return sorted(clients.told[each] - at for each, at in expected.items() if each in clients.told)


async def _change(log_url: str, made: Made, clients: Clients, stop: asyncio.Event) -> None:
    log, due = open_log(log_url), time.monotonic()
    try:
        while not stop.is_set():
            document, told = made.change()
            await asyncio.to_thread(log.put, [Change.put(document)])
            if clients.watching or made.expected:
                made.expected |= dict.fromkeys(told, time.time())
            due += 1 / RATE
            await asyncio.sleep(max(0.0, due - time.monotonic()))
    finally:
        log.close()


async def _kill(cluster: Cluster, seconds: float) -> int:
    """Kill one replica after the other, and start it again; return how often."""
    until, count = time.monotonic() + seconds, 0
    while time.monotonic() + KILL_EVERY < until:
        await asyncio.sleep(KILL_EVERY - DOWN)
        part = cluster.parts[count % REPLICAS]
        assert part.process is not None
        os.killpg(part.process.pid, signal.SIGKILL)
        part.process.wait()
        await asyncio.sleep(DOWN)
        part.start()
        count += 1
    await asyncio.sleep(max(0.0, until - time.monotonic()))
    return count


def _report(
    made: Made,
    clients: Clients,
    kills: int,
    searches: tuple[tuple[float, float], tuple[float, float]],
    without: list[float],
) -> Report:
    late = sorted(clients.told[each] - at for each, at in made.expected.items() if each in clients.told)
    lost = len(made.expected.keys() - clients.told.keys())
    (mean, median), (mean_watched, median_watched) = searches
    figures = [
        Figure("events expected", len(made.expected), ""),
        Figure("never told", lost, "", 0),
        Figure("told twice", sum(clients.twice.values()), "", 0),
        Figure("told that some may be missing", clients.missed, "", 0),
        Figure("reconnections", clients.reconnections, ""),
        Figure("told after the log had it, without kills, median", without[len(without) // 2], "s"),
        Figure("the same, p99", without[int(len(without) * 0.99)], "s", 1.5),
        Figure(f"with {kills} kills, median", late[len(late) // 2], "s"),
        Figure("the same, p99", late[int(len(late) * 0.99)], "s", 1.5),
        Figure("search, median, without watchers", median, "ms"),
        Figure("with them", median_watched, "ms", median * 1.05),
        Figure("search, mean, without watchers", mean, "ms"),
        Figure("with them", mean_watched, "ms", mean * 1.05),
    ]
    note = f"{QUERIES} standing queries, {REPLICAS} replicas, {RATE} changes a second; load average {os.getloadavg()[0]:.1f}"
    return Report("watch", figures, (note,))
