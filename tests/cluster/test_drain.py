"""A replica that is stopped under load fails no query of clients that honour readiness."""

from __future__ import annotations

import http.client
import select
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from made import Caller, MadeShard, page
from support import Program, free_port, wait_until

PROBE_SECONDS = 0.1
THREADS = 4


class Balancer:
    """Sends queries to the replicas that its last probes of /readyz found ready, as a load balancer does."""

    def __init__(self, callers: list[Caller]) -> None:
        self.callers = callers
        self.ready = list(callers)
        self.answered, self.failed = 0, list[str]()
        self.stop = threading.Event()
        self.threads = [threading.Thread(target=self._probe)]
        self.threads += [threading.Thread(target=self._ask, args=(number,)) for number in range(THREADS)]
        for thread in self.threads:
            thread.start()

    def _probe(self) -> None:
        while not self.stop.wait(PROBE_SECONDS):
            self.ready = [caller for caller in self.callers if _is_ready(caller)]

    def _ask(self, number: int) -> None:
        kept: dict[int, http.client.HTTPConnection] = {}
        while not self.stop.is_set():
            number += 1
            caller = self.ready[number % len(self.ready)]
            connection = kept.setdefault(caller.port, http.client.HTTPConnection("127.0.0.1", caller.port, timeout=10))
            if connection.sock is not None and select.select([connection.sock], [], [], 0)[0]:
                connection.close()  # it was closed by the other side while it was idle: any pool of connections looks
            try:
                connection.request("GET", "/?q=page&format=json")
                response = connection.getresponse()
                body = response.read()
                if response.status != 200 or page(1).url.encode() not in body:
                    self.failed.append(f"{response.status} {body[:200]!r}")
                self.answered += 1
            except OSError as error:
                self.failed.append(repr(error))
                connection.close()
        for connection in kept.values():
            connection.close()

    def close(self) -> None:
        self.stop.set()
        for thread in self.threads:
            thread.join()


def _is_ready(caller: Caller) -> bool:
    try:
        return caller.get("/readyz").status == 200
    except OSError:
        return False


@pytest.mark.parametrize("workers", [1, 2])
def test_no_query_fails_while_replicas_stop_one_after_the_other(
    spawn: Callable[..., Program], tmp_path: Path, workers: int
) -> None:
    made, ports = MadeShard(tmp_path / "shard").put(page(1)), [free_port(), free_port()]

    def start(port: int) -> Program:
        arguments = (f"-addr=127.0.0.1:{port}", f"-data=data-{port}", f"-workers={workers}", "-drain=1")
        return spawn("lightship.searchengine.main", *arguments)

    programs, callers = [start(port) for port in ports], [Caller(port) for port in ports]
    for caller in callers:
        wait_until(lambda: caller.get("/livez").status == 200, 20, "it answers")  # noqa: B023
        caller.push(made)
    wait_until(lambda: all(_is_ready(caller) for caller in callers for _ in range(4 * workers)), 20, "all are ready")
    balancer = Balancer(callers)
    try:
        for number, program in enumerate(programs):
            began = balancer.answered
            wait_until(lambda: balancer.answered > began + 50, 20, "queries are answered")  # noqa: B023
            program.process.terminate()
            assert program.process.wait(20) == 0
            assert len(balancer.ready) == 1
            start(ports[number])
            wait_until(lambda: len(balancer.ready) == 2, 20, "it is back")
    finally:
        balancer.close()
    assert balancer.failed == []
    assert balancer.answered > 200
