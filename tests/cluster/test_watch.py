"""`lightship watch` while the replicas that it watches are killed, one after the other: told of each page once."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cluster.client import free_ports, status
from lightship.core.model import Change
from lightship.doclog import Log, open_log
from made import page
from support import Program, wait_until

Spawn = Callable[..., Program]
KILLS = 3
SETTLED = 60  # seconds at most until something is told, or a replica is ready again


class Writer:
    """Adds a page after the other, each of which `lamp` finds."""

    def __init__(self, log: Log) -> None:
        self._log, self._stop, self.added = log, threading.Event(), 0
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while not self._stop.wait(0.1):
            self._log.put([Change.put(page(self.added, "a lamp"))])
            self.added += 1

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    log = open_log(f"sqlite://{tmp_path / 'log.sqlite'}")
    yield log
    log.close()


def test_who_watches_is_told_of_each_page_once_while_replicas_are_killed(
    spawn: Spawn, tmp_path: Path, log: Log
) -> None:
    ports = [(first := free_ports(2)), first + 1]
    names = ",".join(f"127.0.0.1:{port}" for port in ports)

    def start(number: int) -> Program:
        return spawn(
            "searchengine", f"-addr=127.0.0.1:{ports[number]}", f"-data={tmp_path / str(number)}", "-workers=1"
        )

    engines = [start(0), start(1)]
    log.put([Change.put(page(1_000_000))])  # a layout is complete with its first page
    spawn("indexer", f"-log=sqlite://{tmp_path}/log.sqlite", f"-searchengine={names}", f"-data={tmp_path / 'indexer'}")
    for port in ports:
        wait_until(lambda port=port: status(port)["ready"], SETTLED, "a replica is ready")  # type: ignore[misc]
    watching = spawn("lightship", "watch", "lamp", f"-searchengine={names}", f"-state={tmp_path / 'state'}")

    def told() -> list[int]:
        events = [json.loads(line) for line in watching.output.splitlines() if line.startswith("{")]
        assert {each["type"] for each in events} <= {"added"}, watching.output
        return [int(each["data"]["url"].rpartition("/")[2]) for each in events]

    writer = Writer(log)
    try:
        wait_until(lambda: len(told()) > 5, SETTLED, "pages are told of")
        for number in range(KILLS):
            killed = engines[number % 2]
            os.killpg(killed.process.pid, signal.SIGKILL)
            killed.process.wait()
            later = writer.added + 5
            wait_until(lambda later=later: max(told()) > later, SETTLED, "what was added after a kill is told")  # type: ignore[misc]
            engines[number % 2] = start(number % 2)
            wait_until(lambda: all(status(port)["ready"] for port in ports), SETTLED, "it is ready again")
    finally:
        writer.stop()
    first = min(told())
    wait_until(lambda: len(told()) >= writer.added - first, SETTLED, "everything is told")
    assert sorted(told()) == list(range(first, writer.added))
    assert writer.added > 20
