"""`lightship check`: verifies the checksums of everything in data folders, and says how to repair damage."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import apsw
import msgspec

from lightship.config import CheckSettings, parse_settings
from lightship.core.errors import ConfigurationError, DamagedError, LightshipError, WrongAnswerError
from lightship.core.manifest import Manifest, is_layout
from lightship.crawler.state.store import FILE as FRONTIER
from lightship.doclog.backup import verified
from lightship.doclog.sqlite import SqliteLog
from lightship.index.storage.index_meta import check_managed, check_meta
from lightship.index.storage.segments import composed, read_and_check
from lightship.indexer.recovery.recovery import UNCLEAN
from lightship.runtime.files import unsealed

LOOK_AGAIN_SECONDS = 1.0
DEPTH = 3  # of nested folders that are searched
SEND_AGAIN = "start the searchengine; it discards the file and its indexer sends it again"
TAKE_AGAIN = "stop the indexer and remove {folder}; it then restores its shard from a searchengine or from the log"

START_AGAIN = "restart the indexer; it repairs this, or restores its shard from a searchengine or from the log"


class Finding(NamedTuple):
    """What was read, and what is wrong with it; `damage` is empty if it is intact."""

    name: str
    damage: str


def check(arguments: Sequence[str]) -> None:
    """Print one line per item found in the folders; raises WrongAnswerError if any of them is damaged."""
    _, folders = parse_settings(
        CheckSettings, "lightship check", arguments, positional="FOLDER",
        description="Verify the data folders of any program, or the file of a document log. Nothing is changed.",
    )  # fmt: skip
    if not folders:
        raise ConfigurationError("lightship check: no folder given; name a data folder, or the file of a log")
    damaged = count = 0
    for folder in folders:
        if not os.path.exists(folder):
            raise ConfigurationError(f"{folder} does not exist; name a data folder, or the file of a log")
        for finding in findings(Path(folder), DEPTH):
            count += 1
            damaged += bool(finding.damage)
            print(f"DAMAGED  {finding.name}: {finding.damage}" if finding.damage else f"ok       {finding.name}")  # noqa: T201
    if not count:
        raise ConfigurationError(f"no Lightship data found in {', '.join(folders)}; name the data folder of a program")
    if damaged:
        raise WrongAnswerError(f"{damaged} of {count} items are damaged")


def findings(path: Path, depth: int) -> Iterator[Finding]:
    """Yield a finding for each item at `path` and in the folders below it."""
    if path.is_file():
        yield from _database(path)
        return
    if (path / "layouts").is_dir():
        for layout in sorted((path / "layouts").iterdir()):
            yield from _replica(layout)
        return
    if is_layout(path.name) and (path / "published").is_dir():
        yield from _shard(path)
        return
    for each in sorted(path.iterdir()):
        if each.is_dir() and not each.is_symlink() and depth:
            yield from findings(each, depth - 1)
        elif each.suffix == ".sqlite":
            yield from _database(each)


def _replica(layout: Path) -> Iterator[Finding]:
    try:
        manifests = composed(str(layout))
    except LightshipError as error:
        yield Finding(str(layout), f"{error}; start the searchengine; its indexers send it again")
        return
    yield from _files(layout, manifests, SEND_AGAIN)


def _shard(folder: Path) -> Iterator[Finding]:
    advice = TAKE_AGAIN.format(folder=folder)
    for name in ("positions.json", "manifest.json", "warm/manifest.json"):
        if (folder / name).exists():
            yield _sealed(folder / name, advice)
    for index in ("index", "small"):
        if (folder / index).is_dir():
            yield from _index(folder / index)
    with contextlib.suppress(OSError, msgspec.MsgspecError, DamagedError):
        manifest = msgspec.json.decode(unsealed((folder / "manifest.json").read_bytes()), type=Manifest)
        yield from _files(folder / "published", [manifest], advice)


def _index(folder: Path) -> Iterator[Finding]:
    """Look at what tantivy writes to say which files are its own; the segments are those that are published."""
    for name, looked in (("meta.json", _check_meta), (".managed.json", check_managed)):
        yield Finding(str(folder / name), _damage(looked, str(folder)))


def _check_meta(folder: str) -> None:
    check_meta(folder, crashed=(Path(folder).parent / UNCLEAN).exists())


def _damage(look: Callable[[str], None], folder: str) -> str:
    """Return what is wrong, also when looked at again: a running indexer may just be writing."""
    for last in (False, False, True):
        try:
            look(folder)
        except DamagedError as error:
            if last:
                return f"{error}; {START_AGAIN}"
            time.sleep(LOOK_AGAIN_SECONDS)
        else:
            break
    return ""


def _sealed(path: Path, advice: str) -> Finding:
    try:
        msgspec.json.decode(unsealed(path.read_bytes()))
    except (DamagedError, msgspec.MsgspecError) as error:
        return Finding(str(path), f"{error}; {advice}")
    return Finding(str(path), "")


def _files(folder: Path, manifests: Sequence[Manifest], advice: str) -> Iterator[Finding]:
    count = size = 0
    for file in (file for manifest in manifests for file in manifest.files.values()):
        path = folder / file.name
        try:
            if not path.exists():
                raise DamagedError(f"{path} is missing")
            for _ in read_and_check(str(path), file):
                pass
            count, size = count + 1, size + file.size
        except DamagedError as error:
            yield Finding(str(path), f"{error}; {advice}")
    yield Finding(f"{folder}: {count} files, {size / 1e6:.1f} MB", "")


def _database(path: Path) -> Iterator[Finding]:
    frontier = path.name == FRONTIER
    advice = (
        "stop the crawler and remove the file; it then fetches everything again"
        if frontier
        else "stop the programs that use it and restore a backup with `lightship log restore`"
    )
    wrong = _structure(path)
    yield Finding(f"{path}", f"{wrong}; {advice}" if wrong else "")
    if not frontier and not wrong:
        yield from _documents(path)


def _structure(path: Path) -> str:
    try:
        with contextlib.closing(apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)) as db:
            found: str = db.execute("pragma integrity_check(1)").get
            return "" if found == "ok" else found
    except apsw.Error as error:
        return str(error)


def _documents(path: Path) -> Iterator[Finding]:
    try:
        with contextlib.closing(SqliteLog(str(path))) as log:
            copied = verified(log)
    except LightshipError as error:
        yield Finding(str(path), str(error))
        return
    for damaged in copied.damaged:
        yield Finding(str(path), damaged)
    yield Finding(f"{path}: {copied.documents} documents", "")
