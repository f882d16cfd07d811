"""`lightship judge`: its tables, its files, and running searchengines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lightship.cli.commands.judge import judge
from lightship.core.errors import ConfigurationError, InvalidInputError, UnavailableError
from lightship.documents.jsonl import parse_line
from made import MadeShard, served
from support import free_port

RECORDS: list[dict[str, Any]] = [
    {"_id": "1", "title": "Lamps", "text": "Lamps of lighthouses burn oil."},
    {"_id": "2", "title": "Buoys", "text": "Buoys float on the sea."},
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "sea"
    path.mkdir()
    (path / "docs.jsonl").write_text("".join(f"{json.dumps(record)}\n" for record in RECORDS))
    (path / "queries.tsv").write_text("q1\tlamps\nq2\tzeppelin\n")
    (path / "qrels.txt").write_text("q1 0 1 1\nq2 0 2 1\n")
    return path


def test_documents_are_indexed_here(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = tmp_path / "report.json"
    judge([str(folder), "-shards=2", f"-json={report}"])
    row = capsys.readouterr().out.splitlines()[1].split()
    assert row[:9] == ["sea", "local", "2", "2", "0.5000", "0.5000", "0.5000", "0.5000", "0.5000"]
    (judged,) = json.loads(report.read_bytes())
    assert judged["queries"]["q1"]["nDCG@10"] == 1
    assert judged["queries"]["q2"]["nDCG@10"] == 0


def test_an_earlier_run_is_compared_with(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = tmp_path / "report.json"
    judge([str(folder), f"-json={report}"])
    (folder / "queries.tsv").write_text("q1\tlamps\nq2\tbuoys\n")
    capsys.readouterr()
    judge([str(folder), f"-baseline={report}"])
    lines = capsys.readouterr().out.splitlines()
    assert "sea: local against baseline, 2 queries" in lines
    assert "  0.00 -> 1.00  q2: buoys" in lines


def test_running_searchengines_are_compared(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    exported = tmp_path / "sea.jsonl"
    judge([str(folder), f"-export={exported}"])
    documents = [parse_line(line, strict=True) for line in exported.read_bytes().splitlines()]
    with served(tmp_path / "a") as first, served(tmp_path / "b") as second:
        first.push(MadeShard(tmp_path / "1").put(*documents))
        second.push(MadeShard(tmp_path / "2").put(documents[1]))
        names = f"127.0.0.1:{first.port}", f"127.0.0.1:{second.port}"
        for more in ((), ("-field=id",)):
            judge([str(folder), f"-searchengine={','.join(names)}", *more])
            lines = capsys.readouterr().out.splitlines()
            assert [line.split()[1:5] for line in lines[1:3]] == [
                [names[0], "2", "2", "0.5000"], [names[1], "1", "2", "0.0000"]
            ]  # fmt: skip
            assert f"sea: {names[1]} against {names[0]}, 2 queries" in lines
            assert "  1.00 -> 0.00  q1: lamps" in lines


def test_what_is_not_there(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="name a folder"):
        judge([])
    with pytest.raises(ConfigurationError, match="'x' is not a key and a value"):
        judge([str(folder), "-where=x"])
    with pytest.raises(InvalidInputError, match="nowhere is not a folder"):
        judge([str(tmp_path / "nowhere")])
    with pytest.raises(UnavailableError, match="no answer from"):
        judge([str(folder), f"-searchengine=127.0.0.1:{free_port()}"])
    with pytest.raises(InvalidInputError, match="was not written by lightship judge -json"):
        judge([str(folder), f"-baseline={folder / 'docs.jsonl'}"])
