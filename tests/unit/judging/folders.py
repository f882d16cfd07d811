"""Folders of judged collections."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

RECORDS: list[dict[str, Any]] = [
    {
        "_id": "1",
        "title": "One",
        "text": "Das erste.",
        "language": "de-CH",
        "metadata": {"year": 1},
    },
    {"_id": "a/b", "title": "", "text": "", "source": "wiki"},
]


def folder_of(
    path: Path, records: list[dict[str, Any]], qrels: str = "q1 0 1 1\n", queries: str = "q1\tfirst\n"
) -> Path:
    path.mkdir()
    (path / "corpus.jsonl").write_text("".join(f"{json.dumps(record)}\n" for record in records))
    (path / "queries.tsv").write_text(queries)
    (path / "qrels.txt").write_text(qrels)
    return path
