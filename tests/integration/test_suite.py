"""`lightship test` passes on systems of local processes that are right, and says of one that is wrong what is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from cluster.client import free_ports, status
from support import Program, wait_until

Spawn = Callable[..., Program]


def suite(
    spawn: Spawn, replicas: Iterable[int], *, intakes: Iterable[int] = (), token: str = "", wait: int = 60
) -> Program:
    """Run the suite against searchengines and intakes on ports of this machine; return it when it has ended."""
    names = {"searchengine": replicas, "indexer": intakes}
    flags = [f"-{name}={','.join(f'localhost:{port}' for port in ports)}" for name, ports in names.items()]
    program = spawn("lightship", "test", *flags, f"-wait={wait}", env={"LIGHTSHIP_TOKEN": token})
    program.process.wait(120)
    return program


def results(program: Program) -> dict[str, list[str]]:
    """Return what the suite said of each check, by the words of its outcome: ok or FAILED."""
    found: dict[str, list[str]] = {"ok": [], "FAILED": []}
    for line in program.output.splitlines():
        outcome, _, told = line.partition(" ")
        if outcome in found:
            found[outcome].append(told.strip())
    return found


def indexers(spawn: Spawn, folder: Path, ports: list[int], intake: int, token: str = "") -> None:
    names = ",".join(f"localhost:{port}" for port in ports)
    for shard in range(2):
        spawn(
            "indexer", f"-log=sqlite://{folder}/log", "-shards=2", f"-shard={shard}", f"-searchengine={names}",
            f"-listen=127.0.0.1:{intake + shard}", "-threads=1", "-heap=16", env={"LIGHTSHIP_TOKEN": token},
        )  # fmt: skip


def test_it_passes_on_two_shards_and_two_replicas_with_a_token(spawn: Spawn, tmp_path: Path) -> None:
    first, token = free_ports(4), "a secret of the tests"
    replicas, intakes = [first, first + 1], [first + 2, first + 3]
    for port in replicas:
        spawn("searchengine", f"-addr=localhost:{port}", env={"LIGHTSHIP_TOKEN": token})
    indexers(spawn, tmp_path, replicas, intakes[0], token)
    program = suite(spawn, replicas, intakes=intakes, token=token)
    assert program.process.returncode == 0, program.output
    assert len(results(program)["ok"]) == 12
    assert "12 passed, 0 failed" in program.output
    assert [status(port)["documents"] for port in replicas] == [0, 0]


def test_it_runs_the_articles_test_on_the_articles_two_programs(spawn: Spawn) -> None:
    port = free_ports(1)
    spawn("searchengine", f"-addr=localhost:{port}")
    spawn("indexer", f"-searchengine=localhost:{port}")
    program = suite(spawn, [port])
    assert program.process.returncode == 0, program.output
    assert any(
        told.startswith("the demo source: news and images: Some news, Some images") for told in results(program)["ok"]
    )


def test_it_fails_where_one_replica_is_of_another_system(spawn: Spawn, tmp_path: Path) -> None:
    first = free_ports(4)
    for port in (first, first + 1):
        spawn("searchengine", f"-addr=localhost:{port}")
    indexers(spawn, tmp_path, [first], first + 2)
    spawn("indexer", f"-searchengine=localhost:{first + 1}")
    program = suite(spawn, [first, first + 1], intakes=[first + 2])
    assert program.process.returncode == 1
    failed = results(program)["FAILED"]
    assert any(f"localhost:{first + 1}" in told and told.startswith("added documents are found") for told in failed), (
        program.output
    )
    assert any(told.startswith("replicas agree") for told in failed)
    assert "checks failed" in program.output.splitlines()[-1]
    wait_until(lambda: status(first)["documents"] == 0, 10, "what was added is deleted again")


def test_it_says_who_is_not_ready(spawn: Spawn) -> None:
    port = free_ports(1)
    program = suite(spawn, [port], wait=0)
    assert program.process.returncode == 1
    assert program.output.startswith(
        f"error: timed out after 0 s, waiting until all servers at localhost:{port} are ready (no answer from "
    )
