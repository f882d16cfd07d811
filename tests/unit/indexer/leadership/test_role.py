"""An indexer leads while it holds its shard's lease."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from lightship.core.manifest import Layout
from lightship.doclog import open_log
from lightship.index.fields.schema import SCHEMA_VERSION
from lightship.indexer.leadership.role import Role
from lightship.indexer.publish import metrics
from support import free_port, wait_until


def test_who_leads_tells_its_lag_and_gives_the_lease_up_when_it_stops(tmp_path: Path) -> None:
    log, stop = open_log(f"sqlite://{tmp_path}/log.sqlite"), threading.Event()
    nobody = [f"127.0.0.1:{free_port()}"]
    turns = Role(log, str(tmp_path), Layout(1, SCHEMA_VERSION), 0, nobody, "", 300.0, 16 << 20, 1)
    thread = threading.Thread(target=turns.run, args=(stop,), daemon=True)
    thread.start()
    try:
        wait_until(lambda: turns.status().leads, 20, "it leads")
        assert log.acquire("s1v2/0", "other", 300.0) is None
        wait_until(lambda: 0 <= (turns.status().lag_seconds or 0) < 100, 20, "it has read all")

        def lags() -> bool:
            metrics.note_read(time.time() - 200)  # until it reads again
            return (turns.status().lag_seconds or 0) >= 200

        wait_until(lags, 20, "it tells how long ago it read")
    finally:
        stop.set()
        thread.join(30)
    assert not thread.is_alive()
    assert not turns.status().leads
    assert log.acquire("s1v2/0", "other", 300.0)
    log.close()
