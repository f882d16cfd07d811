"""The positions file: the record of the index's last commit."""

from __future__ import annotations

from pathlib import Path

import pytest

from lightship.indexer.recovery.positions import Positions, Record
from lightship.runtime.files import sealed


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "positions.json"


def record(stamp: int, sequence: int) -> Record:
    return Record(stamp, "log", {1: sequence})


def test_nothing_is_known_at_first(path: Path) -> None:
    assert Positions(str(path)).load(0) is None
    assert Positions(str(path)).load(99) is None


def test_the_record_of_a_commit_that_was_made(path: Path) -> None:
    Positions(str(path)).write_ahead(record(5, 10))
    assert Positions(str(path)).load(6) == record(5, 10)


def test_a_commit_that_was_not_made_does_not_count(path: Path) -> None:
    positions = Positions(str(path))
    positions.write_ahead(record(5, 10))
    positions.write_ahead(record(9, 20))
    assert Positions(str(path)).load(10) == record(9, 20)
    assert Positions(str(path)).load(9) == record(5, 10)  # the next operation after a reopening has the commit's stamp
    assert Positions(str(path)).load(10) == record(5, 10)  # a later commit does not make it true
    assert Positions(str(path)).load(0) is None


def test_what_is_read_later_does_not_change_an_earlier_record(path: Path) -> None:
    """A shard went on counting in the dictionary of the record of its restored state: what it had read was lost."""
    positions, sequences = Positions(str(path)), {1: 10}
    positions.write_ahead(Record(5, "log", sequences))
    sequences[1] = 20
    positions.write_ahead(record(9, 20))
    assert Positions(str(path)).load(6) == record(5, 10)


def test_the_first_commit_that_was_not_made_leaves_nothing(path: Path) -> None:
    Positions(str(path)).write_ahead(record(0, 10))
    assert Positions(str(path)).load(0) is None


def test_after_an_interrupted_commit_the_committed_record_is_kept(path: Path) -> None:
    positions = Positions(str(path))
    positions.write_ahead(record(5, 10))
    positions.write_ahead(record(9, 20))
    again = Positions(str(path))
    assert again.load(6) == record(5, 10)
    again.write_ahead(record(8, 30))
    assert Positions(str(path)).load(9) == record(8, 30)
    assert Positions(str(path)).load(6) == record(5, 10)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[{}]", b'{"stamp": 1}', b"\xff\xfe", b'[{"stamp":1,"log_id":"x","sequences":[]}]']
)
def test_a_broken_file_is_not_trusted(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    assert Positions(str(path)).load(99) is None


def test_a_record_of_a_version_that_kept_no_history_is_read(path: Path) -> None:
    path.write_bytes(sealed(b'[{"stamp": 5, "log_id": "log", "sequences": {"1": 10}}]'))
    assert Positions(str(path)).load(6) == Record(5, "log", {1: 10}, history=0)


def test_forgetting(path: Path) -> None:
    positions = Positions(str(path))
    positions.forget()
    positions.write_ahead(record(5, 10))
    positions.forget()
    assert not path.exists()
    positions.write_ahead(record(7, 1))
    assert Positions(str(path)).load(6) is None
