"""What lies in the folder in which people type our commands is never run: neither scripts, nor modules named like ours or Python's."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from cluster.client import documents, free_ports
from made import page
from support import Program, free_port, wait_until

Spawn = Callable[..., Program]

TRAPS = (
    "script", "json", "logging", "asyncio", "multiprocessing", "pydoc", "pkgutil", "socket", "sitecustomize", "usercustomize",
    "uvicorn", "tantivy", "pypdfium2", "lightship/__init__", "lightship/indexer/main", "encodings/__init__", "aaa", "test/__init__",
)  # fmt: skip
SPRUNG = "sprung"


@pytest.fixture
def traps(tmp_path: Path) -> Iterator[Path]:
    """Fill the folder in which `spawn` starts programs; at the end no trap may have been sprung."""
    for name in TRAPS:
        trap = tmp_path / f"{name}.py"
        trap.parent.mkdir(parents=True, exist_ok=True)
        trap.write_text(f"open({str(tmp_path / SPRUNG)!r}, 'a').write({name!r} + '\\n')\n")
    (tmp_path / "conftest.pth").write_text("import script\n")
    yield tmp_path
    assert not (tmp_path / SPRUNG).exists(), (tmp_path / SPRUNG).read_text()


def test_up_without_a_source_runs_nothing_of_the_folder(spawn: Spawn, traps: Path) -> None:
    port = free_ports(2)
    up = spawn("lightship", "up", f"-port={port}", "-standbys=1")
    asked = (traps / "lightship-data/up/pydoc-port").read_text
    for name in ("script", "aaa", "json"):  # what the crawler comes to in time
        address = wait_until(lambda name=name: f"http://127.0.0.1:{asked()}/{name}.html", 20, "the port")  # type: ignore[misc]
        wait_until(lambda address=address: urlopen(address, timeout=20).read(), 30, address)  # type: ignore[misc]
    wait_until(lambda: documents(port) >= 20, 60, "20 pages searchable")
    index = urlopen(f"http://127.0.0.1:{asked()}/", timeout=20).read().decode()
    assert "sprung" not in index
    assert "script.html" not in index
    for command in ("add", "status", "explain", "promote"):
        spawn("lightship", command, "--help").process.wait(20)
    assert up.stop(20) == 0


def test_neither_a_document_nor_workers_have_anything_of_the_folder_run(spawn: Spawn, traps: Path) -> None:
    port, listen = free_port(), free_port()
    searchengine = spawn("searchengine", f"-addr=127.0.0.1:{port}", "-workers=2", "-drain=0")
    indexer = spawn("indexer", f"-searchengine=127.0.0.1:{port}", f"-listen=127.0.0.1:{listen}", "-log=sqlite://log")
    indexer.wait_for("accepting documents", 20)
    (traps / "a.jsonl").write_text(json.dumps({"url": page(1).url, "text": "x"}))
    added = spawn("lightship", "add", f"-indexer=127.0.0.1:{listen}", "a.jsonl")
    assert added.process.wait(30) == 0, added.output
    wait_until(lambda: documents(port) == 1, 30, "the document searchable")
    assert searchengine.stop(20) == 0
