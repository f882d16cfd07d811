"""The specifics of the SQLite log: its file, its settings, and how errors with them are reported."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import apsw
import pytest

from lightship.core.errors import ConfigurationError, DamagedError, IncompatibleIndexError, UnavailableError
from lightship.core.model import Change, Document, partition_of
from lightship.doclog import open_log
from lightship.doclog.sqlite import SqliteLog
from lightship.runtime import database as database_module

CHANGE = Change.put(Document(url="https://example.org/", text="text"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log.sqlite"


@pytest.fixture
def log(path: Path) -> Iterator[SqliteLog]:
    opened = SqliteLog(str(path))
    yield opened
    opened.close()


def test_sqlite_has_no_wal_reset_bug() -> None:
    assert tuple(map(int, apsw.sqlite_lib_version().split("."))) >= (3, 51, 3)


def test_every_connection_is_durable(log: SqliteLog) -> None:
    def settings() -> tuple[object, ...]:
        with log._database.access() as db:
            return db.pragma("journal_mode"), db.pragma("synchronous")

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(settings).result() == settings() == ("wal", 2)


def test_a_relative_url_is_one_file_wherever_the_process_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    log = open_log("sqlite://data/log.sqlite")
    monkeypatch.chdir("/")
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(log.put, [CHANGE]).result()
    log.close()
    assert (tmp_path / "data" / "log.sqlite").exists()


@pytest.mark.parametrize("url", ["", "log.sqlite", "sqlite:", "sqlite://", "sqlite:///", "postgres://x/y"])
def test_a_wrong_url_is_told(url: str) -> None:
    with pytest.raises(ConfigurationError):
        open_log(url)


@pytest.mark.parametrize("content", [b"", None])
def test_an_empty_file_becomes_a_log(path: Path, content: bytes | None) -> None:
    if content is not None:
        path.write_bytes(content)
    log = SqliteLog(str(path))
    assert log.put([CHANGE])
    log.close()


def test_rows_of_an_earlier_release_have_no_checksum_and_new_ones_have(path: Path, log: SqliteLog) -> None:
    other = Change.put(Document(url="https://example.org/other"))
    log.put([CHANGE])
    with log._database.transaction() as db:
        db.execute("alter table docs drop column checksum")
    partition = partition_of(CHANGE.url)
    assert [entry.document for entry in log.read(partition, 0)] == [CHANGE.document]
    log.put([other])
    assert [entry.document for entry in log.read(partition, 0)] == [CHANGE.document]
    with log._database.transaction() as db:
        assert db.execute("select url from docs where checksum is null").fetchall() == [(CHANGE.url,)]
        db.execute("update docs set time = time + 1 where url = ?", (other.document.url if other.document else "",))
    with pytest.raises(DamagedError, match="put it again"):
        log.read(partition_of(other.url), 0)


def test_a_file_that_is_no_database_is_refused_and_kept(path: Path) -> None:
    path.write_bytes(b"precious text " * 1000)
    with pytest.raises(IncompatibleIndexError, match=str(path)):
        SqliteLog(str(path))
    assert path.read_bytes() == b"precious text " * 1000


def test_another_programs_database_is_refused_and_kept(path: Path) -> None:
    other = apsw.Connection(str(path))
    other.execute("create table notes (note)")
    other.close()
    before = path.read_bytes()
    with pytest.raises(IncompatibleIndexError, match=f"{path} is the SQLite database of another program"):
        SqliteLog(str(path))
    assert path.read_bytes() == before


@pytest.mark.parametrize("version", [0, 2])
def test_another_version_is_refused(log: SqliteLog, path: Path, version: int) -> None:
    log.close()
    other = apsw.Connection(str(path))
    other.pragma("user_version", version)
    other.close()
    with pytest.raises(
        IncompatibleIndexError, match=f"{path} has schema version {version}, but this program reads version 1"
    ):
        SqliteLog(str(path))


def test_a_log_made_before_there_were_orders_can_be_used(log: SqliteLog) -> None:
    with log._database.access() as db:
        assert db.execute("select count(*) from sqlite_master where name = 'orders'").get == 0
    assert log.order("layout") == log.order("layout") > 0


def test_a_truncated_log_is_refused(log: SqliteLog, path: Path) -> None:
    log.close()
    with path.open("r+b") as file:
        file.truncate(5000)
    with pytest.raises(IncompatibleIndexError, match=str(path)):
        SqliteLog(str(path))


@pytest.mark.parametrize("below", ["file/log.sqlite", "file/more/log.sqlite", ".", "nul\0byte", "x" * 300])
def test_a_path_that_can_not_be_used_is_told(tmp_path: Path, below: str) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(ConfigurationError, match="choose a path in a folder"):
        SqliteLog(str(tmp_path / below))


@pytest.mark.parametrize("made", [False, True])
def test_a_folder_without_the_right_to_write_is_told(made: bool) -> None:
    script = (
        "import os, sys\nfrom lightship.doclog.sqlite import SqliteLog\nfrom lightship.core.errors import ConfigurationError\n"
        "os.getuid() or os.setuid(65534)\n"  # root may write everywhere
        "try:\n    SqliteLog(sys.argv[1]).put([])\nexcept ConfigurationError as error:\n    print(error)\n"
    )
    with tempfile.TemporaryDirectory() as folder:  # not tmp_path: its parent is closed to others
        path = f"{folder}/log.sqlite"
        if made:
            SqliteLog(path).close()
        os.chmod(folder, 0o555)
        done = subprocess.run([sys.executable, "-c", script, path], capture_output=True, text=True, check=True)
        os.chmod(folder, 0o755)
    assert f"can't open {path}" in done.stdout


def test_damage_while_running_is_told_and_is_never_an_empty_answer(log: SqliteLog, path: Path) -> None:
    log.put([Change.put(Document(url=f"https://example.org/{number}", text="x")) for number in range(5000)])
    log.close()
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(4096 * 2)
        file.write(os.urandom(size - 4096 * 2))
    again = SqliteLog(str(path))
    with pytest.raises(UnavailableError, match=str(path)):
        for partition in range(64):
            again.read(partition, 0)
    again.close()


def test_a_log_that_was_removed_is_not_made_again_by_another_thread(log: SqliteLog, path: Path) -> None:
    log.put([CHANGE])
    shutil.rmtree(path.parent)
    with ThreadPoolExecutor(1) as pool, pytest.raises(UnavailableError, match=str(path)):
        pool.submit(log.read, 0, 0).result()


def test_a_log_that_was_removed_takes_nothing(log: SqliteLog, path: Path) -> None:
    log.put([CHANGE])
    path.unlink()
    with pytest.raises(UnavailableError, match=f"{path} was removed while in use .*; put it back"):
        log.put([CHANGE])


def test_a_log_that_was_replaced_takes_nothing(log: SqliteLog, path: Path, tmp_path: Path) -> None:
    """Puts into an open, unlinked file would be lost; and the old file's WAL would corrupt the new one."""
    log.put([CHANGE])
    with ThreadPoolExecutor(1) as pool:
        pool.submit(log.put, [CHANGE]).result()
        (tmp_path / "other.sqlite").write_bytes(path.read_bytes())
        os.replace(tmp_path / "other.sqlite", path)
        for put in (log.put, lambda changes: pool.submit(log.put, changes).result()):
            with pytest.raises(UnavailableError, match="was replaced while programs were using it; stop them all"):
                put([CHANGE])


