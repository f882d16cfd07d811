"""A replica that is stopped under load fails no query of clients that honour readiness."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from cluster.balancer import Balancer, is_ready
from made import Caller, MadeShard, page
from support import Program, free_port, wait_until


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
    wait_until(lambda: all(is_ready(caller) for caller in callers for _ in range(4 * workers)), 20, "all are ready")
    balancer = Balancer(ports, lambda body: "" if page(1).url.encode() in body else repr(body[:200]))
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
