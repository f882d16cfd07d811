"""kill -9 of every part, again and again, during a load: nothing is lost, nothing is twice, no living replica fails.

KILL_SEED=number repeats a run's choices.
"""

from __future__ import annotations

import json
import os
import random
import signal
import threading
import time
from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError

from cluster.client import free_ports, search, wait_for_documents
from cluster.processes import PROC, is_alive, parts_of
from support import Program, require, wait_until

DOCUMENTS, SITES, KILLS = 10_000, 20, 20
PARTS = ["crawler", "indexer-0", "indexer-1", "searchengine-0", "searchengine-1"]
COMMON = "everything"  # a word of each document
WORDS = ["harbour", "lamp", "storm", "keeper", "oil", "wick", "coast", "night", "ship", "fog", "horn", "rock", "wave"]


def url_of(number: int) -> str:
    return f"https://site{number % SITES}.example/document/{number}"


def append(path: Path, numbers: range, chance: random.Random) -> None:
    """Append documents of about 300 characters to the file."""
    with path.open("a") as file:
        for number in numbers:
            text = f"{COMMON} token{number} {' '.join(chance.choices(WORDS, k=45))}"
            file.write(json.dumps({"url": url_of(number), "title": f"Document {number}", "text": text}) + "\n")


class Client(threading.Thread):
    """Queries one replica all the time; `failures` tells what a living replica must never answer."""

    def __init__(self, port: int, seed: int) -> None:
        super().__init__(name=f"client-{port}", daemon=True)
        self.failures: list[str] = []
        self.answers = self.refused = self.documents = 0
        self._port, self._chance, self._seen = port, random.Random(seed), set[int]()
        self._dead, self._killed_at = False, 0.0
        self._ended = threading.Event()

    def kill(self, process: int) -> None:
        """Kill the replica: from now until its next answer, connections may fail."""
        self._killed_at, self._dead = float("inf"), True
        kill(process)
        self._killed_at = time.monotonic()

    def stop(self) -> None:
        self._ended.set()
        self.join()

    def run(self) -> None:
        while not self._ended.wait(0.005):
            started = time.monotonic()
            try:
                self._ask_for_all() if self._chance.random() < 0.5 else self._ask_for_one()
                self.answers += 1
                if started > self._killed_at:
                    self._dead = False
            except HTTPError as error:
                self.failures.append(f"status {error.code}: {error.read()!r}")
            except (OSError, HTTPException) as error:
                self.refused += 1
                if not self._dead:
                    self.failures.append(repr(error))
            except AssertionError as error:
                self.failures.append(str(error))

    def _ask_for_all(self) -> None:
        answer = search(self._port, COMMON)
        count, hits = answer["index"]["documents"], [hit["url"] for hit in answer["hits"]]
        assert answer["total"] == count, f"{answer['total']} results of {count} documents"
        assert len(hits) == len(set(hits)) == min(count, 10), f"hits {hits} of {count}"
        assert count >= self.documents, f"{count} documents after {self.documents}"
        self.documents = count

    def _ask_for_one(self) -> None:
        number = self._chance.choice(sorted(self._seen)) if self._chance.random() < 0.3 and self._seen else None
        number = self._chance.randrange(DOCUMENTS) if number is None else number
        found = [hit["url"] for hit in search(self._port, f"token{number}")["hits"]]
        assert found in ([url_of(number)], []), f"token{number} gave {found}"
        assert found or number not in self._seen, f"token{number} was found before"
        self._seen.update([number] if found else [])


def wait_for_part(data: Path, name: str) -> int:
    """Return the process of a part, as soon as it runs."""
    return wait_until(lambda: parts_of(data).get(name, 0), 20, f"{name} running")


def wait_for_moment(data: Path, part: str, chance: random.Random) -> None:
    """Let each kill come at another moment of the work; those of an indexer while it commits, if it has anything to."""
    longest = 3.0 if part.startswith("indexer") else chance.uniform(0, 1.5)
    deadline, positions = time.monotonic() + longest, data / part / "s2v2" / "positions.json"
    before = changed_at(positions)
    while time.monotonic() < deadline:
        time.sleep(0.002)
        if changed_at(positions) != before:
            time.sleep(chance.uniform(0, 0.04))
            return


def changed_at(path: Path) -> int:
    return path.stat().st_mtime_ns if path.exists() else 0


def kill(process: int) -> None:
    os.kill(process, signal.SIGKILL)
    wait_until(lambda: not is_alive(process), 60, f"the end of process {process}")


def every_url(port: int) -> list[str]:
    """Return the urls of all results, site by site, page by page."""
    return [
        hit["url"]
        for site in range(SITES)
        for page in range(1, DOCUMENTS // SITES // 100 + 2)
        for hit in search(port, f"site:site{site}.example", size=100, page=page)["hits"]
    ]


def test_nothing_is_lost_when_every_part_is_killed_again_and_again(
    spawn: Callable[..., Program], tmp_path: Path
) -> None:
    require("/proc", PROC.exists())
    seed = int(os.environ.get("KILL_SEED", "7"))
    print(f"KILL_SEED={seed}")
    chance = random.Random(seed)
    source, data, port = tmp_path / "load.jsonl", tmp_path / "data", free_ports(2)
    batch = DOCUMENTS // KILLS
    append(source, range(batch), chance)
    up = spawn("lightship", "up", "-shards=2", "-replicas=2", f"-port={port}", f"-data={data}", str(source))
    for replica in (port, port + 1):
        wait_for_documents(replica, batch, 30)
    clients = [Client(port, seed), Client(port + 1, seed)]
    for client in clients:
        client.start()

    order = [part for _ in range(KILLS // len(PARTS)) for part in chance.sample(PARTS, len(PARTS))]
    for number, part in enumerate(order, 1):
        if number < KILLS:
            append(source, range(number * batch, (number + 1) * batch), chance)
        process = wait_for_part(data, part)
        wait_for_moment(data, part, chance)
        if part.startswith("searchengine"):
            clients[int(part[-1])].kill(process)
        else:
            kill(process)

    started = time.monotonic()
    for replica in (port, port + 1):
        wait_for_documents(replica, DOCUMENTS, 180)
    print(f"all searchable {time.monotonic() - started:.1f} s after the last kill")
    for client in clients:
        client.stop()
        print(f"{client.name}: {client.answers} answers, {client.refused} refused while dead")
        assert client.failures == []
        assert client.answers > 100
    expected = sorted(map(url_of, range(DOCUMENTS)))
    for replica in (port, port + 1):
        assert sorted(every_url(replica)) == expected
        assert search(replica, COMMON)["total"] == DOCUMENTS
    assert up.output.count("was killed by SIGKILL") == KILLS
    assert up.stop(30) == 0
    assert "Traceback" not in up.output
