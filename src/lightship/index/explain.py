"""Explains one document: whether it is in the index, and why a query ranks it where it does."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import tantivy

from lightship.index.fields.schema import field_names, schema
from lightship.index.fields.stored_document import StoredDocument, decode_source, read_source
from lightship.index.query.boolean import MUST, SHOULD
from lightship.index.query.compiler import Compiled
from lightship.index.query.expansion import Expansion, Word, pieces
from lightship.index.reader import View, find

BONUS = "words side by side, all words, title or url"  # stands for a term in `parts`
MAX_RANK = 1000  # results that are searched for the document

_BOOST = re.compile(r"Boost x([0-9.e+-]+) of")
_TERM = re.compile(r'Term\(field=(\d+), type=\w+, "(.*)"\)')


class Ranked(NamedTuple):
    """How a query ranks a document: `rank` counts from 1; None if it is beyond MAX_RANK or not found.

    `words` maps each word of the query to whether the document contains it. `parts` are (field, term, contribution to
    the score). A scoped view tells no score.
    """

    total: int
    rank: int | None
    score: float | None
    words: dict[str, bool]
    parts: list[tuple[str, str, float]]


def find_url(view: View, url: str) -> StoredDocument | None:
    """Return the document of `url`, or None if the index has none."""
    address = _address_of(view, url)
    return decode_source(read_source(view.searcher.doc(address))) if address else None


def rank_of(view: View, compiled: Compiled, url: str) -> Ranked:
    """Return how `compiled` ranks the document of `url`."""
    found, address = find(view, compiled, 0, MAX_RANK, by_date=False), _address_of(view, url)
    rank = found.addresses.index(address) + 1 if address in found.addresses else None
    score, parts = None, list[tuple[str, str, float]]()
    if not view.is_scoped and (hit := _hit(view, compiled.query, url)):
        score = float(hit[0]) if compiled.ranks else 0.0
        explained = json.loads(compiled.query.explain(view.searcher, hit[1]).to_json())
        parts = sorted(_parts(explained, compiled.version), key=lambda part: -part[2])[:100]
        if compiled.raised is not None and (raised := _hit(view, compiled.raised, url)):
            parts.insert(0, ("", BONUS, round(float(raised[0]) - score, 4)))
            score = float(raised[0])
    return Ranked(found.total, rank, score, _words(view, compiled, url), parts)


def _hit(view: View, query: tantivy.Query, url: str) -> tuple[float, tantivy.DocAddress] | None:
    """Return the score and address of the document of `url` if `query` finds it."""
    only = [(MUST, query), (MUST, tantivy.Query.const_score_query(_url_query(view, url), 0.0))]
    hits = view.searcher.search(tantivy.Query.boolean_query(only), 1).hits
    return hits[0] if hits else None


def _words(view: View, compiled: Compiled, url: str) -> dict[str, bool]:
    expansion = Expansion(compiled.version, compiled.languages, view)
    asked = pieces([*compiled.asked.words, *compiled.asked.phrases], compiled.version)[0]
    words = [word for piece in dict.fromkeys(asked) for word in expansion.piece(piece)]
    return {word.text: _has(view, word, url) for word in words[:50]}


def _has(view: View, word: Word, url: str) -> bool:
    known = schema(view.version)
    any_of = [
        (SHOULD, tantivy.Query.term_query(known, variant.field, variant.term, "basic")) for variant in word.variants
    ]
    has = tantivy.Query.boolean_query([(MUST, tantivy.Query.boolean_query(any_of)), (MUST, _url_query(view, url))])
    if any_of and view.searcher.search(has, 1).hits:
        return True
    return bool(word.parts) and all(_has(view, part, url) for part in word.parts)


def _address_of(view: View, url: str) -> tantivy.DocAddress | None:
    found = view.searcher.search(_url_query(view, url), 1).hits
    return found[0][1] if found else None


def _url_query(view: View, url: str) -> tantivy.Query:
    return tantivy.Query.term_query(schema(view.version), "url", url, "basic")


def _parts(node: Any, version: int) -> Iterator[tuple[str, str, float]]:
    """Yield what each term contributes to a score, from tantivy's explanation tree `node`."""
    names = field_names(version)
    for value, found in _terms(node, 1.0):
        number = int(found[1])
        yield names[number] if number < len(names) else found[1], found[2], round(value, 4)


def _terms(node: Any, boost: float) -> Iterator[tuple[float, re.Match[str]]]:
    description = str(node.get("description", ""))
    contexts = " ".join([description, *map(str, node.get("context") or ())])
    if (found := _TERM.search(contexts)) and description.startswith("TermQuery"):
        yield float(node["value"]) * boost, found
        return
    factor = float(found[1]) if (found := _BOOST.match(description)) else 1.0
    for each in node.get("details") or ():
        yield from _terms(each, boost * factor)
