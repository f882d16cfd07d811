"""Whole programs whose wall clock jumps by a year, ahead and back: everything goes on by itself."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from cluster.client import free_ports, urls
from lightship.core.model import Change
from lightship.doclog import open_log
from made import page
from support import Program, wait_until

YEAR, LEASE = 31_536_000.0, 1

Spawn = Callable[..., Program]


@pytest.mark.parametrize("jump", [YEAR, -YEAR])
def test_programs_go_on_when_the_clock_jumps(spawn: Spawn, tmp_path: Path, jump: float) -> None:
    clock, port = tmp_path / "clock", free_ports(1)
    clock.write_text("0")
    tests = {"PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")])}

    def start(module: str, *arguments: str) -> Program:
        return spawn("cluster.shifted", str(clock), f"lightship.{module}.main", *arguments, env=tests)

    def indexer(name: str) -> Program:
        return start(
            "indexer", f"-log=sqlite://{tmp_path}/log.sqlite", f"-searchengine=127.0.0.1:{port}", f"-lease={LEASE}",
            f"-data={tmp_path / name}",
        )  # fmt: skip

    def found(number: int) -> bool:
        return urls(port, f"token{number}") == [page(number).url]

    with closing(open_log(f"sqlite://{tmp_path}/log.sqlite")) as log:

        def put(number: int, doing: str) -> None:
            log.put([Change.put(page(number, f"token{number}"))])
            wait_until(lambda: found(number), 20, f"page {number} is found {doing}")

        engine = start("searchengine", f"-addr=127.0.0.1:{port}", f"-data={tmp_path / 'searchengine'}")
        first = indexer("first")
        first.wait_for("caught up with the log", 20)
        second = indexer("second")
        second.wait_for("standing by", 20)
        put(1, "before the jump")
        clock.write_text(str(jump))
        put(2, "after the jump")
        first.process.kill()
        second.wait_for("leading shard 0", 20)  # not a year later
        put(3, "after a take-over")
        first = indexer("first")
        clock.write_text("0")
        put(4, "after the jump back")
        second.process.kill()
        wait_until(lambda: first.output.count("leading shard 0") == 1, 20, "the first one leads again")
        put(5, "after the second take-over")
        assert engine.process.poll() is None
        engine.stop()
        start("searchengine", f"-addr=127.0.0.1:{port}", f"-data={tmp_path / 'searchengine'}")
        wait_until(lambda: found(1) and found(5), 20, "all is found after a restart")
        put(6, "after a restart")
