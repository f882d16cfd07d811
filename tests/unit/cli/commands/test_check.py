"""`lightship check`: what is intact, what is damaged, and how to repair it."""

from __future__ import annotations

import threading
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from lightship.cli.commands import check as module
from lightship.cli.commands.check import check
from lightship.core.errors import ConfigurationError, WrongAnswerError
from lightship.core.manifest import Layout, Manifest
from lightship.core.model import Change
from lightship.doclog import open_log
from lightship.doclog.protocol.codec import encode
from lightship.index.fields.schema import SCHEMA_VERSION
from lightship.indexer.leadership.lease import owner_of
from lightship.indexer.shard.shard import Shard
from lightship.searchengine.store.store import Store
from made import page, send


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a data folder like that of a stopped `lightship up`."""
    monkeypatch.setattr(module, "LOOK_AGAIN_SECONDS", 0.0)
    folder = tmp_path / "data"
    published: list[Manifest] = []
    with closing(open_log(f"sqlite://{folder}/log.sqlite")) as log:
        log.put([Change.put(page(number, f"page {number} " * 9)) for number in range(50)])
        shard = Shard(
            log, str(folder / "indexer-0"), layout=Layout(1, SCHEMA_VERSION), order=1, shard=0, epoch=1, heap_bytes=16 << 20,
            threads=1, publish=published.append,
        )  # fmt: skip
        while shard._read_round(threading.Event()):
            pass
        shard.finish()
        shard.close()
    store = Store(str(folder / "searchengine-0"))
    send(store, published[-1], folder / "indexer-0" / "s1v2" / "published")
    store.promote(Layout(1, SCHEMA_VERSION).parsed_name)
    owner_of(str(folder / "indexer-0"))
    return folder


def flip(path: Path, place: float = 0.5) -> None:
    content = bytearray(path.read_bytes())
    content[int(len(content) * place)] ^= 1
    path.unlink()  # a hard link, of another program's folder it may be
    path.write_bytes(content)


def test_what_is_whole_is_told(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    check([str(data)])
    told = capsys.readouterr().out
    assert "DAMAGED" not in told
    for words in (
        "log.sqlite: 50 documents",
        "positions.json",
        "indexer-0/s1v2/published: ",
        "searchengine-0/layouts/s1v2: ",
    ):
        assert words in told


@pytest.mark.parametrize(
    ("pattern", "advice"),
    [
        ("searchengine-0/layouts/s1v2/*.idx", "its indexer sends it again"),
        ("searchengine-0/layouts/s1v2/*.store", "its indexer sends it again"),
        ("searchengine-0/layouts/s1v2/meta.json", "its indexers send it again"),
        ("indexer-0/s1v2/published/*.fast", "stop the indexer and remove"),
        ("indexer-0/s1v2/positions.json", "it then restores its shard from a searchengine"),
        ("indexer-0/s1v2/index/meta.json", "restart the indexer"),
        ("indexer-0/s1v2/index/.managed.json", "restart the indexer"),
        ("indexer-0/s1v2/small/meta.json", "restart the indexer"),
        ("indexer-0/s1v2/manifest.json", "it then restores its shard from a searchengine"),
        ("indexer-0/owner", "it then waits for its lease to lapse"),
        ("searchengine-0/state.json", "the first complete layout"),
        ("searchengine-0/format", "another folder"),
    ],
)
def test_each_kind_of_damage_is_found_and_has_a_way_out(
    data: Path, pattern: str, advice: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = max(data.glob(pattern), key=lambda path: path.stat().st_size)
    flip(path)
    with pytest.raises(WrongAnswerError, match=r"1 of \d+ items are damaged"):
        check([str(data)])
    (line,) = (line for line in capsys.readouterr().out.splitlines() if line.startswith("DAMAGED"))
    assert path.name in line
    assert advice in line


def test_a_damaged_log_is_told(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = data / "log.sqlite"
    content = path.read_bytes()
    stored = encode(page(7, "page 7 " * 9))
    assert stored in content
    damaged = stored[:-1] + bytes([stored[-1] ^ 1])
    path.write_bytes(content.replace(stored, damaged))  # also where SQLite has no use for it any more
    with pytest.raises(WrongAnswerError):
        check([str(path)])
    told = capsys.readouterr().out
    assert "put it again" in told
    assert "49 documents" in told
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(WrongAnswerError):
        check([str(path)])
    assert "lightship log restore" in capsys.readouterr().out


def test_any_bit_of_an_owner_or_a_state_is_looked_at(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for path in (data / "indexer-0" / "owner", data / "searchengine-0" / "state.json"):
        content = path.read_bytes()
        for place in range(len(content)):
            flip(path, (place + 0.5) / len(content))
            with pytest.raises(WrongAnswerError):
                check([str(path.parent)])
            path.write_bytes(content)
    check([str(data)])
    capsys.readouterr()


CHANGES = (
    "time = time + 0.000001", "sequence = sequence + 1000", "partition = (partition + 1) % 64", "url = url || '0'",
    "digest = zeroblob(16)", "value = x'036e6f'", "checksum = checksum + 1",
)  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("number", [7, 50])  # a put, and a delete
def test_any_change_of_a_row_of_the_log_is_found(
    data: Path, change: str, number: int, capsys: pytest.CaptureFixture[str]
) -> None:
    path = data / "log.sqlite"
    with closing(open_log(f"sqlite://{path}")) as log:
        log.put([Change.delete(page(50).url)])
    with closing(apsw.Connection(str(path))) as db:
        db.execute(f"update docs set {change} where url = ?", (page(number).url,))
    with pytest.raises(WrongAnswerError):
        check([str(path)])
    assert "put it again" in capsys.readouterr().out


@pytest.mark.parametrize(
    "sql", ["update log set head = 3", "update log set time = 1", "insert into floors values (1, 99)"]
)
def test_positions_that_contradict_each_other_are_found(
    data: Path, sql: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with closing(apsw.Connection(str(data / "log.sqlite"))) as db:
        db.execute(sql)
    with pytest.raises(WrongAnswerError):
        check([str(data / "log.sqlite")])
    assert "lightship log restore" in capsys.readouterr().out


def test_what_is_no_data_is_told(tmp_path: Path) -> None:
    for arguments, told in (
        ([], "name a data folder"),
        ([str(tmp_path / "no")], "does not exist"),
        ([str(tmp_path)], "no Lightship data found in"),
    ):
        with pytest.raises(ConfigurationError, match=told):
            check(arguments)
