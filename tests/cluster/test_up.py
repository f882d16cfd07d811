"""`lightship up`: everything on one machine, started, stopped, killed and started again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from cluster.client import documents, free_ports, search, status, urls, wait_for_documents
from cluster.processes import PROC, processes_of
from support import NO_AUTHORITIES, Program, require, wait_until

Spawn = Callable[..., Program]

RECORDS = 300


@pytest.fixture
def port() -> int:
    return free_ports(2)


@pytest.fixture
def sources(tmp_path: Path) -> list[str]:
    """Return a .jsonl file and a folder, with 300 and 2 documents."""
    write_records(tmp_path / "records.jsonl", RECORDS)
    folder = tmp_path / "notes"
    folder.mkdir()
    (folder / "lamp.md").write_text("# The lamp\n\nFill the *lamp* with oil at dusk.\n")
    (folder / "fog.txt").write_text("When there is fog, sound the horn twice a minute.\n")
    return [str(tmp_path / "records.jsonl"), str(folder)]


@pytest.fixture
def nothing_left(tmp_path: Path) -> Iterator[None]:
    """At the end no process may be left that has to do with this test."""
    require("/proc", PROC.exists())
    yield
    wait_until(lambda: not processes_of(tmp_path), 60, f"no process left: {processes_of(tmp_path)}")


def write_records(path: Path, count: int) -> None:
    lines = (
        json.dumps({"url": f"https://example.org/{i}", "title": f"Record {i}", "text": f"Everything of number{i}."})
        for i in range(count)
    )
    path.write_text("\n".join(lines) + "\n")


def run(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run `lightship arguments` to its end."""
    script = Path(sys.executable).with_name("lightship")
    return subprocess.run(
        [script, *arguments],
        env={**os.environ, **NO_AUTHORITIES, **env},
        check=False,
        capture_output=True,
        text=True,
        timeout=20,
    )


def test_all_is_searchable_from_this_machine_then_ctrl_c_stops_everything(
    spawn: Spawn, port: int, sources: list[str], tmp_path: Path, nothing_left: None
) -> None:
    up = spawn("lightship", "up", "-replicas=2", f"-port={port}", f"-data={tmp_path}/data", *sources)
    up.wait_for(f"http://localhost:{port}/")
    for replica in (port, port + 1):
        wait_for_documents(replica, RECORDS + 2, 60)
        assert urls(replica, "number42") == ["https://example.org/42"]
        assert urls(replica, "horn")[0].endswith("/notes/fog.txt")
    up.wait_for(f"all {RECORDS + 2} documents are searchable")
    up.wait_for(f"http://localhost:{port}/about")
    up.wait_for("reachable from this machine only; --host=0.0.0.0 lets others search")
    for at in (port, port + 1, port + 1010, port + 1110):  # also the intake and the crawler
        assert listeners(at) == {"0100007F"}, at  # 127.0.0.1, as the kernel writes it
    up.wait_for(f"found {RECORDS + 2}, fetched {RECORDS + 2}, indexed {RECORDS + 2}, searchable {RECORDS + 2}")

    shown = run("status", f"-searchengine=localhost:{port},localhost:{port + 1}")
    assert shown.returncode == 0
    assert f"localhost:{port + 1}: ready, layout s1v2, {RECORDS + 2} documents" in shown.stdout
    assert f"  shard 0: {RECORDS + 2} documents in " in shown.stdout

    os.kill(up.process.pid, signal.SIGINT)
    assert up.process.wait(10) == 0
    assert processes_of(tmp_path / "data") == []
    assert "Traceback" not in up.output + "".join(path.read_text() for path in (tmp_path / "data/logs").iterdir())


def test_done_is_told_only_when_all_is_searchable(spawn: Spawn, port: int, tmp_path: Path) -> None:
    write_records(tmp_path / "many.jsonl", 20_000)
    up = spawn("lightship", "up", "-shards=2", f"-port={port}", f"-data={tmp_path}/data", f"{tmp_path}/many.jsonl")
    up.wait_for("documents are searchable", 60)
    assert documents(port) == 20_000
    assert "all 20000 documents are searchable" in up.output


def test_the_next_start_serves_at_once_and_indexes_nothing_again(
    spawn: Spawn, port: int, sources: list[str], tmp_path: Path, nothing_left: None
) -> None:
    command = ["up", f"-port={port}", f"-data={tmp_path}/data", *sources]
    first = spawn("lightship", *command)
    first.wait_for("documents are searchable", 60)
    assert first.stop() == 0

    started = time.monotonic()
    again = spawn("lightship", *command)
    wait_until(lambda: urls(port, "number42"), 60, "an answer")
    seconds = time.monotonic() - started
    load = os.getloadavg()[0] / (os.cpu_count() or 1)
    print(f"searchable {seconds:.2f} s after the start; load {load:.1f} for each processor")
    assert seconds < 5 * max(1, load)  # one; a machine may be busy since a moment ago

    again.wait_for("documents are searchable", 60)
    assert documents(port) == RECORDS + 2
    assert sum(shard["deleted"] for shard in status(port)["shards"]) == 0
    assert again.stop() == 0
    assert "stopped; 0 changes indexed" in (tmp_path / "data/logs/indexer-0.log").read_text().rpartition("epoch")[2]


def test_kill_9_leaves_no_process_and_the_next_start_works(
    spawn: Spawn, port: int, sources: list[str], tmp_path: Path, nothing_left: None
) -> None:
    command = ["up", "-shards=2", f"-port={port}", f"-data={tmp_path}/data", *sources]
    up = spawn("lightship", *command)
    wait_for_documents(port, RECORDS + 2, 60)
    up.process.kill()
    up.process.wait()
    wait_until(lambda: not processes_of(tmp_path / "data"), 60, "the end of all parts")
    again = spawn("lightship", *command)
    again.wait_for(f"all {RECORDS + 2} documents are searchable", 60)
    assert again.stop() == 0


def test_a_token_guards_updates(spawn: Spawn, port: int, sources: list[str], tmp_path: Path) -> None:
    up = spawn(
        "lightship",
        "up",
        f"-port={port}",
        f"-data={tmp_path}/data",
        *sources,
        env={"LIGHTSHIP_TOKEN": "a token of this test"},
    )
    up.wait_for(f"all {RECORDS + 2} documents are searchable", 60)
    address = f"http://127.0.0.1:{port}/rpc/v1/shards/0"
    for headers in ({}, {"Authorization": "Bearer guess"}):
        with pytest.raises(HTTPError) as refused:
            urlopen(Request(address, b"{}", headers, method="PUT"), timeout=5)
        assert refused.value.code == 401
        assert b"LIGHTSHIP_TOKEN" in refused.value.read()
    assert "is not set" not in (tmp_path / "data/logs/searchengine-0.log").read_text()
    assert not (tmp_path / "data/secret").exists()
    assert "refused a token" not in up.output


def refused(port: int, method: str, target: str, **headers: str) -> bool:
    """Tell whether a request that changes something is refused for want of the secret."""
    try:
        urlopen(Request(f"http://127.0.0.1:{port}{target}", b"{}", headers, method=method), timeout=5)
    except HTTPError as error:
        with error:
            return error.code == 401
    return False


def test_its_own_secret_guards_it_and_its_commands_find_it(
    spawn: Spawn, port: int, sources: list[str], tmp_path: Path
) -> None:
    intake, data = free_ports(1), tmp_path / "data"
    command = ["up", f"-port={port}", f"-intake={intake}", f"-data={data}", "-host=0.0.0.0", *sources]
    up = spawn("lightship", *command)
    up.wait_for(f"all {RECORDS + 2} documents are searchable", 60)
    assert f"OPEN: anyone who can reach this machine on 0.0.0.0:{port} can search" in up.output
    assert f"to add documents on port {intake}, with the secret in {data}/secret: lightship add FILE" in up.output
    secret = (data / "secret").read_text().strip()
    assert (data / "secret").stat().st_mode & 0o777 == 0o600
    assert secret not in up.output + "".join(path.read_text() for path in (data / "logs").iterdir())

    guarded = [(port, "PUT", "/rpc/v1/shards/0"), (port, "GET", "/rpc/v1/shards/0"), (port, "POST", "/admin/v1/rollback"),
               (intake, "POST", "/documents"), (intake + 100, "GET", "/explain?url=x")]  # fmt: skip
    for at, method, target in guarded:
        assert refused(at, method, target)
        assert refused(at, method, target, Authorization="Bearer guess")
        assert not refused(at, method, target, Authorization=f"Bearer {secret}")

    (tmp_path / "one.jsonl").write_text(json.dumps({"url": "https://ex.org/new", "text": "brandnew"}))
    added = run("add", f"-indexer=127.0.0.1:{intake}", f"-data={data}", str(tmp_path / "one.jsonl"))
    assert added.returncode == 0, added.stderr
    wait_until(lambda: urls(port, "brandnew"), 20, "what was added")
    where = [f"-searchengine=127.0.0.1:{port}", f"-data={data}"]
    told = run("explain", *where, f"-crawler=127.0.0.1:{intake + 100}", "https://ex.org/new")
    assert "served from shard 0" in told.stdout
    assert "crawler 127" in told.stdout
    assert "serves s1v" in run("promote", *where, status(port)["layout"]).stdout
    assert run("test", *where, f"-indexer=127.0.0.1:{intake}").returncode == 0
    without = run("add", f"-indexer=127.0.0.1:{intake}", f"-data={tmp_path}", str(tmp_path / "one.jsonl"))
    assert without.returncode == 1
    assert "--data" in without.stderr

    assert up.stop(20) == 0
    spawn("lightship", *command).wait_for("documents are searchable", 60)
    assert (data / "secret").read_text().strip() == secret


