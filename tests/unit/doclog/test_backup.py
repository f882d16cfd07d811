"""Backups of a log: made during writes, restored with a new id, from and to either backend."""

from __future__ import annotations

import os
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from lightship.core.errors import ConfigurationError, InvalidInputError
from lightship.core.model import PARTITIONS, Change
from lightship.doclog import Log, open_log
from lightship.doclog.backup import Copied, back_up, restore_file, restore_into
from made import page
from nats_servers import Nats, NatsServer

DOCUMENTS = 1200  # more than one batch


def quiet(_: Copied) -> None:
    """Ignore progress."""


def titles(log: Log) -> dict[str, str]:
    found: dict[str, str] = {}
    for partition in range(PARTITIONS):
        after = 0
        while entries := log.read(partition, after):
            found |= {entry.url: entry.document.text for entry in entries if entry.document}
            after = entries[-1].sequence
    return found


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log.sqlite"


def opened(path: Path) -> closing[Log]:
    return closing(open_log(f"sqlite://{path}"))


def test_a_backup_has_what_was_put_before_it_began_while_others_put(path: Path, tmp_path: Path) -> None:
    with opened(path) as log, opened(path) as writer:
        log.put([Change.put(page(number)) for number in range(DOCUMENTS)])
        log.put([Change.delete(page(number).url) for number in range(10)])
        stop, count = threading.Event(), 0

        def write() -> None:
            nonlocal count
            while not stop.is_set():
                writer.put([Change.put(page(20, f"version {count}"))])
                count += 1

        thread = threading.Thread(target=write)
        thread.start()
        try:
            for number in range(5):
                least = count
                copied = back_up(log, str(tmp_path / f"backup{number}"), quiet)
                assert (copied.documents, copied.damaged) == (DOCUMENTS - 10, [])
                with opened(tmp_path / f"backup{number}") as copy:
                    found = titles(copy)
                assert len(found) == DOCUMENTS - 10
                assert least == 0 or int(found[page(20).url].split()[-1]) >= least - 1
        finally:
            stop.set()
            thread.join()
        assert count > 5


def test_a_backup_and_a_restored_log_are_on_the_disk_before_they_get_their_names(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[tuple[str, str]] = []
    rename = os.rename

    def renamed(old: str, new: str) -> None:
        steps.append(("rename", new))
        rename(old, new)

    monkeypatch.setattr(os, "rename", renamed)
    monkeypatch.setattr("lightship.doclog.backup.sync", lambda synced: steps.append(("sync", synced)))
    backup, restored = str(tmp_path / "backup"), str(tmp_path / "restored")
    with opened(path) as log:
        log.put([Change.put(page(1))])
        back_up(log, backup, quiet)
    restore_file(backup, restored, replace=False)
    assert steps == [
        step
        for made in (backup, restored)
        for step in (("sync", f"{made}.part"), ("rename", made), ("sync", str(tmp_path)))
    ]


def test_a_restored_log_is_another_one_with_the_same_documents(path: Path, tmp_path: Path) -> None:
    backup = str(tmp_path / "backup")
    with opened(path) as log:
        log.put([Change.put(page(number)) for number in range(9)])
        lease, order = log.acquire("shard", "one", 3600), log.order("layout/a")
        old = log.span(0).log_id
        back_up(log, backup, quiet)
        log.put([Change.put(page(10))])
    former = restore_file(backup, str(path), replace=True)
    with opened(path) as log, opened(Path(former)) as kept:
        assert titles(log) == {page(number).url: page(number).text for number in range(9)}
        assert titles(kept).keys() == titles(log).keys() | {page(10).url}
        assert log.span(0).log_id != old
        assert log.order("layout/a") == order
        taken = log.acquire("shard", "two", 3600)
        assert taken, "nobody holds a lease of then"
        assert lease
        assert taken.epoch > lease.epoch


def test_a_log_is_not_replaced_by_oversight_or_under_a_program(path: Path, tmp_path: Path) -> None:
    backup = str(tmp_path / "backup")
    with opened(path) as log:
        log.put([Change.put(page(1))])
        back_up(log, backup, quiet)
        with pytest.raises(ConfigurationError, match="in use; stop the programs"):
            restore_file(backup, str(path), replace=True)
        log.put([Change.put(page(2))])
        assert len(titles(log)) == 2
        with pytest.raises(ConfigurationError, match="already exists"):
            back_up(log, backup, quiet)
    with pytest.raises(ConfigurationError, match="already contains documents; add -replace"):
        restore_file(backup, str(path), replace=False)
    with opened(path) as log:
        assert len(titles(log)) == 2


def test_damage_is_told(path: Path, tmp_path: Path) -> None:
    with opened(path) as log:
        log.put([Change.put(page(number)) for number in range(9)])
        with closing(sqlite3.connect(path)) as db, db:
            db.execute(
                "update docs set value = substr(value, 1, length(value) - 1) || x'00' where url = ?", (page(4).url,)
            )
        copied = back_up(log, str(tmp_path / "backup"), quiet)
    assert copied.documents == 8
    assert len(copied.damaged) == 1
    assert page(4).url in copied.damaged[0]
    content = bytearray((tmp_path / "backup").read_bytes())
    content[8192:9000] = bytes(808)
    (tmp_path / "damaged").write_bytes(content)
    (tmp_path / "text").write_text("not a database")
    for name, told in (("damaged", "damaged"), ("text", "not a Lightship log")):
        with pytest.raises(InvalidInputError, match=told):
            restore_file(str(tmp_path / name), str(tmp_path / "other.sqlite"), replace=False)
    with pytest.raises(ConfigurationError, match="does not exist"):
        restore_file(str(tmp_path / "nowhere"), str(tmp_path / "other.sqlite"), replace=False)
    assert not list(tmp_path.glob("other.sqlite*"))
    assert not list(tmp_path.glob("*.part*"))


@pytest.mark.nats
def test_a_log_on_nats_is_backed_up_and_restored_to_either_kind(path: Path, tmp_path: Path) -> None:
    server = NatsServer(tmp_path / "nats")
    server.start()
    backup = str(tmp_path / "backup")
    try:
        with closing(open_log(Nats([server]).url("first"))) as log:
            log.put([Change.put(page(number)) for number in range(DOCUMENTS)])
            log.put([Change.delete(page(number).url) for number in range(10)])
            expected = titles(log)
            assert back_up(log, backup, quiet) == (DOCUMENTS - 10, [])
            with pytest.raises(ConfigurationError, match="already contains documents"):
                restore_into(backup, log, quiet)
        with closing(open_log(Nats([server]).url("second"))) as log:
            assert restore_into(backup, log, quiet).documents == DOCUMENTS - 10
            assert titles(log) == expected
    finally:
        server.stop()
    assert restore_file(backup, str(path), replace=False) == ""
    with opened(path) as log:
        assert titles(log) == expected
