"""`lightship up` prints what its parts report to be wrong, once each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from lightship.cli.local import disk_space as module
from lightship.cli.local.disk_space import DiskSpace
from lightship.doclog.sqlite import SqliteLog
from lightship.intake.messages import ShardStatus
from lightship.intake.server import taking_in
from made import Caller
from support import filled, free_port

LINE = b'{"url": "https://example.org/", "text": "%s"}' % (b"t" * 100_000)


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ASK_SECONDS", 0.0)


def test_a_full_log_is_told_until_it_has_room(mount: Callable[..., Path]) -> None:
    disk = mount("log", 32)
    log = SqliteLog(str(disk / "log.sqlite"))
    with taking_in("127.0.0.1:0", log, str(disk)) as port:
        disk_space, caller = DiskSpace({"indexer-0": f"127.0.0.1:{port}"}), Caller(port)
        assert disk_space.changes() == []
        with filled(disk):
            assert caller.call("POST", "/documents", LINE).status == 507
            (told,) = disk_space.changes()
            assert told.startswith("indexer-0: no space left to write to")
            assert disk_space.changes() == []
        assert caller.call("POST", "/documents", LINE).status == 200
        assert disk_space.changes() == ["indexer-0: there is free space again"]
    log.close()


def test_an_indexer_that_waits_is_told(tmp_path: Path) -> None:
    log, waits = SqliteLog(str(tmp_path / "log.sqlite")), ["indexing waits for disk space", "indexing waits again", ""]

    def shard() -> ShardStatus:
        return ShardStatus(
            layout="s1v2",
            shard=0,
            leads=False,
            epoch=0,
            generation=0,
            documents=0,
            lag_seconds=None,
            waits=waits.pop(0),
        )

    with taking_in("127.0.0.1:0", log, str(tmp_path), shard=shard) as port:
        disk_space = DiskSpace({"indexer-0": f"127.0.0.1:{port}", "indexer-1": f"127.0.0.1:{free_port()}"})
        assert disk_space.changes() == ["indexer-0: indexing waits for disk space"]
        assert disk_space.changes() == []
        assert disk_space.changes() == ["indexer-0: there is free space again"]
    log.close()
