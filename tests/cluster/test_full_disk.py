"""Real programs on a disk that is full for a while: none ends, none loses a change, and others are not held up."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from cluster.client import urls
from cluster.test_takeover import Cluster, cluster, load
from lightship.cli.commands.status import status
from lightship.crawler.state.progress import read_progress
from made import Caller, page
from support import filled, free_port, wait_until

__all__ = ["cluster"]

Mount = Callable[..., Path]
MEGABYTES = 64


def metric(intake: Caller, name: str) -> float:
    return float(re.findall(rf"^{name} (.*)$", intake.get("/metrics").text, re.MULTILINE)[0])


def says_that_it_waits(intake: Caller, port: int, capsys: pytest.CaptureFixture[str]) -> None:
    """Its intake goes on, and everything that tells how it is says that indexing does not."""
    wait_until(
        lambda: (
            (ready := intake.get("/readyz")).status == 200 and "\nindexing waits for disk space since 2" in ready.text
        ),
        20,
        "it says so",
    )
    assert metric(intake, "lightship_waiting_for_space") == 1
    wait_until(lambda: metric(intake, "lightship_lag_seconds") > 2, 20, "the lag grows")
    status([f"-searchengine=127.0.0.1:{port}", f"-indexer=127.0.0.1:{intake.port}"])
    assert "shard 0 of s1v2: indexing waits for disk space since 2" in capsys.readouterr().out


def test_an_indexer_goes_on_when_there_is_room_again(
    cluster: Cluster, mount: Mount, capsys: pytest.CaptureFixture[str]
) -> None:
    disk = mount("first", MEGABYTES)
    intake = Caller(free_port())
    indexer = cluster.indexer("first", f"-listen=127.0.0.1:{intake.port}")
    load(cluster)
    wait_until(lambda: intake.get("/readyz").text == "ready\n", 20, "it waits for nothing")
    for told, number in ((1, 5000), (2, 5001)):
        with filled(disk):
            cluster.put(number)
            wait_until(lambda: indexer.output.count("waiting for 16 MiB") == told, 20, "it waits")  # noqa: B023
            assert indexer.process.poll() is None
            says_that_it_waits(intake, cluster.ports[0], capsys)
        cluster.wait_for(number)
    wait_until(lambda: intake.get("/readyz").text == "ready\n", 20, "it waits no more")
    assert metric(intake, "lightship_waiting_for_space") == 0
    wait_until(lambda: metric(intake, "lightship_lag_seconds") < 2, 20, "it is up to date")
    assert indexer.process.poll() is None
    for port in cluster.ports:
        assert urls(port, "token3") == []
        assert urls(port, "token20") == [page(20).url]


def test_a_leader_without_room_hands_over_at_once_and_stands_by_again(cluster: Cluster, mount: Mount) -> None:
    disk = mount("first", MEGABYTES)
    leader = cluster.indexer("first")
    load(cluster)
    standby = cluster.indexer("second")
    standby.wait_for("ready to take over")
    with filled(disk):
        cluster.put(5000)
        cluster.wait_for(5000)
        standby.wait_for("leading")
        assert "waiting for 16 MiB" in leader.output
        cluster.put(5001)
        cluster.wait_for(5001)
    leader.wait_for("enough free space in")
    leader.wait_for("standing by")
    standby.kill()
    cluster.put(5002)
    cluster.wait_for(5002)
    assert leader.process.poll() is None


def test_an_indexer_stops_cleanly_while_its_disk_is_full(cluster: Cluster, mount: Mount) -> None:
    disk = mount("first", MEGABYTES)
    indexer = cluster.indexer("first")
    load(cluster)
    with filled(disk):
        cluster.put(5000)
        indexer.wait_for("waiting for 16 MiB")
        assert indexer.stop() == 0
    cluster.indexer("first")
    cluster.wait_for(5000)


@pytest.mark.parametrize("starts_full", [False, True])
def test_a_crawler_goes_on_when_there_is_room_again(cluster: Cluster, mount: Mount, *, starts_full: bool) -> None:
    disk = mount("crawler", MEGABYTES)
    lines = cluster.folder / "pages.jsonl"
    lines.write_text('{"url": "https://ex.org/a"}\n')
    arguments = ("crawler", f"-log=sqlite://{cluster.folder}/crawled.sqlite", f"-data={disk}", str(lines))
    crawler = cluster.spawn(*arguments)
    wait_until(lambda: read_progress(str(disk)).idle, 20, "the first pass is complete")
    if starts_full:
        crawler.kill()
    with filled(disk):
        lines.write_text("".join(f'{{"url": "https://ex.org/{n}"}}\n' for n in ("a", *range(2000))))
        if starts_full:
            crawler = cluster.spawn(*arguments)
        crawler.wait_for("waiting for 16 MiB")
    wait_until(lambda: read_progress(str(disk)).put == 2001, 20, "what was read meanwhile is in the log")
    assert crawler.stop() == 0
