"""Minority languages in one index: English queries find what they find in the English documents alone."""

from __future__ import annotations

import random
import re
import struct
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from bench.documents import read_queries
from bench.indexes import facts_of, kept_index
from bench.known_items import sample
from bench.progress import bar, step
from bench.report import Figure, Report
from bench.settings import BenchSettings
from lightship.core.model import Document
from lightship.documents.jsonl import document_of_record
from lightship.judging.local import LocalIndex
from lightship.judging.reading import read_records

ENGLISH = 20_000  # documents, at most
SHARE = 0.01  # of them that each other language has
QUERIES = 500
DEPTH = 10

# Texts of other languages: two judged collections, and the messages of the programs that this machine has
COLLECTIONS = {"zh": "cmrc2018", "ja": "jsquad"}
MESSAGES = ["de", "fr", "es", "ru", "da", "nl", "sv", "it", "pt", "tr", "vi", "ko", "th", "ar", "he", "hi", "el"]
LOCALES = Path("/usr/share/locale")

_CHARACTERS = 1500  # of a document made of messages
_SHORTEST = 20  # characters of a message
_MO = 0x950412DE
_WORD = re.compile(r"\w+")


def run(settings: BenchSettings) -> Report | None:
    """Measure; None when the documents or the queries are not there."""
    path, asked = Path(settings.documents), Path(settings.queries)
    if not path.is_file() or not asked.is_file():
        step("left out mixed: it needs real documents and queries")
        return None
    count = min(settings.count, ENGLISH)
    english, others = list(sample(path, count)), list(minorities(Path(settings.collections), round(count * SHARE)))
    alone = _index("english-alone", [english], (facts_of(path), count))
    mixed = _index("mixed", [english, others], (facts_of(path), count, [each["url"] for each in others]))
    texts = {each["url"]: _words(each["text"]) for each in others}
    queries = read_queries(settings.queries)
    return _compare(alone, mixed, random.Random(settings.seed).sample(queries, len(queries)), texts)


def _index(name: str, parts: Sequence[list[dict[str, Any]]], facts: object) -> LocalIndex:
    def documents() -> Iterable[Document]:
        records = [record for part in parts for record in part]
        return map(document_of_record, bar(records, f"{name}: indexing", len(records)))

    return kept_index(name, facts, documents)[0]


def _compare(alone: LocalIndex, mixed: LocalIndex, queries: Iterable[str], texts: dict[str, set[str]]) -> Report:
    """Compare the first ten; a page of another language with all words of the query as written is a true hit."""
    overlaps, without_true, same, wrong = list[float](), list[float](), 0, 0
    intruders = Counter[str]()
    for query in bar(queries, "mixed: asking", QUERIES):
        before = [hit.url for hit in alone.search(str(query), DEPTH)]
        if len(before) < DEPTH:
            continue
        after = [hit.url for hit in mixed.search(str(query), DEPTH)]
        foreign = [url for url in after if url in texts]
        true = sum(_words(str(query)) <= texts[url] for url in foreign)
        intruders.update(_language(url) for url in foreign)
        kept = len(set(before) & set(after))
        overlaps.append(kept / DEPTH)
        without_true.append(kept / max(1, DEPTH - true))
        same += kept == DEPTH - true
        wrong += len(foreign) > true
        if len(overlaps) == QUERIES:
            break
    asked = len(overlaps)
    languages = Counter(map(_language, texts))
    figures = [
        Figure("overlap of the first ten", 100 * sum(overlaps) / asked, "%"),
        Figure("the same, but for true hits", 100 * sum(without_true) / asked, "%"),
        Figure("queries with the same ten, but for true hits", 100 * same / asked, "%", 100, "higher"),
        Figure("queries with results in other languages, but for true hits", 100 * wrong / asked, "%", 0),
        Figure("results in other languages among the ten", sum(intruders.values()) / asked, ""),
    ]
    notes = [
        f"{alone.documents} English documents, {asked} English queries; others: {_counts(languages)}",
        f"results in other languages: {_counts(intruders) or 'none'}",
        "a true hit is a document in another language with all words of the query as written",
    ]
    return Report("mixed", figures, notes)


def minorities(collections: Path, count: int) -> Iterator[dict[str, Any]]:
    """Yield up to `count` records in each language but English whose texts this machine has."""
    for language, name in COLLECTIONS.items():
        if (path := collections / name / "docs.jsonl.zst").is_file():
            for _, (_, record) in zip(range(count), read_records(path), strict=False):
                yield {**record, "url": f"https://{language}.example/{record['id']}"}
    for language in MESSAGES:
        texts = _texts(message for path in sorted((LOCALES / language).rglob("*.mo")) for message in messages(path))
        for number, text in zip(range(count), texts, strict=False):
            yield {
                "url": f"https://{language}.example/{number}", "title": " ".join(text.split()[:6])[:80], "text": text
            }  # fmt: skip


def _texts(parts: Iterable[str]) -> Iterator[str]:
    """Yield texts of about _CHARACTERS, made of the distinct `parts`."""
    text, known = "", set[str]()
    for part in parts:
        if len(part) >= _SHORTEST and part not in known:
            known.add(part)
            text += f"{part}\n"
        if len(text) >= _CHARACTERS:
            yield text
            text = ""


def messages(path: Path) -> Iterator[str]:
    """Yield the translated messages of a compiled catalog (GNU gettext manual, "The Format of GNU MO Files")."""
    content = path.read_bytes()
    order = "<" if content[:4] == _MO.to_bytes(4, "little") else ">"
    _, _, count, originals, translations = struct.unpack_from(f"{order}5I", content)
    for number in range(count):
        original = struct.unpack_from(f"{order}2I", content, originals + 8 * number)
        length, start = struct.unpack_from(f"{order}2I", content, translations + 8 * number)
        if original[0]:  # the empty message has the catalog's head
            text = content[start : start + length].partition(b"\0")[0].decode(errors="ignore")
            yield " ".join(text.split())


def _words(text: str) -> set[str]:
    return set(_WORD.findall(text.casefold()))


def _language(url: str) -> str:
    return url.removeprefix("https://").partition(".")[0]


def _counts(found: Counter[str]) -> str:
    return ", ".join(f"{language} {count}" for language, count in found.most_common())
