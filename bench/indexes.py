"""Indexes that are built once and kept in the system's temporary folder, by all that decides what is in them."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from functools import cache
from importlib.metadata import version
from pathlib import Path

from bench.progress import step
from lightship.core.model import Document
from lightship.index.fields.schema import SCHEMA_VERSION
from lightship.judging.local import LocalIndex, build

KEPT = 24  # those used last: about 3 GB of the collections and pages that the benchmarks use
FOLDER = Path(tempfile.gettempdir()) / f"lightship-bench-indexes.{os.getuid()}"
_SECONDS = "seconds"  # the file that says how long it took
_WRITERS = "import sys, lightship.index.writer, lightship.documents.jsonl as _; print(*sys.modules)"


def kept_index(name: str, facts: object, documents: Callable[[], Iterable[Document]]) -> tuple[LocalIndex, float]:
    """Return the index of `documents()`, and the seconds that building it took; built only when there is none yet."""
    folder = kept_folder(name, facts, documents)
    return LocalIndex(str(folder)), float((folder / _SECONDS).read_text())


def kept_folder(name: str, facts: object, documents: Callable[[], Iterable[Document]], declaration: str = "") -> Path:
    """Return a searchengine's data folder with the index of `documents()`; built only when there is none yet.

    `facts` (as JSON) tell which documents these are. The code that writes an index counts, too; that of queries does not.
    """
    told = json.dumps([name, facts, declaration, SCHEMA_VERSION, version("tantivy"), _digest_of_writers()], default=str)
    folder = FOLDER / f"{name}-{hashlib.sha256(told.encode()).hexdigest()[:16]}"
    if folder.exists():
        step(f"{name}: the index of an earlier run, {folder}")
    else:
        _build(folder, documents(), declaration)
    os.utime(folder)
    for old in sorted(FOLDER.iterdir(), key=lambda each: each.stat().st_mtime)[:-KEPT]:
        shutil.rmtree(old, ignore_errors=True)
    return folder


def _build(folder: Path, documents: Iterable[Document], declaration: str) -> None:
    """Build the index under another name, so that `folder` is complete, also when two processes build it."""
    FOLDER.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=FOLDER) as parent:
        made, started = Path(parent) / "index", time.perf_counter()
        build(str(made), documents, declaration=declaration)
        (made / _SECONDS).write_text(f"{time.perf_counter() - started:.1f}")
        with contextlib.suppress(OSError):  # the other process was first
            made.rename(folder)


def facts_of(path: Path) -> tuple[str, int, int]:
    """Return what changes when the file at `path` does."""
    status = path.stat()
    return str(path.resolve()), status.st_size, status.st_mtime_ns


@cache
def _digest_of_writers() -> str:
    """Return a digest of the modules of Lightship that a document passes through on its way into an index."""
    found = subprocess.run([sys.executable, "-c", _WRITERS], check=True, capture_output=True, text=True).stdout
    names = sorted(name for name in found.split() if name.startswith("lightship"))
    files = [file for name in names if (file := getattr(__import__(name, fromlist=["_"]), "__file__", None))]
    return hashlib.sha256(b"".join(Path(file).read_bytes() for file in files)).hexdigest()
