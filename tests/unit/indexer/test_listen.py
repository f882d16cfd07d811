"""An indexer's intake is up while the indexer is, whether it leads or not."""

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
        wait_until(partial(Caller(port).get, "/readyz"), 30, "the intake answers")
        reply = Caller(port).call("POST", "/documents", LINE)
        assert (reply.status, reply.json["documents"]) == (200, 1)


def test_leader_and_standby_tell_which_they_are(tmp_path: Path, spawn: Callable[..., Program]) -> None:
    searchengine, ports = free_port(), [free_port(), free_port()]
    spawn("searchengine", f"-addr=127.0.0.1:{searchengine}", "-data=se")
    for port in ports:
        spawn(
            "indexer", f"-log=sqlite://{tmp_path}/log", f"-listen=127.0.0.1:{port}", f"-data=ix{port}",
            f"-searchengine=127.0.0.1:{searchengine}",
        )  # fmt: skip
        wait_until(partial(Caller(port).get, "/readyz"), 30, "the intake answers")
        wait_until(lambda: Caller(ports[0]).get("/status").json["shard"]["leads"], 30, "the first leads")
    Caller(ports[1]).call("POST", "/documents", LINE)

    def shards() -> list[dict[str, object]]:
        return [Caller(port).get("/status").json["shard"] for port in ports]

    wait_until(lambda: [shard["documents"] for shard in shards()] == [1, 1], 30, "the standby's copy has it too")
    leader, standby = shards()
    assert (leader["leads"], standby["leads"], standby["lag_seconds"]) == (True, False, None)
    assert (leader["epoch"], leader["layout"], leader["shard"]) == (standby["epoch"], standby["layout"], 0)
    told = spawn("lightship", "status", f"-searchengine=127.0.0.1:{searchengine}", f"-indexer=127.0.0.1:{ports[1]}")
    told.wait_for("shard 0 of s1v2: standby, warm copy of 1 documents, epoch", 30)


def test_a_clock_takes_nothing_in(spawn: Callable[..., Program]) -> None:
    indexer = spawn("indexer", "-listen=:0")
    indexer.process.wait(60)
    assert "error: -listen needs a -log" in indexer.output


def test_it_tells_what_it_does_to_prometheus(tmp_path: Path, spawn: Callable[..., Program]) -> None:
    caller = Caller(port := free_port())
    gone = f"127.0.0.1:{free_port()}"
    spawn("indexer", f"-log=sqlite://{tmp_path}/log", f"-listen=127.0.0.1:{port}", "-data=ix", f"-searchengine={gone}")

    def value(name: str) -> float:
        lines = caller.get("/metrics").body.decode().splitlines()
        return next((float(line.split()[-1]) for line in lines if line.startswith(name)), 0.0)

    wait_until(lambda: value("lightship_lease_held") == 1, 30, "it holds the lease")
    assert caller.call("POST", "/documents", LINE).status == 200
    wait_until(lambda: value("lightship_changes_applied_total") == 1, 30, "the change is told")
    wait_until(
        lambda: value(f'lightship_push_failures_total{{searchengine="http://{gone}"}}') > 0, 30, "its failures are told"
    )
    assert value("lightship_generation") >= 1
    assert value("process_resident_memory_bytes") > 0
