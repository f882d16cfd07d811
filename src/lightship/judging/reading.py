"""Reads the files of a judged collection: documents, queries and qrels, in the forms of TREC and BEIR.

Every file may be compressed (.zst, .gz). Errors name the file and the line.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lightship.core.errors import InvalidInputError, TooLargeError
from lightship.documents.jsonl import UNREADABLE, check_length, open_lines, read_lines

DOCUMENTS = ("docs.jsonl", "corpus.jsonl", "documents.jsonl")
QUERIES = ("queries.tsv", "queries.jsonl")
QRELS = ("qrels.txt", "qrels.tsv", "qrels/test.tsv")
IDS = ("_id", "id", "docid", "docno")  # keys of an id: BEIR's first

_BEIR_HEAD = ("query-id", "corpus-id", "score")


def find(folder: Path, names: tuple[str, ...]) -> Path | None:
    """Return the first file of `names` in `folder`, which may be compressed; None if there is none."""
    paths = (folder / f"{name}{ending}" for name in names for ending in ("", ".zst", ".gz"))
    return next((path for path in paths if path.is_file()), None)


def read_queries(path: Path) -> dict[str, str]:
    """Return the text of each query by id: lines of id, tab, text; or JSON with `_id` and `text`."""
    queries: dict[str, str] = {}
    for where, line in _lines(path):
        if ".jsonl" in path.name:
            record = decode(where, line)
            identity, text = id_of(where, record), record.get("text")
        else:
            identity, tab, text = line.rstrip("\r\n").partition("\t")
            text = text if tab else None
        if not isinstance(text, str):
            raise InvalidInputError(f"{where}: no text; a query is an id, a tab and a text, or has _id and text")
        if identity in queries:
            raise InvalidInputError(f"{where}: a second query with the id {identity[:40]!r}")
        queries[identity] = text
    return queries


def read_qrels(path: Path) -> dict[str, dict[str, int]]:
    """Return the grade of each judged document by query: TREC's `query 0 document grade`, or BEIR's three columns."""
    grades: dict[str, dict[str, int]] = {}
    for where, line in _lines(path):
        columns = line.split("\t") if line.count("\t") == 2 else line.split()
        query, document, grade = (
            columns if len(columns) == 3 else (columns[0], *columns[-2:]) if len(columns) == 4 else ("",) * 3
        )
        if (query, document, grade.strip()) == _BEIR_HEAD and not grades:
            continue
        try:
            grades.setdefault(query, {})[document] = int(grade)
        except ValueError:
            raise InvalidInputError(
                f"{where}: not a judgement: {line.strip()[:80]!r}; write `query 0 document grade`, or query, document "
                "and grade with tabs between them"
            ) from None
    return grades


def read_records(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield `file line N` and the JSON object of each line."""
    for where, line in _lines(path):
        yield where, decode(where, line)


def decode(where: str, line: str) -> dict[str, Any]:
    """Return the JSON object in `line`; raises InvalidInputError that says `where`."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InvalidInputError(f"{where}: not JSON: {error}") from error
    if not isinstance(record, dict):
        raise InvalidInputError(f'{where}: not a JSON object; write it like {{"_id": "…", "title": "…", "text": "…"}}')
    return record


def id_of(where: str, record: dict[str, Any]) -> str:
    """Return the id of a document or query; raises InvalidInputError that says `where`."""
    identity = next((record[key] for key in IDS if key in record), None)
    if not isinstance(identity, str | int) or identity == "":
        raise InvalidInputError(f"{where}: no id; give it as {' or '.join(IDS)}")
    return str(identity)


def _lines(path: Path) -> Iterator[tuple[str, str]]:
    try:
        with open_lines(str(path)) as file:
            for number, line in read_lines(file):
                where = f"{path} line {number}"
                try:
                    yield where, check_length(line).decode()
                except (TooLargeError, UnicodeDecodeError) as error:
                    raise InvalidInputError(f"{where}: {error}") from error
    except UNREADABLE as error:
        raise InvalidInputError(f"can't read {path}: {error}") from error
