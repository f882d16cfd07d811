"""What keeps a program from starting, or a command from doing what it was asked, is one line that says what to do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from support import NO_AUTHORITIES, ROOT, Program, free_port, wait_until

Spawn = Callable[..., Program]

PROGRAMS = {
    "searchengine": ("searchengine", "-addr=127.0.0.1:0"),
    "searchengine with workers": ("searchengine", "-addr=127.0.0.1:0", "-workers=2"),
    "indexer": ("indexer", "-log=sqlite://{folder}/log", "-searchengine=127.0.0.1:1"),
    "clock": ("indexer", "-searchengine=127.0.0.1:1"),
    "crawler": ("crawler", "-log=sqlite://{folder}/log", "{folder}"),
    "up": ("lightship", "up", "{folder}"),
}
UNUSABLE = {"a file": "file", "below a file": "file/data", "where nothing can be made": "/proc/data"}


def run(*command: str, folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Run one of our programs to its end."""
    script = Path(sys.executable).with_name(command[0])
    return subprocess.run(
        [script, *command[1:]],
        cwd=folder,
        env={**os.environ, **NO_AUTHORITIES, **env},
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize("where", UNUSABLE)
@pytest.mark.parametrize("program", PROGRAMS)
def test_a_data_folder_that_can_t_be_had(program: str, where: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    data = tmp_path / UNUSABLE[where]
    command = (*(word.format(folder=tmp_path) for word in PROGRAMS[program]), f"-data={data}", *_ports(program))
    done = run(*command, folder=tmp_path)
    last = done.stderr.splitlines()[-1]
    assert (done.returncode, "Traceback" in done.stderr) == (1, False), done.stderr
    assert last.startswith("error: ")
    assert str(data) in last
    assert "-data" in last


@pytest.mark.parametrize("program", ["searchengine", "crawler", "up"])
def test_the_default_folder_that_can_t_be_had(program: str, tmp_path: Path) -> None:
    """As in a container with a read-only root and no volume."""
    (tmp_path / "lightship-data").touch()
    done = run(*(word.format(folder=tmp_path) for word in PROGRAMS[program]), *_ports(program), folder=tmp_path)
    assert (done.returncode, "Traceback" in done.stderr) == (1, False), done.stderr
    assert done.stderr.splitlines()[-1].startswith("error: ")
    assert "lightship-data" in done.stderr


def _ports(program: str) -> list[str]:
    return [f"-port={free_port()}", f"-intake={free_port()}"] if program == "up" else []


def test_no_image_without_docker(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "image.build"], cwd=ROOT, env={**os.environ, "PATH": str(tmp_path)},
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert (done.returncode, "Traceback" in done.stderr) == (1, False), done.stderr
    assert done.stderr.startswith("error: ")
    assert "is not installed" in done.stderr


def test_a_name_that_leads_nowhere_is_told(spawn: Spawn) -> None:
    indexer = spawn("indexer", "-searchengine=nowhere.invalid:8080")
    indexer.wait_for("can't resolve nowhere.invalid:8080", 20)
    assert "up to date" not in indexer.output
    assert indexer.stop() == 0
    assert indexer.output.count("can't resolve") <= 2  # by who pushes, and by who restores


def test_a_dead_searchengine_is_not_called_up_to_date(spawn: Spawn) -> None:
    indexer = spawn("indexer", f"-searchengine=127.0.0.1:{free_port()}", "-log=sqlite://log")
    indexer.wait_for("Connect", 20)
    assert "up to date" not in indexer.output


def test_add_says_at_once_that_it_waits(spawn: Spawn, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(json.dumps({"url": "https://example.org/", "text": "x"}))
    port, began = free_port(), time.monotonic()
    added = spawn("lightship", "add", f"-indexer=127.0.0.1:{port}", "a.jsonl")
    added.wait_for("retrying for", 20)
    assert f"127.0.0.1:{port}: " in added.output
    assert time.monotonic() - began < 20
    indexer = spawn("indexer", "-searchengine=127.0.0.1:1", "-log=sqlite://log", f"-listen=127.0.0.1:{port}")
    assert added.process.wait(60) == 0, added.output
    assert indexer.stop() == 0


def test_a_file_s_broken_lines_are_told_where_people_look(spawn: Spawn, tmp_path: Path) -> None:
    good = [
        {"url": "https://example.org/1", "text": "x"},
        {"url": "https://example.org/2", "titel": "Lamp", "text": "x"},
    ]
    lines = [json.dumps(good[0]), "{", json.dumps(good[1]), '{"url": 5}']
    (tmp_path / "docs.jsonl").write_text("\n".join(lines))
    up = spawn("lightship", "up", *_ports("up"), "docs.jsonl")
    up.wait_for("could not be read", 60)
    assert "2 lines, files or pages could not be read, 3 warnings; see lightship-data/up/logs/crawler.log:" in up.output
    wait_until(lambda: "docs.jsonl line 2: not JSON" in up.output, 60, "the first")
    assert "docs.jsonl line 3: key 'titel' is kept as a custom field; did you mean 'title'?" in up.output


@pytest.mark.parametrize("source", ["example.org", "docs.example.org/a/b", "localhost:8000"])
def test_a_website_without_its_scheme_is_known(source: str, tmp_path: Path) -> None:
    done = run("lightship", "up", source, folder=tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert f"is it a website? write https://{source}" in done.stderr


@pytest.mark.parametrize("source", ["nothing.jsonl", "notes.md", "folder", "a b.org c", "../up.org", "x.tar.gz2"])
def test_what_is_like_a_file_is_not_called_a_website(source: str, tmp_path: Path) -> None:
    assert "is it a website" not in run("lightship", "up", source, folder=tmp_path).stderr


@pytest.mark.parametrize("command", [["status"], ["--help"], ["up", "--help"], ["--version"]])
def test_nobody_who_reads_on_is_no_error(command: list[str], tmp_path: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [Path(sys.executable).with_name("lightship"), *command], cwd=tmp_path, stdout=write, stderr=subprocess.PIPE, text=True, check=False
    )  # fmt: skip
    os.close(write)
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr
