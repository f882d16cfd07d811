"""Documents added through the intakes of two indexers, one of which is killed: all that was answered is found, at once."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import trustme

from lightship.cli.commands.add import add
from lightship.cli.system.status import read_status
from lightship.core.errors import UnavailableError
from lightship.core.position import Reached
from lightship.http.tls import trust
from lightship.intake.client import IntakeClient
from made import Caller
from nats_servers import running
from support import Program, free_port, wait_until

DOCUMENTS, BATCH, CLIENTS = 5000, 25, 4


def lines(numbers: range) -> bytes:
    return b"".join(b'{"url": "https://ex.org/%d", "text": "added number%d"}\n' % (n, n) for n in numbers)


def test_what_was_acknowledged_is_found_whoever_is_killed(tmp_path: Path, spawn: Callable[..., Program]) -> None:
    replicas, intakes = [free_port(), free_port()], [free_port(), free_port()]
    for port in replicas:
        spawn("searchengine", f"-addr=127.0.0.1:{port}", f"-data=se{port}")

    def start_indexer(shard: int) -> Program:
        return spawn(
            "indexer", f"-log=sqlite://{tmp_path}/log", "-shards=2", f"-shard={shard}", f"-data=ix{shard}",
            f"-listen=127.0.0.1:{intakes[shard]}", f"-searchengine={','.join(f'127.0.0.1:{port}' for port in replicas)}",
        )  # fmt: skip

    indexers = [start_indexer(0), start_indexer(1)]
    for port in (*intakes, *replicas):
        wait_until(is_ready(port), 30, f"{port} is ready")
    killed = threading.Event()

    def add(number: int) -> list[str]:
        """Add the batches of one client; return the positions."""
        client = IntakeClient([f"127.0.0.1:{intakes[(number + i) % 2]}" for i in range(2)], "")
        positions = []
        for first in range(number * BATCH, DOCUMENTS, CLIENTS * BATCH):
            if first > DOCUMENTS // 2:
                killed.wait(30)
            positions.append(client.post(lines(range(first, first + BATCH))).position)
        return positions

    with ThreadPoolExecutor(CLIENTS) as pool:
        futures = [pool.submit(add, number) for number in range(CLIENTS)]
        wait_until(lambda: Caller(intakes[1]).get("/status").json["stored"] > 500, 30, "the other one has some")
        indexers[1].kill()
        killed.set()
        positions = [position for future in futures for position in future.result()]
    start_indexer(1)

    for port in replicas:
        for position in sorted(positions, key=lambda text: max(Reached.parse(text).sequences.values()))[-20:]:
            wait_until(is_reached(port, position), 30, "the position is reached")
        for position in positions:
            assert search(port, position) == DOCUMENTS


def is_ready(port: int) -> Callable[[], bool]:
    return lambda: Caller(port).get("/readyz").status == 200


def is_reached(port: int, position: str) -> Callable[[], bool]:
    return lambda: Caller(port).get(f"/?q=added&format=json&min_position={position}").status == 200


def search(port: int, position: str) -> int:
    return int(Caller(port).get(f"/?q=added&format=json&min_position={position}").json["total"])


def test_a_batch_sent_twice_does_no_harm(tmp_path: Path, spawn: Callable[..., Program]) -> None:
    port, intake = free_port(), free_port()
    spawn("searchengine", f"-addr=127.0.0.1:{port}", "-data=se")
    spawn(
        "indexer", f"-log=sqlite://{tmp_path}/log", f"-listen=127.0.0.1:{intake}", f"-searchengine=127.0.0.1:{port}",
        "-data=ix",
    )  # fmt: skip
    client = IntakeClient([f"127.0.0.1:{intake}"], "")
    for _ in range(2):
        position = client.post(lines(range(100))).position
        wait_until(is_reached(port, position), 30, "the position is reached")
        assert search(port, position) == 100
    reply = Caller(intake).call("DELETE", "/documents?url=https://ex.org/7")
    assert search(port, reply.json["position"]) == 99
    reply = Caller(intake).call("DELETE", "/documents?url=https://ex.org/never-there")
    assert search(port, reply.json["position"]) == 99


@pytest.fixture
def trusting(tmp_path: Path) -> Iterator[trustme.CA]:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(tmp_path / "shown.pem")
    trust(str(tmp_path / "ca.pem"))
    yield authority
    trust("")


@pytest.mark.usefixtures("trusting")
def test_files_are_added_over_tls_to_a_log_on_nats(
    tmp_path: Path, spawn: Callable[..., Program], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LIGHTSHIP_TOKEN", "a secret of this test alone")
    search, intake = f"localhost:{free_port()}", f"localhost:{free_port()}"
    secured = ("-tls-cert=shown.pem", "-tls-ca=ca.pem")
    (tmp_path / "added.jsonl").write_bytes(lines(range(300)))
    with running(tmp_path / "nats") as nats:
        spawn("searchengine", f"-addr={search}", "-data=se", *secured)
        indexer = spawn(
            "indexer", f"-log={nats.url('added')}", f"-listen={intake}", f"-searchengine={search}", "-data=ix", *secured
        )
        wait_until(lambda: answers(intake), 60, "the intake answers")
        add([f"-indexer={intake}", "-batch=100", f"-tls-ca={tmp_path}/ca.pem", str(tmp_path / "added.jsonl")])
        told = json.loads(capsys.readouterr().out)
        assert (told["documents"], len(Reached.parse(told["position"]).sequences)) == (300, 64)
        wait_until(lambda: read_status(search)["documents"] == 300, 30, "all are served")
        assert read_status(intake, keys={"stored"})["stored"] == 300
        indexer.stop()  # while the log is there: it gives its lease up


def answers(intake: str) -> bool:
    try:
        return bool(read_status(intake, keys={"stored"}))
    except UnavailableError:
        return False
