"""A searchengine with an index of 600 MB, under a limit of 256 MB."""

from __future__ import annotations

import random
import shutil
import time
import uuid
from itertools import islice
from pathlib import Path

import msgspec
import pytest
from bench.made import made_lines
from bench.segments import Made, size

from docker.conftest import Run
from lightship.core.manifest import Manifest
from lightship.core.model import Document
from made import Caller
from support import wait_until

INDEX_BYTES = 600_000_000
FOLDERS, DOCUMENTS = 15, 10_000  # 42 MB each
QUERIES = 50
TOKEN = "a secret of this test"


@pytest.fixture
def shard(tmp_path: Path) -> tuple[Made, Manifest]:
    """Make an index of as many segments as FOLDERS: one is made, and the others hold the same under other names."""
    made = Made(tmp_path, FOLDERS)
    made.commit(map(msgspec.json.Decoder(Document).decode, made_lines(DOCUMENTS)))
    first = tmp_path / "index0"
    for number in range(1, FOLDERS):
        copy_segment(first, tmp_path / f"index{number}")
    manifest = made.manifest()
    assert size(manifest) > INDEX_BYTES
    return made, manifest


def copy_segment(first: Path, other: Path) -> None:
    """Make the index in `other` one of the same segment as that in `first`, under another id."""
    [store] = first.glob("*.store")
    old, new = uuid.UUID(store.stem), uuid.uuid4()
    for path in first.glob(f"{old.hex}.*"):
        (other / path.name.replace(old.hex, new.hex)).hardlink_to(path)
    for name in ("meta.json", ".managed.json"):
        text = (first / name).read_text()
        (other / name).write_text(text.replace(str(old), str(new)).replace(old.hex, new.hex))


def test_a_searchengine_with_a_large_index_needs_little_memory(
    run: Run, shard: tuple[Made, Manifest], tmp_path: Path
) -> None:
    made, manifest = shard
    begun = time.monotonic()
    limits = ("--memory=256m", "--memory-swap=256m", "--read-only", "--volume=/data")
    container = run("/searchengine", "-deadline=60", options=(*limits, f"--env=LIGHTSHIP_TOKEN={TOKEN}"))
    caller = Caller(container.port, TOKEN)  # this machine is no container of its network
    wait_until(lambda: caller.get("/livez").status == 200, 30, "alive")
    for name in caller.put_manifest(manifest).json["files"]:
        assert caller.put_file(manifest, manifest.files[name], (made.published / name).read_bytes()).status == 201
    assert caller.put_manifest(manifest).status == 200
    assert caller.get("/status").json["documents"] == FOLDERS * DOCUMENTS
    shutil.rmtree(tmp_path / "published")

    print(f"pushed after {time.monotonic() - begun:.1f} s")
    chooser = random.Random(1)
    texts = [msgspec.json.decode(line)["text"].split() for line in islice(made_lines(DOCUMENTS), 0, DOCUMENTS, 50)]
    found = 0
    for number in range(QUERIES):
        words = " ".join(chooser.choice(texts[number % len(texts)]).strip(".,") for _ in range(1 + number % 4))
        reply = caller.get(f"/?format=json&size=10&q={words.replace(' ', '+')}".encode("ascii", "ignore").decode())
        assert reply.status == 200, reply.text
        found += reply.json["total"] > 0
    print(f"{QUERIES} queries answered after {time.monotonic() - begun:.1f} s")
    assert found > QUERIES / 2
    assert container.state["Running"]
    assert not container.state["OOMKilled"]
    assert "Traceback" not in container.output
    assert container.stop()[0] == 0
