"""The commands of docs/intake.md, run as they stand there, give the answers that stand there."""

from __future__ import annotations

import gzip
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from made import Caller
from support import ROOT, Program, free_port, require, wait_until

COMMANDS = ("curl", "zstd", "lightship")
LINES = b"".join(b'{"url": "https://example.org/%d", "text": "A document."}\n' % number for number in (10, 11, 12))


def blocks() -> list[str]:
    """Return the indented blocks of docs/intake.md, without their indentation."""
    text = (ROOT / "docs" / "intake.md").read_text()
    found = re.findall(r"(?:^ {4}.+\n)+", text, re.MULTILINE)
    return [re.sub(r"^ {4}", "", block, flags=re.MULTILINE).strip() for block in found]


def is_ready(port: int) -> bool:
    return Caller(port).get("/readyz").status == 200


def position(text: str) -> str:
    found = re.search(r'"position":"([^"]*)"', text)
    return found[1] if found else ""


def test_the_commands_of_the_intake_do_what_is_documented(tmp_path: Path, spawn: Callable[..., Program]) -> None:
    for command in COMMANDS[:2]:
        require(command, shutil.which(command))
    search, intake = free_port(), free_port()
    spawn("searchengine", f"-addr=127.0.0.1:{search}", "-data=se")
    spawn(
        "indexer", f"-log=sqlite://{tmp_path}/log", f"-listen=127.0.0.1:{intake}", "-data=ix",
        f"-searchengine=127.0.0.1:{search}",
    )  # fmt: skip
    for port in (search, intake):
        wait_until(partial(is_ready, port), 30, f"{port} is ready")
    (tmp_path / "documents.jsonl").write_bytes(LINES)
    (tmp_path / "documents.jsonl.gz").write_bytes(gzip.compress(LINES))
    (tmp_path / ".curlrc").write_text("silent\nshow-error\n")
    run = partial(answer, folder=tmp_path, search=search, intake=intake)

    printed, positions, compared = "", dict[str, str](), 0
    for block in blocks():
        if block.startswith(COMMANDS):
            printed = run(block, positions=positions)
        elif block.startswith("{"):
            assert told(printed) == told(block)
            positions[position(block)] = position(printed)
            compared += 1
    assert compared >= 5


def answer(block: str, *, folder: Path, search: int, intake: int, positions: dict[str, str]) -> str:
    """Return what `block` prints; a search's answer must have hits."""
    command = block.replace("localhost:8080", f"127.0.0.1:{search}")
    command = re.sub(r"(localhost|ix1|ix2):9090", f"127.0.0.1:{intake}", command)
    for documented, true in positions.items():
        command = command.replace(documented, true) if documented else command
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-ec", command], cwd=folder, env={**os.environ, "PATH": path, "CURL_HOME": str(folder)},
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    if "/search?" in block:
        assert '"total":1,' in done.stdout
    return done.stdout.strip()


def told(text: str) -> str:
    """Return an answer without what differs in each run: the log's name."""
    return re.sub(r'"position":"[0-9a-f]{8}-', '"position":"', text)