def listeners(port: int) -> set[str]:
    """Return the addresses on which something listens on `port`, as /proc/net/tcp and tcp6 write them."""
    lines = [line.split() for kind in ("tcp", "tcp6") for line in (PROC / "net" / kind).read_text().splitlines()[1:]]
    return {
        local.partition(":")[0] for _, local, _, state, *_ in lines if state == "0A" and local.endswith(f":{port:04X}")
    }


def test_a_second_up_on_the_same_folder_is_refused_and_what_vanishes_from_a_folder_vanishes_from_search(
    spawn: Spawn, port: int, sources: list[str], tmp_path: Path
) -> None:
    up = spawn("lightship", "up", f"-port={port}", f"-data={tmp_path}/data", *sources)
    up.wait_for("search page")
    second = run("up", f"-port={free_ports(1)}", f"-data={tmp_path}/data", *sources)
    assert second.returncode == 1
    assert second.stderr.startswith("error: ")
    assert f"{tmp_path}/data is in use" in second.stderr
    assert "--data" in second.stderr
    wait_for_documents(port, RECORDS + 2, 60)
    (tmp_path / "notes/fog.txt").unlink()
    (tmp_path / "notes/new.html").write_text("<html><title>Rope</title><p>Coil the rope clockwise.</p></html>")
    wait_until(lambda: urls(port, "rope"), 60, "the new file in search")
    wait_until(lambda: not urls(port, "horn"), 60, "the deleted file gone from search")
    assert documents(port) == RECORDS + 2


def test_a_port_that_is_taken_is_told(spawn: Spawn, port: int, sources: list[str], tmp_path: Path) -> None:
    spawn("searchengine", f"-addr=:{port + 1}", f"-data={tmp_path}/other").wait_for("listening")
    refused = run("up", "-replicas=2", f"-port={port}", f"-data={tmp_path}/data", *sources)
    assert refused.returncode == 1
    assert refused.stderr.startswith("error: can't listen on ")
    assert f"port {port + 1} is already in use" in refused.stderr
    assert refused.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["up", "--sharts=3"], "unrecognized arguments: --sharts=3"),
        (["up", "--shards=0"], "must be from 1 to 64"),
        (["down"], "unknown command 'down'; known commands: up, crawl, remove, add, status"),
        (["up", "no-such-file.jsonl"], "'no-such-file.jsonl' does not exist"),
        (["up", "/dev/null"], "'/dev/null' is of an unknown kind"),
        (["status", "-searchengine=localhost:1"], "no status from localhost:1: Connection refused"),
        (["status", "-searchengine=localhost"], "'localhost' is not an address"),
    ],
    ids=" ".join,
)
def test_a_wrong_command_line_is_one_clear_line(arguments: list[str], told: str) -> None:
    result = run(*arguments)
    assert result.returncode == 1
    assert result.stderr.startswith("error: ")
    assert told in result.stderr
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""


def test_an_unknown_variable_is_told() -> None:
    result = run("status", LIGHTSHIP_TOKN="x")
    assert result.returncode == 1
    assert "unknown environment variable LIGHTSHIP_TOKN" in result.stderr


def test_without_a_source_the_documentation_of_python_is_searchable(
    spawn: Spawn, port: int, tmp_path: Path, nothing_left: None
) -> None:
    up = spawn("lightship", "up", f"-port={port}", f"-data={tmp_path}/data")
    wait_until(lambda: documents(port) >= 50, 60, "50 pages searchable")
    wait_until(lambda: any(url.endswith("/json.html") for url in urls(port, "json")), 60, "the json module's page")
    assert search(port, "json")["hits"][0]["score"] > 0
    assert up.stop(20) == 0
