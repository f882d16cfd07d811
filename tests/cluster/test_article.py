"""The article's own commands and regression test, as they stand."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from cluster.client import free_ports, search, status
from support import Program, require, wait_until

Spawn = Callable[..., Program]

PIPELINE = r"""curl -s "http://localhost:{port}/?q={subject}" | grep '^results:' | cut -f 2 -d ':' | sed "s/\(Some {subject}\) up to.*/\1/" """


@pytest.fixture
def port() -> int:
    return free_ports(2)


def text(port: int, subject: str) -> str:
    """Return the snippet of the one document of `subject`; an empty string before it is there."""
    hits = search(port, subject)["hits"]
    return str(hits[0]["snippet"]) if hits else ""


def wait_for_news(port: int) -> None:
    wait_until(lambda: text(port, "news"), 15, f"news on port {port}")


def pipeline(port: int, subject: str) -> str:
    script = PIPELINE.format(port=port, subject=subject)
    return subprocess.run(["bash", "-c", script], check=True, capture_output=True, text=True, timeout=10).stdout


def test_the_regression_test_of_the_article_passes(spawn: Spawn, port: int) -> None:
    require("curl", shutil.which("curl"))
    searchengine = spawn("searchengine", f"-addr=:{port}")
    indexer = spawn("indexer", f"-searchengine=localhost:{port}")
    wait_for_news(port)
    assert pipeline(port, "news") == "Some news\n"
    assert pipeline(port, "images") == "Some images\n"

    before = text(port, "news")
    wait_until(lambda: text(port, "news") != before, 10, "another text a second later")
    assert search(port, "news")["total"] == 1

    assert indexer.stop() == 0
    assert "changes indexed" in indexer.output
    assert searchengine.stop() == 0
    assert "requests answered" in searchengine.output
    for program in (indexer, searchengine):
        assert "Traceback" not in program.output
        assert "ERROR" not in program.output


def test_plain_text_begins_with_the_query(spawn: Spawn, port: int) -> None:
    require("curl", shutil.which("curl"))
    spawn("searchengine", f"-addr=:{port}")
    spawn("indexer", f"-searchengine=localhost:{port}")
    wait_for_news(port)
    shown = subprocess.run(
        ["curl", "-s", f"http://localhost:{port}/?q=news"], check=True, capture_output=True, text=True
    )
    lines = shown.stdout.splitlines()
    assert lines[0] == "query: news"
    assert [line for line in lines if line.startswith("results:Some news up to ")]


def test_ctrl_c_stops_both_cleanly(spawn: Spawn, port: int) -> None:
    searchengine, indexer = spawn("searchengine", f"-addr=:{port}"), spawn("indexer", f"-searchengine=localhost:{port}")
    wait_for_news(port)
    for program in (indexer, searchengine):
        os.kill(program.process.pid, signal.SIGINT)
        assert program.process.wait(10) == 0
        assert "Traceback" not in program.output


def test_another_indexer_takes_over(spawn: Spawn, port: int) -> None:
    spawn("searchengine", f"-addr=:{port}")
    first = spawn("indexer", f"-searchengine=localhost:{port}")
    wait_for_news(port)
    epoch = status(port)["shards"][0]["epoch"]
    first.kill()
    before = text(port, "news")
    spawn("indexer", f"-searchengine=localhost:{port}")
    wait_until(lambda: status(port)["shards"][0]["epoch"] > epoch, 10, "a new epoch")
    wait_until(lambda: text(port, "news") != before, 20, "another text from the new indexer")


def test_of_two_indexers_with_logs_of_their_own_the_newer_one_is_served(spawn: Spawn, port: int) -> None:
    spawn("searchengine", f"-addr=:{port}")
    first = spawn("indexer", f"-searchengine=localhost:{port}")
    wait_for_news(port)
    epoch = status(port)["shards"][0]["epoch"]
    spawn("indexer", f"-searchengine=localhost:{port}")
    wait_until(lambda: status(port)["shards"][0]["epoch"] > epoch, 10, "a new epoch")
    first.wait_for("a newer indexer of another document log owns this shard there")
    newer, generation = (status(port)["shards"][0][name] for name in ("epoch", "generation"))
    wait_until(lambda: status(port)["shards"][0]["generation"] >= generation + 2, 10, "two more generations")
    assert status(port)["shards"][0]["epoch"] == newer  # the first one asks again and again, and does not seize it
    assert first.process.poll() is None
    assert "Traceback" not in first.output


def test_two_searchengines_of_one_folder_get_the_updates(spawn: Spawn, port: int, tmp_path: Path) -> None:
    spawn("searchengine", f"-addr=:{port}")
    spawn("searchengine", f"-addr=:{port + 1}")
    spawn("indexer", f"-searchengine=localhost:{port},localhost:{port + 1}")
    for each in (port, port + 1):
        wait_for_news(each)
        before = text(each, "news")
        wait_until(lambda each=each, before=before: text(each, "news") != before, 20, "another text")  # type: ignore[misc]
    assert {path.name for path in (tmp_path / "lightship-data").iterdir()} == {
        f"searchengine-{port}",
        f"searchengine-{port + 1}",
    }


def test_a_searchengine_serves_from_its_folder_without_an_indexer(spawn: Spawn, port: int) -> None:
    searchengine = spawn("searchengine", f"-addr=:{port}")
    indexer = spawn("indexer", f"-searchengine=localhost:{port}")
    wait_for_news(port)
    assert indexer.stop() == 0
    before = text(port, "news")
    searchengine.kill()
    spawn("searchengine", f"-addr=:{port}")
    assert wait_until(lambda: text(port, "news"), 20, "news at the first answer") == before


def test_an_empty_searchengine_is_filled_whenever_it_comes(spawn: Spawn, port: int, tmp_path: Path) -> None:
    spawn("indexer", f"-searchengine=localhost:{port}").wait_for("pushing to")
    searchengine = spawn("searchengine", f"-addr=:{port}")
    wait_for_news(port)
    searchengine.kill()
    shutil.rmtree(tmp_path / "lightship-data" / f"searchengine-{port}")
    spawn("searchengine", f"-addr=:{port}")
    wait_for_news(port)


def test_workers_share_the_port_and_stop_cleanly(spawn: Spawn, port: int) -> None:
    searchengine = spawn("searchengine", f"-addr=:{port}", "-workers=2")
    spawn("indexer", f"-searchengine=localhost:{port}")
    wait_for_news(port)
    wait_until(lambda: len({status(port)["process"] for _ in range(20)}) == 2, 10, "answers of two processes")
    before = text(port, "news")
    wait_until(lambda: all(text(port, "news") != before for _ in range(8)), 20, "the new text from both")
    assert searchengine.stop() == 0
    assert "Traceback" not in searchengine.output
