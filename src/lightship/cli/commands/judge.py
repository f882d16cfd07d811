"""`lightship judge`: how good the ranking is, by collections of documents, queries and judgements."""

from __future__ import annotations

import logging
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
from tqdm import tqdm

from lightship.config import JudgeSettings, parse_settings
from lightship.core.errors import ConfigurationError, InvalidInputError
from lightship.http.tls import trust
from lightship.judging.collection import Collection
from lightship.judging.judgement import Judgement
from lightship.judging.judgement import judge as ask_all
from lightship.judging.local import LocalIndex, build
from lightship.judging.remote import RemoteIndex
from lightship.judging.tables import comparison, table

logger = logging.getLogger("judge")


def judge(arguments: Sequence[str]) -> None:
    """Print what each system scores on each COLLECTION, and how the systems differ.

    Raises InvalidInputError, UnavailableError, WrongAnswerError.
    """
    settings, folders = parse_settings(
        JudgeSettings, "lightship judge", arguments, positional="COLLECTION",
        description="Measure the ranking on folders of documents, queries and qrels in the form of TREC or BEIR (docs/judging.md).",
    )  # fmt: skip
    if not folders:
        raise ConfigurationError("lightship judge: name a folder with docs.jsonl, queries.tsv and qrels.txt")
    trust(settings.tls_ca)
    baseline = _read(settings.baseline) if settings.baseline else []
    documents = Path(settings.documents) if settings.documents else None
    collections = [Collection.open(Path(folder), documents, settings.where) for folder in folders]
    if settings.export:
        _export(collections, Path(settings.export))
        return
    judgements: list[Judgement] = []
    for collection in collections:
        judged = list(_judgements(collection, settings))
        judgements += judged
        if settings.json:  # after each collection, so that an interrupted run leaves what it has
            Path(settings.json).write_bytes(msgspec.json.format(msgspec.json.encode(judgements), indent=1) + b"\n")
        _print(table(judged))
        first = [each for each in baseline if each.collection == collection.name][:1] or judged[:1]
        for second in judged:
            if second is not first[0]:
                _print(f"\n{comparison(first[0], second, collection.queries, settings.show)}\n")


def _judgements(collection: Collection, settings: JudgeSettings) -> Iterator[Judgement]:
    for name in settings.searchengine:
        yield ask_all(collection, RemoteIndex(name), _watch, system=name, field=settings.field)
    if settings.searchengine:
        return
    with tempfile.TemporaryDirectory(prefix="lightship-judge-") as folder:
        started = time.perf_counter()
        documents = _watch(collection.read(), f"{collection.name}: indexing", len(collection.ids))
        build(folder, documents, settings.shards)
        seconds = time.perf_counter() - started
        yield ask_all(collection, LocalIndex(folder), _watch, system="local", indexing=seconds)


def _export(collections: Iterable[Collection], path: Path) -> None:
    """Write the documents of `collections` to the file at `path`."""
    with path.open("wb") as out:
        for collection in collections:
            for document in _watch(collection.read(), f"{collection.name}: exporting", len(collection.ids)):
                out.write(msgspec.json.encode(document) + b"\n")


def _read(path: str) -> list[Judgement]:
    try:
        found = msgspec.json.decode(Path(path).read_bytes(), type=list[Judgement])
    except msgspec.MsgspecError as error:
        raise InvalidInputError(f"{path} was not written by lightship judge -json ({error})") from error
    return [msgspec.structs.replace(each, system="baseline") for each in found]


def _watch(items: Iterable[Any], what: str, total: int) -> Iterable[Any]:
    """Return `items` with a bar around them on a terminal; elsewhere, log what begins."""
    if not sys.stderr.isatty():
        logger.info("%s (%d)", what, total)
    bar: Iterable[Any] = tqdm(items, desc=what, total=total, leave=False, disable=None, file=sys.stderr)
    return bar


def _print(text: str) -> None:
    print(text, flush=True)  # noqa: T201 (what was asked for)
