"""`searchengine` as a process: workers, signals, restarts, full disks and folders of another version."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from lightship.core.position import Reached, log_digest
from made import Caller, MadeShard, page, words
from support import Program, free_port, wait_until

SEARCHENGINE = "lightship.searchengine.main"
Spawn = Callable[..., Program]


def start(spawn: Spawn, *arguments: str, ready: int = 200) -> tuple[Program, Caller]:
    """Start a searchengine, and wait until /readyz returns the status `ready`."""
    port = free_port()
    program = spawn(SEARCHENGINE, f"-addr=127.0.0.1:{port}", "-drain=0", *arguments)
    caller = Caller(port)

    def answers() -> bool:
        assert program.process.poll() is None, program.output
        return caller.get("/readyz").status == ready

    wait_until(answers, 30, "it answers")
    return program, caller


def workers_of(caller: Caller, count: int) -> set[int]:
    """Return the process ids of `count` workers, from /status."""
    found: set[int] = set()

    def met() -> bool:
        found.add(caller.get("/status").json["process"])
        return len(found) >= count

    wait_until(met, 30, f"{count} workers")
    return found


def totals(caller: Caller) -> dict[int, int]:
    """Return the number of documents that each worker serves, after enough calls to reach both."""
    statuses = [caller.get("/status").json for _ in range(12)]
    return {status["process"]: status["documents"] for status in statuses}


def test_it_serves_from_its_folder_with_no_indexer_alive_and_stops_with_0(spawn: Spawn, tmp_path: Path) -> None:
    program, caller = start(spawn, "--data", "data", ready=503)
    caller.push(MadeShard(tmp_path / "shard").put(page(1)))
    assert program.stop() == 0
    assert "Traceback" not in program.output
    again, caller = start(spawn, "--data", "data")
    assert caller.found("page") == [page(1).url]
    assert again.stop() == 0


def test_kill_9_loses_nothing_that_was_installed(spawn: Spawn, tmp_path: Path) -> None:
    program, caller = start(spawn, "-data=data", ready=503)
    made = MadeShard(tmp_path / "shard")
    caller.push(made.put(page(1)))
    manifest = made.put(page(2)).manifest()
    reply = caller.put_manifest(manifest)
    name = reply.json["files"][0]
    caller.put_file(manifest, manifest.files[name], made.bytes_of(manifest.files[name]))
    program.kill()
    again, caller = start(spawn, "-data=data")
    assert caller.found("page") == [page(1).url]
    assert not list((tmp_path / "data").glob(f"**/{name}"))
    caller.push(made)
    assert len(caller.found("page")) == 2
    assert again.stop() == 0


def test_all_workers_serve_what_was_pushed_and_are_started_again(spawn: Spawn, tmp_path: Path) -> None:
    program, caller = start(spawn, "-data=data", "-workers=2", ready=503)
    first = workers_of(caller, 2)
    made = MadeShard(tmp_path / "shard")
    for number in range(1, 6):
        caller.push(made.put(page(number)))
        wait_until(lambda: set(totals(caller).values()) == {number}, 30, "all workers serve it")  # noqa: B023
    killed = min(first)
    os.kill(killed, signal.SIGKILL)
    wait_until(lambda: killed not in (now := totals(caller)) and len(now) == 2, 30, "another worker")
    assert set(totals(caller).values()) == {5}
    program.process.terminate()
    assert program.process.wait(60) == 0
    wait_until(lambda: not lives(program.process.pid), 30, "no process is left")
    assert "Traceback" not in program.output


def test_no_workers_answer_is_older_than_one_that_another_has_given(spawn: Spawn, tmp_path: Path) -> None:
    _, caller = start(spawn, "-data=data", "-workers=3", ready=503)
    workers_of(caller, 3)
    made, digest = MadeShard(tmp_path / "shard"), log_digest("log")
    for number in range(1, 21):
        positions = dict.fromkeys(map(str, range(64)), number)
        caller.push(made.put(page(number)), log_id="log", positions=positions)
        position = Reached(digest, {0: number})
        seen = [caller.get(f"/?q=page&format=json&min_position={position}").json]
        seen += [caller.get("/?q=page&format=json").json for _ in range(10)]
        seen_by = [answer["index"]["generation"]["0"][1] for answer in seen]
        assert min(seen_by) == made.generation, seen_by
        assert {answer["total"] for answer in seen} == {number}


@pytest.mark.parametrize("workers", [1, 2])
def test_sigterm_drains_first(spawn: Spawn, tmp_path: Path, workers: int) -> None:
    program, caller = start(spawn, "-data=data", f"-workers={workers}", "-drain=300", ready=503)
    caller.push(MadeShard(tmp_path / "shard").put(page(1)))
    workers_of(caller, workers)
    program.process.terminate()
    wait_until(lambda: "draining" in caller.get("/readyz").text, 30, "/readyz returns 503")
    wait_until(lambda: caller.get("/livez").headers.get("connection") == "close", 30, "connections are closed")
    for _ in range(10):
        assert caller.found("page") == [page(1).url]
    program.process.terminate()  # ends the wait
    assert program.process.wait(60) == 0
    assert program.output.count("requests answered") == workers
    assert "Traceback" not in program.output


def test_a_drain_ends_by_itself_and_ctrl_c_needs_none(spawn: Spawn, tmp_path: Path) -> None:
    program, caller = start(spawn, "-data=data", "-drain=0.3", ready=503)
    program.process.terminate()
    wait_until(lambda: caller.get("/readyz").text.startswith("draining"), 30, "/readyz returns 503")
    assert program.process.wait(60) == 0
    program, _ = start(spawn, "-data=data", "-drain=300", ready=503)
    program.process.send_signal(signal.SIGINT)
    assert program.process.wait(60) == 0
    assert "draining" not in program.output


def lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def test_two_do_not_share_a_folder(spawn: Spawn) -> None:
    start(spawn, "-data=data", ready=503)
    second = spawn(SEARCHENGINE, f"-addr=127.0.0.1:{free_port()}", "-data=data")
    assert second.process.wait(60) == 1
    assert "in use by another process" in second.output
    assert "Traceback" not in second.output


def test_a_port_in_use_is_told(spawn: Spawn) -> None:
    _, caller = start(spawn, "-data=data", ready=503)
    second = spawn(SEARCHENGINE, f"-addr=127.0.0.1:{caller.port}", "-data=other")
    assert second.process.wait(60) == 1
    assert "error: can't listen on" in second.output


@pytest.mark.parametrize("name", ["format", "layouts/s1v2/meta.json"])
def test_a_folder_of_another_version_is_refused_and_left_alone(spawn: Spawn, tmp_path: Path, name: str) -> None:
    program, caller = start(spawn, "-data=data", ready=503)
    caller.push(MadeShard(tmp_path / "shard").put(page(1)))
    program.stop()
    (tmp_path / "data" / name).write_text('{"segments": []}')
    before = contents(tmp_path / "data")
    again = spawn(SEARCHENGINE, f"-addr=127.0.0.1:{free_port()}", "-data=data")
    assert again.process.wait(60) == 1
    assert "error: " in again.output
    assert "version" in again.output
    assert "Traceback" not in again.output
    assert contents(tmp_path / "data") == before


def contents(folder: Path) -> dict[Path, bytes]:
    """Return the content of each file below `folder`, without the metrics, which every start removes."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.parent.name != "metrics"]
    return {path: path.read_bytes() for path in files}


