"""How a shard handles a log that was restored from a backup, or is damaged."""

from __future__ import annotations

import os
import shutil
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from lightship.core.errors import ConfigurationError, ReplacedError
from lightship.core.model import Change
from lightship.doclog import open_log
from lightship.indexer.leadership.role import Role
from lightship.indexer.publish import metrics
from lightship.searchengine.store import store
from made import page
from support import wait_until
from unit.indexer.lab import LAYOUT, Lab


def back_up(lab: Lab) -> None:
    with (
        closing(sqlite3.connect(lab.folder / "log.sqlite")) as source,
        closing(sqlite3.connect(lab.folder / "b")) as copy,
    ):
        source.backup(copy)


def restore(lab: Lab) -> None:
    lab.log.close()
    for suffix in ("", "-wal", "-shm"):
        (lab.folder / f"log.sqlite{suffix}").unlink(missing_ok=True)
    shutil.copy(lab.folder / "b", lab.folder / "log.sqlite")
    lab.log = open_log(f"sqlite://{lab.folder}/log.sqlite")


@pytest.mark.parametrize("where", ["own index", "replica"])
def test_a_restored_log_that_has_grown_past_a_shard_is_read_anew(
    lab: Lab, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        store, "HOLD_BACK_SECONDS", 0.0
    )  # the log has kept its id: the replica can't know that it went back
    lab.put(*map(page, range(20)))
    lab.index()
    back_up(lab)
    lab.put(*map(page, range(20, 50)))  # lost with the log
    lab.push(lab.index()[1])
    restore(lab)
    lab.put(*map(page, range(100, 150)))
    if where == "replica":
        lab.lose()
    replayed, manifest = lab.index()
    assert replayed == 70
    assert manifest.documents == 70
    lab.push(manifest)


def test_a_restored_log_that_a_shard_has_not_read_further_than_is_gone_on_with(lab: Lab) -> None:
    lab.put(*map(page, range(20)))
    lab.index()
    back_up(lab)
    lab.put(page(20))
    restore(lab)
    lab.put(page(21))
    assert lab.index()[0] == 1


def test_a_log_that_is_replaced_under_a_shard_is_noticed(lab: Lab) -> None:
    lab.put(page(1))
    back_up(lab)
    lab.put(page(2))
    shard, published = lab.start()
    while shard._read_round(threading.Event()):
        pass
    shard._commit()
    restore(lab)
    lab.put(page(3), page(4))
    shard._log = lab.log
    while shard._read_round(threading.Event()):
        pass
    count = len(published)
    with pytest.raises(ConfigurationError, match=r"replaced by an older state .* restart this program"):
        shard._commit()
    assert len(published) == count
    shard.close()
    assert lab.index()[0] == 3


@pytest.mark.parametrize("leads", [True, False])
def test_an_indexer_ends_when_the_file_of_its_log_is_replaced(lab: Lab, leads: bool) -> None:
    """Only a restart opens the new file."""
    lab.put(page(1))
    back_up(lab)
    log = open_log(f"sqlite://{lab.folder}/log.sqlite")
    if not leads:
        assert log.acquire("s1v2/0", "another", 300.0)
    (lab.folder / "first").mkdir()
    role = Role(log, str(lab.folder / "first"), LAYOUT, 0, lab.names, "", 3.0, 16 << 20, 1)
    with ThreadPoolExecutor(1) as pool:
        ended = pool.submit(role.run, stop := threading.Event())
        try:
            wait_until(lambda: role.status().leads == leads and role.status().documents == leads, 30, "it runs")
            os.replace(lab.folder / "b", lab.folder / "log.sqlite")
            with pytest.raises(ReplacedError, match="was replaced while programs were using it"):
                ended.result(30)
        finally:
            stop.set()
    log.close()


def test_a_damaged_entry_is_left_out_and_holds_up_nothing(lab: Lab, caplog: pytest.LogCaptureFixture) -> None:
    lab.put(*map(page, range(10)))
    lab.index()
    lab.log.put([Change.put(page(number, "newer page")) for number in range(10)])
    with closing(sqlite3.connect(lab.folder / "log.sqlite")) as db, db:
        (value,) = db.execute("select value from docs where url = ?", (page(4).url,)).fetchone()
        damaged = value[:-3] + bytes([value[-3] ^ 1]) + value[-2:]
        db.execute("update docs set value = ? where url = ?", (damaged, page(4).url))
    before = metrics.DAMAGED._value.get()
    _, manifest = lab.index()
    assert manifest.documents == 10, "what was indexed of it before stays"
    assert metrics.DAMAGED._value.get() == before + 1
    assert page(4).url in caplog.text
    assert "put it again" in caplog.text
    lab.push(manifest)
    assert len(lab.replica.found("newer")) == 9
    lab.put(page(4, "newest page"))
    lab.push(lab.index()[1])
    assert lab.replica.found("newest") == [page(4).url]
