"""A manifest contains everything put before its `fresh_as_of`, even while the indexer is behind."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from lightship.core.manifest import Layout, Manifest
from lightship.core.model import Change, Document
from lightship.doclog import open_log
from lightship.index.fields.schema import SCHEMA_VERSION
from lightship.indexer.shard.shard import Shard
from support import wait_until

BATCHES, BATCH = 30, 400


def test_nothing_older_than_fresh_as_of_is_missing(tmp_path: Path) -> None:
    log = open_log(f"sqlite://{tmp_path}/log.sqlite")
    stop, broken, published = threading.Event(), list[str](), list[Manifest]()
    put_at: dict[str, float] = {}  # when the put of a url returned: a log's own times are a little earlier

    def publish(manifest: Manifest) -> None:
        published.append(manifest)
        for partition in range(log.partitions):
            missing = log.read(partition, manifest.positions[str(partition)], 1)
            late = manifest.fresh_as_of - put_at.get(missing[0].url, time.time()) if missing else 0.0
            if late > 0:
                broken.append(f"generation {manifest.generation}: lacks what was put {late:.3f} s before")

    layout = Layout(1, SCHEMA_VERSION)
    shard = Shard(
        log, str(tmp_path), layout=layout, order=1, shard=0, epoch=1, heap_bytes=64 << 20, threads=1, publish=publish
    )
    indexer = threading.Thread(target=shard.run, args=(stop,))
    indexer.start()
    for batch in range(BATCHES):
        urls = [f"https://example.org/{number}" for number in range(batch * BATCH, (batch + 1) * BATCH)]
        log.put([Change.put(Document(url=url, text=f"page {url} " * 50)) for url in urls])
        put_at |= dict.fromkeys(urls, time.time())
        if batch % (BATCHES // 4) == 0:  # so that it publishes in between on a busy machine, too
            before = len(published)
            wait_until(lambda before=before: len(published) > before, 30, "a manifest")  # type: ignore[misc]
    ended = time.time()
    wait_until(lambda: published and published[-1].fresh_as_of > ended, 30, "all indexed, and told so")
    stop.set()
    indexer.join()
    log.close()
    assert published[-1].documents == BATCHES * BATCH
    assert len(published) > 3
    assert broken == []
