"""What is indexed and asked for: pages and queries from files, or made ones."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from bench.made import made_lines
from bench.progress import BenchmarkError, bar, step
from bench.settings import BenchSettings
from lightship.core.errors import InvalidInputError
from lightship.core.model import Document
from lightship.documents.jsonl import open_lines, parse_line, read_lines
from lightship.index.analysis.scripts import UNSPACED

QUERIES = 1000

_WORD = re.compile(r"[^\W\d_]{3,}")
_RUN = re.compile(f"[{UNSPACED}]+")


@dataclass(frozen=True)
class Corpus:
    """Documents, parsed and as the file of lines they were parsed from; `source` says whence they and queries came."""

    path: Path
    documents: list[Document]
    queries: list[str]
    source: str


def load(settings: BenchSettings, folder: Path) -> Corpus:
    """Return what `settings` ask for; its lines are kept in `folder`. Raises BenchmarkError when nothing is there."""
    path = folder / "documents.jsonl"
    names = [Path(settings.documents).name or "made documents", Path(settings.queries).name or "made queries"]
    step(f"reading {names[0]}, {names[1]}")
    found: dict[str, Document] = {}
    with path.open("wb") as out:
        lines = _read(settings.documents) if settings.documents else made_lines(settings.count)
        for line in bar(islice(lines, settings.count), "reading documents", settings.count):
            try:
                document = parse_line(line)
            except InvalidInputError:
                continue
            if document.url not in found:
                found[document.url] = document
                out.write(line.rstrip(b"\n") + b"\n")
    documents = list(found.values())
    if not documents:
        raise BenchmarkError(f"no documents in {settings.documents}")
    queries = read_queries(settings.queries) if settings.queries else made_queries(documents)
    return Corpus(path, documents, queries[:QUERIES], ", ".join(names))


def _read(path: str) -> Iterator[bytes]:
    try:
        with open_lines(path) as file:
            yield from (line for _, line in read_lines(file) if line is not None)
    except OSError as error:
        raise BenchmarkError(f"can't read the documents: {error}") from error


def read_queries(path: str) -> list[str]:
    """Return the queries in a file of id, tab, query. Raises BenchmarkError."""
    try:
        lines = Path(path).read_text().splitlines()
    except OSError as error:
        raise BenchmarkError(f"can't read the queries: {error}") from error
    queries = [line.partition("\t")[2].strip() for line in lines]
    if not any(queries):
        raise BenchmarkError(f"no queries in {path}: each line is an id, a tab and a query")
    return [query for query in queries if query]


def made_queries(documents: Sequence[Document]) -> list[str]:
    """Return queries of two to four words (or Chinese characters) that stand in `documents`, frequent and rare."""
    choice = random.Random(1)
    queries: list[str] = []
    for _ in range(QUERIES * 10):
        document = choice.choice(documents)
        place = choice.randrange(max(1, len(document.text) - 400))
        text, size = document.text[place : place + 400], choice.randint(2, 4)
        if runs := [run for run in _RUN.findall(text) if len(run) >= size]:
            queries.append(choice.choice(runs)[:size])
        elif len(words := _WORD.findall(text)[1:-1]) >= size:  # the outermost may be cut
            queries.append(" ".join(choice.sample(words, size)))
        if len(queries) == QUERIES:
            break
    return queries
