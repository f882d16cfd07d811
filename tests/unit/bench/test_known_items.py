"""Known items are asked for, and counted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from bench import indexes
from bench.known_items import run, sample
from bench.settings import BenchSettings

from made import words


def written(path: Path, count: int) -> list[dict[str, str]]:
    vocabulary = iter(words(20_000, 3))
    records = [
        {
            "url": f"https://example.org/{number}",
            "title": " ".join(["the", next(vocabulary), next(vocabulary)]),
            "text": " ".join(" ".join([next(vocabulary) for _ in range(length)]) + "." for length in (9, 6, 12) * 4),
        }
        for number in range(count)
    ]
    path.write_text("".join(f"{json.dumps(record)}\n" for record in records))
    return records


def test_a_sample_is_always_the_same(tmp_path: Path) -> None:
    records = written(tmp_path / "pages.jsonl", 30)
    assert list(sample(tmp_path / "pages.jsonl", 100)) == records
    chosen = list(sample(tmp_path / "pages.jsonl", 10))
    assert len(chosen) == 10
    assert chosen == list(sample(tmp_path / "pages.jsonl", 10))


def test_pages_of_rare_words_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexes, "FOLDER", tmp_path / "indexes")
    written(tmp_path / "pages.jsonl", 60)
    settings = BenchSettings(documents=str(tmp_path / "pages.jsonl"), items=20, misses=1)
    report = run(settings)
    assert report
    found = {figure.name: figure.value for figure in report.figures}
    assert found["20 exact titles, first"] == found["6 sentences of 5 to 8 words, in the first 3"] == 100
    assert len(list((tmp_path / "indexes").iterdir())) == 1
    assert run(settings) == report  # by the index of the first run
    assert run(BenchSettings(documents=str(tmp_path / "nothing"))) is None
