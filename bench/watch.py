"""Standing queries: how late each match is told of, what is lost or told twice when replicas are killed, what searches pay."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import multiprocessing
import os
import random
import signal
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import msgspec

from bench.cluster import Cluster
from bench.processor import processes
from bench.progress import step
from bench.report import Figure, Report, percentile
from bench.settings import BenchSettings
from lightship.core.model import Change, Document
from lightship.doclog import open_log

REPLICAS = 3
QUERIES = 1000
RATE = 50  # changes a second
SEARCHES = 40  # a second, together
TOPICS = 3  # of a document, of as many as there are queries
TURNS, QUIET = 3, 10.0  # times that searches are measured in each of three phases, and seconds of each
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
        self.expecting = False  # whether what changes now must be told

    async def watch(self, session: aiohttp.ClientSession, number: int, query: str) -> None:
        """Watch one query until cancelled."""
        last, turn = "", number
        while True:
            url = f"http://{self._addresses[turn % len(self._addresses)]}/watch?q={quote(query)}"
            try:
                async with session.get(url, headers={"Last-Event-ID": last} if last else {}) as response:
                    if response.status == 200:
                        self.watching += 1
                        self._fields.pop(query, None)
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


def search(addresses: list[str], queries: list[str], seconds: float) -> list[float]:
    """Search all replicas at a rate; return the milliseconds that each took. For a process of its own."""
    connections = [http.client.HTTPConnection(address, timeout=10) for address in addresses]
    found, until = list[float](), time.monotonic() + seconds
    while time.monotonic() < until:
        query = f"{queries[len(found) % 97]} {queries[len(found) % 89]}"
        connection, began = connections[len(found) % len(connections)], time.perf_counter()
        connection.request("GET", f"/search?format=json&q={quote(query)}")
        connection.getresponse().read()
        found.append((time.perf_counter() - began) * 1000)
        time.sleep(max(0.0, 1 / SEARCHES - (time.perf_counter() - began)))
    return found


class Phase:
    """What searches took while nothing, changes, or changes and watchers kept the replicas busy, too."""

    def __init__(self) -> None:
        """Begin with nothing measured."""
        self.searches: list[float] = []  # milliseconds
        self.replicas = self.clients = 0.0  # seconds of processor time; clients: this process
        self._seconds = 0.0

    @contextlib.contextmanager
    def measuring(self, replicas: list[int]) -> Iterator[None]:
        """Add the processor time that is used meanwhile, also by the processes in the groups `replicas`."""
        began, theirs, own = time.monotonic(), _used(replicas), time.process_time()
        yield
        self.replicas += _used(replicas) - theirs
        self.clients += time.process_time() - own
        self._seconds += time.monotonic() - began

    def share(self, processor: float) -> float:
        """Return how much of one processor so many seconds are, in percent."""
        return processor / self._seconds * 100


def _used(groups: list[int]) -> float:
    """Return the processor time of all processes in `groups` so far, in seconds."""
    return sum(each.seconds for each in processes() if each.group in groups)


def run(settings: BenchSettings) -> Report:
    """Measure with REPLICAS searchengines on this machine, which also makes the changes and reads the events."""
    with tempfile.TemporaryDirectory(prefix="lightship-bench-") as folder:
        cluster = Cluster(Path(folder), replicas=REPLICAS, threads=1)
        made = Made(int(RATE * (TURNS * (2 * QUIET + 20) + settings.seconds + 60)), settings.seed)
        with cluster.running():
            cluster.load(made.documents())
            return asyncio.run(_Measuring(settings, cluster, made).run())


class _Measuring:
    """One run: searches in turns without changes, with them, and with watchers; then replicas are killed."""

    def __init__(self, settings: BenchSettings, cluster: Cluster, made: Made) -> None:
        self._settings, self._cluster, self._made = settings, cluster, made
        self._clients = Clients(cluster.addresses)
        self._quiet, self._changing, self._watched = Phase(), Phase(), Phase()
        self._searcher = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"))
        self._words = words(2000, settings.seed)
        self._without_kills: list[float] = []

    async def run(self) -> Report:
        """Return what was found."""
        for turn in range(TURNS):
            step(
                f"searching, turn {turn + 1} of {TURNS}: without changes, with {RATE} a second, with {QUERIES} watchers"
            )
            await self._search(self._quiet)
            async with self._changes():
                await self._search(self._changing)
                async with self._watchers():
                    await self._search(self._watched)
                self._without_kills = self._late()
        step(f"killing replicas for {self._settings.seconds} s")
        async with self._changes(), self._watchers():
            kills = await _kill(self._cluster, self._settings.seconds)
        return self._report(kills)

    async def _search(self, phase: Phase) -> None:
        parts = self._cluster.parts[:REPLICAS]
        with phase.measuring([part.process.pid for part in parts if part.process is not None]):
            phase.searches += await asyncio.get_running_loop().run_in_executor(
                self._searcher, search, self._cluster.addresses, self._words, QUIET
            )

    @contextlib.asynccontextmanager
    async def _changes(self) -> AsyncIterator[None]:
        stop = asyncio.Event()
        changing = asyncio.create_task(_change(self._cluster.log_url, self._made, self._clients, stop))
        try:
            yield
        finally:
            stop.set()
            await changing

    @contextlib.asynccontextmanager
    async def _watchers(self) -> AsyncIterator[None]:
        """Watch all queries; what changes meanwhile must be told, SETTLE seconds after the end at the latest."""
        clients, timeout = self._clients, aiohttp.ClientTimeout(total=None, sock_read=20, connect=3)
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=timeout) as session:
            tasks = [asyncio.create_task(clients.watch(session, n, q)) for n, q in enumerate(self._made.queries)]
            while clients.watching < QUERIES:  # noqa: ASYNC110 (it also falls)
                await asyncio.sleep(0.1)
            await asyncio.sleep(1)
            clients.expecting = True
            yield
            clients.expecting = False
            await asyncio.sleep(SETTLE)
            for each in tasks:
                each.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _late(self) -> list[float]:
        """Return how late each event was told of so far, in order of seconds."""
        told = self._clients.told
        return sorted(told[each] - at for each, at in self._made.expected.items() if each in told)

    def _report(self, kills: int) -> Report:
        clients, without, late = self._clients, self._without_kills, self._late()
        quiet, changing, watched = self._quiet, self._changing, self._watched
        medians = [statistics.median(phase.searches) for phase in (quiet, changing, watched)]
        means = [statistics.mean(phase.searches) for phase in (quiet, changing, watched)]
        shares = [phase.share(phase.replicas) for phase in (quiet, changing, watched)]
        figures = [
            Figure("events expected", len(self._made.expected), ""),
            Figure("never told", len(self._made.expected.keys() - clients.told.keys()), "", 0),
            Figure("told twice", sum(clients.twice.values()), "", 0),
            Figure("told that some may be missing", clients.missed, "", 0),
            Figure("reconnections", clients.reconnections, ""),
            Figure("told after the log had it, without kills, median", percentile(without, 0.5), "s"),
            Figure("the same, p99", percentile(without, 0.99), "s", 1.5),
            Figure(f"with {kills} kills, median", percentile(late, 0.5), "s"),
            Figure("the same, p99", percentile(late, 0.99), "s", 1.5),
            Figure("search, median, without changes", medians[0], "ms"),
            Figure("with changes", medians[1], "ms"),
            Figure("with changes and watchers", medians[2], "ms", medians[1] * 1.05),
            Figure("search, mean, without changes", means[0], "ms"),
            Figure("with changes", means[1], "ms"),
            Figure("with changes and watchers", means[2], "ms", means[1] * 1.05),
            Figure("processor time of the replicas, searches alone", shares[0], "% of one"),
            Figure("more by changes", shares[1] - shares[0], "% of one"),
            Figure("more by watchers", shares[2] - shares[1], "% of one"),
            Figure("of the clients that watch, on the same processors", watched.share(watched.clients) - changing.share(changing.clients), "% of one"),
        ]  # fmt: skip
        setting = f"{QUERIES} standing queries, {REPLICAS} replicas, {RATE} changes and {SEARCHES} searches a second"
        return Report("watch", figures, (f"{setting}; load average {os.getloadavg()[0]:.1f}",))


async def _change(log_url: str, made: Made, clients: Clients, stop: asyncio.Event) -> None:
    log, due = open_log(log_url), time.monotonic()
    try:
        while not stop.is_set():
            document, told = made.change()
            expecting = clients.expecting
            await asyncio.to_thread(log.put, [Change.put(document)])
            if expecting:
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