@pytest.mark.parametrize(
    ("spoil", "call"),
    [
        ("update log set head = 'many'", lambda log: log.put([CHANGE])),
        ("update log set time = 'now'", lambda log: log.put([CHANGE])),
        ("update log set head = 'many'", lambda log: log.span(0)),
        ("update log set head = x'ff'", lambda log: log.barriers([0])),
        ("update log set id = cast(x'ff' as text)", lambda log: log.span(0)),
        ("delete from log", lambda log: log.span(0)),
        ("delete from log", lambda log: log.put([CHANGE])),
        ("update leases set epoch = 'one'", lambda log: log.acquire("shard", "owner", 5.0)),
        ("update leases set expires = 'never'", lambda log: log.acquire("shard", "other", 5.0)),
        ("update leases set owner = x'00'", lambda log: log.acquire("shard", "other", 5.0)),
        ("update renewals set number = 'one'", lambda log: log.acquire("shard", "owner", 5.0)),
        ("update renewals set seconds = 'five'", lambda log: log.acquire("shard", "other", 5.0)),
        ("update orders set number = 'one'", lambda log: log.order("layout")),
        ("update orders set number = 'one'", lambda log: log.order("another")),
        ("update sessions set id = x'00'", lambda log: log.history({0: 1})),
        ("update letters set body = 7", lambda log: log.receive("box")),
    ],
)
def test_a_value_of_a_wrong_type_is_damage(log: SqliteLog, path: Path, spoil: str, call: Any) -> None:
    """SQLite stores any type in any column: that is how damage shows that leaves the file a database."""
    log.put([CHANGE])
    log.acquire("shard", "owner", 5.0)
    log.order("layout")
    log.send("box", [b"letter"])
    with contextlib.closing(apsw.Connection(str(path))) as db:
        db.execute(spoil)
    with pytest.raises(UnavailableError, match=rf"^{path} is damaged \(.*\); stop its programs, then restore a backup"):
        call(log)


def test_a_busy_log_is_told_and_left_unchanged(log: SqliteLog, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_module, "BUSY_SECONDS", 0.05)
    other = apsw.Connection(str(path))
    other.execute("begin immediate")
    with ThreadPoolExecutor(1) as pool:
        with pytest.raises(UnavailableError, match="busy"):
            pool.submit(log.put, [CHANGE]).result()
        assert pool.submit(log.span, 0).result().head == 0  # reading goes on
        other.execute("rollback")
        assert pool.submit(log.put, [CHANGE]).result()
    other.close()


def test_the_write_ahead_log_does_not_grow_without_end(log: SqliteLog, path: Path) -> None:
    document = Document(url="https://example.org/", text=os.urandom(1 << 20).hex())
    for _ in range(60):
        log.put([Change.put(document)])
    assert (path.parent / "log.sqlite-wal").stat().st_size < 64 << 20
    assert path.stat().st_size < 32 << 20  # compacted: pages are used again


def test_connections_of_ended_threads_are_closed(log: SqliteLog) -> None:
    for _ in range(50):
        thread = threading.Thread(target=log.read, args=(0, 0))
        thread.start()
        thread.join()
    assert len(log._database._connections) <= 2


def test_memory_is_given_back_and_everything_is_read_again(log: SqliteLog) -> None:
    text = "".join(map(str, range(1000)))
    log.put([Change.put(Document(url=f"https://example.org/{n}", text=f"{n} {text}")) for n in range(800)])
    before = [log.read(partition, 0) for partition in range(log.partitions)]
    used = apsw.memory_used()
    log.shrink()
    assert apsw.memory_used() < used - (1 << 20)
    assert [log.read(partition, 0) for partition in range(log.partitions)] == before