@pytest.fixture
def small_disk(mount: Callable[..., Path]) -> Path:
    """A file system of 2 MB."""
    return mount("disk", 2)


def test_a_full_disk_changes_nothing_and_is_got_over(spawn: Spawn, tmp_path: Path, small_disk: Path) -> None:
    _, caller = start(spawn, f"-data={small_disk}/data", ready=503)
    made = MadeShard(tmp_path / "shard").put(page(1))
    caller.push(made)
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"x" * (1 << 20))
    manifest = made.put(page(2, "page " + " ".join(words(300_000, 1)))).manifest()
    missing = caller.put_manifest(manifest).json["files"]
    replies = [caller.put_file(manifest, manifest.files[name], made.bytes_of(manifest.files[name])) for name in missing]
    refused = [reply for reply in replies if reply.status != 201]
    assert refused
    assert {reply.status for reply in refused} == {507}
    assert all("no space left" in reply.json["error"] for reply in refused)
    assert caller.put_manifest(manifest).status == 202
    assert caller.found("page") == [page(1).url]
    assert not list(small_disk.rglob("*.part"))
    small = made.delete(page(2).url).put(
        page(3)
    )  # the next manifest fits, because the received files of the big one are removed
    caller.push(small)
    assert len(caller.found("page")) == 2
    ballast.unlink()
    caller.push(made.put(page(2, "page " + " ".join(words(3000, 1)))))
    assert len(caller.found("page")) == 3


def test_a_disk_that_is_full_to_the_last_byte(spawn: Spawn, tmp_path: Path, small_disk: Path) -> None:
    _, caller = start(spawn, f"-data={small_disk}/data", ready=503)
    made = MadeShard(tmp_path / "shard").put(page(1))
    caller.push(made)
    ballast = small_disk / "ballast"
    with pytest.raises(OSError, match="No space"), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4096)
    manifest = made.put(page(2)).manifest()
    reply = caller.put_manifest(manifest)
    assert reply.status == 507, reply.text
    assert "no space left" in reply.json["error"]
    assert caller.found("page") == [page(1).url]
    heartbeat = caller.put_manifest(made.manifest(epoch=1, generation=1, segments=[]))
    assert heartbeat.status in (200, 507)
    ballast.unlink()
    caller.push(made)
    assert len(caller.found("page")) == 2
