"""The indexer's intake is up as long as the indexer is, whoever holds the shard."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from made import Caller
from support import Program, free_port, wait_until

LINE = b'{"url": "https://ex.org/1", "text": "one"}'


def test_it_takes_documents_in_also_when_it_stands_by(tmp_path: Path, spawn: Callable[..., Program]) -> None:
    ports = [free_port(), free_port()]
    for port in ports:
        spawn(
            "indexer", f"-log=sqlite://{tmp_path}/log", f"-listen=127.0.0.1:{port}", f"-data=ix{port}",
            f"-searchengine=127.0.0.1:{free_port()}",
        )  # fmt: skip
    for port in ports:
        wait_until(partial(Caller(port).get, "/readyz"), 20, "the intake answers")
        reply = Caller(port).call("POST", "/documents", LINE)
        assert (reply.status, reply.json["documents"]) == (200, 1)


def test_a_clock_takes_nothing_in(spawn: Callable[..., Program]) -> None:
    indexer = spawn("indexer", "-listen=:0")
    indexer.process.wait(20)
    assert "error: -listen needs a -log" in indexer.output
