"""A log, a searchengine, and indexers of its one shard, in this process."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path
from urllib.parse import quote

import msgspec

from lightship.core.manifest import Layout, Manifest
from lightship.core.model import Change, Document
from lightship.doclog import open_log
from lightship.index.fields.schema import SCHEMA_VERSION
from lightship.indexer.recovery.standby import StandbyCopy
from lightship.indexer.shard.shard import Shard
from made import Caller, words

STOPPED = threading.Event()
LAYOUT = Layout(1, SCHEMA_VERSION)


class Lab:
    """A log, a searchengine, and indexers of its one shard, each in its own folder."""

    def __init__(self, folder: Path, replica: Caller) -> None:
        self.folder, self.replica = folder, replica
        self.log = open_log(f"sqlite://{folder}/log.sqlite")
        self.names = [f"127.0.0.1:{replica.port}"]
        self.epoch = 0

    def put(self, *documents: Document) -> None:
        self.log.put([Change.put(document) for document in documents])

    def standby(self, name: str = "first") -> StandbyCopy:
        return StandbyCopy(str(self.folder / name / LAYOUT.name), LAYOUT, 0, self.names, "")

    def start(self, name: str = "first", *, restore: bool = True) -> tuple[Shard, list[Manifest]]:
        self.epoch += 1
        published: list[Manifest] = []
        shard = Shard(
            self.log, str(self.folder / name), layout=LAYOUT, order=1, shard=0, epoch=self.epoch, heap_bytes=16 << 20, threads=1,
            publish=published.append, standby=self.standby(name) if restore else None,
        )  # fmt: skip
        shard._pace = lambda: 1000.0  # type: ignore[method-assign]  # a busy machine commits no earlier than a quick one
        return shard, published

    def index(self, name: str = "first", *, restore: bool = True, move: bool = True) -> tuple[int, Manifest]:
        """Index the log; return the number of replayed changes, and the last manifest."""
        shard, published = self.start(name, restore=restore)
        while shard._read_round(STOPPED):
            pass
        if move:
            shard.finish()
        else:
            shard._commit()
        shard.close()
        return shard.applied, published[-1]

    def push(self, manifest: Manifest, name: str = "first") -> list[str]:
        """Push a manifest like the indexer; return the names of the missing files."""
        reply = self.replica.put_manifest(manifest)
        missing: list[str] = reply.json["files"] if reply.status == 202 else []
        for file in missing:
            content = (self.folder / name / LAYOUT.name / "published" / file).read_bytes()
            assert self.replica.put_file(manifest, manifest.files[file], content).status == 201
        assert self.replica.put_manifest(manifest).status == 200
        return missing

    def answers(self) -> list[bytes]:
        """Return the exact hits of many queries."""
        queries = [*words(60, 1), " ".join(words(5, 1)), "搜索", "page", "newer"]
        found = [self.replica.get(f"/?q={quote(query)}&size=50&format=json").json for query in queries]
        return [msgspec.json.encode([answer["total"], answer["hits"]]) for answer in found]

    def lose(self, name: str = "first") -> None:
        shutil.rmtree(self.folder / name)
