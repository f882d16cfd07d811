"""Bare tantivy: what Lightship is compared with. The same schema and boosts, nothing around it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import tantivy

from bench.progress import bar, wait_until
from lightship.core.model import Document
from lightship.index.analysis.languages import STEMMERS
from lightship.index.fields.schema import SCHEMA_VERSION, WEIGHTS, register_analyzers, schema
from lightship.index.query.compiler import compile_query
from lightship.index.query.language.parser import parse_query

LIMIT = 10

Search = Callable[[str], int]


def index_seconds(documents: Sequence[Document], folder: Path) -> float:
    """Return the seconds from the first document to all of them being searchable, with the default writer."""
    index = tantivy.Index(schema(SCHEMA_VERSION), path=str(folder))
    register_analyzers(index)
    started = time.perf_counter()
    writer = index.writer()
    for number, document in enumerate(bar(documents, "bare tantivy: indexing", len(documents))):
        assert isinstance(document, Document)
        writer.add_document(_to_tantivy(document, number))
    writer.commit()

    def searchable() -> bool:
        index.reload()
        return bool(index.searcher().num_docs == len(documents))

    ended = wait_until(searchable, 60, "bare tantivy's documents searchable")
    writer.wait_merging_threads()
    return ended - started


def _to_tantivy(document: Document, number: int) -> tantivy.Document:
    made = tantivy.Document()
    made.add_text("url", document.url)
    made.add_text("site", document.site)
    made.add_text("language", document.language or "en")
    made.add_text("title", document.title)
    for text in (document.title, *document.ranked_headings, document.text, document.url):
        made.add_text("text", text)
    made.add_unsigned("order", number)
    made.add_unsigned("recency", number)
    made.add_bytes("source", document.text.encode())
    return made


def searches(folder: str) -> dict[str, Search]:
    """Return ways to search the index in `folder` in-process, each returning how many documents it fetched.

    `bare` asks the two text fields with their boosts; `bare, our query` runs what Lightship's compiler makes, which
    drops stop words of questions and asks for stems of other languages.
    """
    index = tantivy.Index.open(folder)
    register_analyzers(index)
    searcher, weights = index.searcher(), WEIGHTS[SCHEMA_VERSION]
    languages = ("en", *(code for code in STEMMERS if code != "en" and searcher.doc_freq("language", code)), "")

    def fetch(query: tantivy.Query) -> int:
        hits = searcher.search(query, LIMIT).hits
        return sum(searcher.doc(address).get_first("source") is not None for _, address in hits)

    def over(fields: Sequence[str]) -> Search:
        boosts = {name: weights[name] for name in fields}
        return lambda text: fetch(index.parse_query_lenient(text, list(fields), field_boosts=boosts)[0])

    return {
        "bare": over(list(weights)),
        "bare, our query": lambda text: fetch(compile_query(parse_query(text), SCHEMA_VERSION, languages).query),
    }
