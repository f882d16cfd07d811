"""The collections that are there are judged."""

from __future__ import annotations

from pathlib import Path

import pytest
from bench import indexes
from bench.relevance import run
from bench.settings import BenchSettings

from unit.judging.folders import RECORDS, folder_of


def test_a_collection_is_judged_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexes, "FOLDER", tmp_path / "indexes")
    folder_of(tmp_path / "scifact", RECORDS, queries="q1\terste\n")
    report = run(BenchSettings(collections=str(tmp_path), documents=""))
    assert report
    figures = {figure.name: figure for figure in report.figures}
    assert figures["scifact, nDCG@10"].passed
    assert figures["scifact, recall@100"].value == 1
    assert len(figures) == 4


def test_collections_that_are_missing_are_left_out_by_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(BenchSettings(collections=str(tmp_path), documents="")) is None
    assert "left out jsquad: no " in capsys.readouterr().err
