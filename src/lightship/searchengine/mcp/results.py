"""What tools answer: the results of a search, made short, plain, and fit for the bound of an answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec.structs import replace

from lightship.core.model import FieldValue
from lightship.searchengine.mcp.plain import plain, unmarked
from lightship.searchengine.mcp.tools import (
    CAUTION,
    DocumentFound,
    ExplainResult,
    FacetFound,
    FacetsResult,
    Part,
    SearchResult,
    SectionFound,
    Value,
    Word,
)
from lightship.searchengine.search.api import Answer, FacetRanges, FacetValue, Hit
from lightship.searchengine.search.lookup import Lookup

_TITLE, _SNIPPET, _FIELD, _VALUES = 200, 600, 200, 10  # characters, and values of a list
# What an answer that is too long goes without: characters of snippets, sections, fields
_SHAPES = ((_SNIPPET, 2, True), (300, 2, True), (300, 0, True), (160, 0, False), (80, 0, False))


def shapes(answer: Answer, declared: frozenset[str]) -> Iterator[SearchResult]:
    """Yield the result of a search with the fields that are `declared`, each time shorter."""
    for shape in _SHAPES:
        yield _found(answer, [_document(hit, declared, *shape) for hit in answer.hits])
    documents = [_document(hit, declared, *_SHAPES[-1]) for hit in answer.hits]
    for most in range(len(documents) - 1, 0, -1):
        yield _found(answer, documents[:most])


def _found(answer: Answer, documents: list[DocumentFound]) -> SearchResult:
    left = len(answer.hits) - len(documents)
    cut = f"{left} results were left out, because the answer would be too long; ask for fewer on a page." * bool(left)
    return SearchResult(
        caution=CAUTION, total=answer.total, page=answer.page, fresh_as_of=answer.index.fresh_as_of, results=documents,
        corrected=plain(answer.corrected.instead, _TITLE) if answer.corrected else "",
        notice=plain(" ".join(filter(None, (answer.notice, cut))), 2 * _SNIPPET),
    )  # fmt: skip


def _document(hit: Hit, declared: frozenset[str], characters: int, sections: int, with_fields: bool) -> DocumentFound:
    first = hit.sections[0] if hit.sections else None
    return DocumentFound(
        url=plain(hit.url), title=unmarked(hit.title_html, _TITLE), snippet=unmarked(hit.snippet, characters),
        link=plain(first.url) if first is not None and first.url != hit.url else "",
        heading=plain(first.heading, _TITLE) if first is not None else "",
        modified=hit.modified, language=hit.language, type=hit.type and plain(hit.type),
        fields={name: _field(value) for name, value in hit.fields.items() if with_fields and name in declared},
        sections=[
            SectionFound(heading=plain(each.heading, _TITLE), link=plain(each.url))
            for each in hit.sections[1 : sections + 1]
        ],
    )  # fmt: skip


def _field(value: FieldValue) -> FieldValue:
    if isinstance(value, list):
        return [plain(each, _FIELD) if isinstance(each, str) else each for each in value[:_VALUES]]
    return plain(value, _FIELD) if isinstance(value, str) else value


def explained(found: Lookup, most: int) -> ExplainResult:
    """Return what is known of a document, with at most so many parts of its score."""
    result = ExplainResult(
        caution=CAUTION, url=plain(found.url), indexed=found.served, why="", title=plain(found.title, _TITLE),
        modified=found.modified, fresh_as_of=found.index.fresh_as_of,
    )  # fmt: skip
    ranking = found.ranking
    if ranking is None:
        return replace(result, why=_why(found, []))
    words = [Word(plain(word, _TITLE), has) for word, has in ranking.words.items()]
    return replace(
        result, why=_why(found, words), words=words, total=ranking.total, rank=ranking.rank, score=ranking.score,
        parts=[Part(each.field, plain(each.term, _TITLE), each.score) for each in ranking.parts[:most]],
        notice=plain(ranking.notice or "", _SNIPPET),
    )  # fmt: skip


def _why(found: Lookup, words: list[Word]) -> str:
    if not found.served:
        return (
            "The index does not have this url: it was not crawled or added, or has been removed, or its document has "
            "another url; search for words of it."
        )
    if found.ranking is None:
        return "The index has this document; give a query to learn how it ranks it."
    if found.ranking.rank:
        return f"It is result {found.ranking.rank} of {found.ranking.total}."
    if found.ranking.score is not None:
        return f"The query finds it, but not among the first thousand of {found.ranking.total} results."
    lacking = [each.word for each in words if not each.found]
    if lacking:
        return f"It lacks words of the query: {', '.join(lacking[:20])}."
    return "It has the words of the query, but a phrase, an excluded word or an operator leaves it out."


def counted(answer: Answer, kinds: Mapping[str, str], most: int) -> FacetsResult:
    """Return the facets of an answer, with at most so many values of each field."""
    found = answer.facets if isinstance(answer.facets, dict) else {}
    return FacetsResult(
        caution=CAUTION, total=answer.total, fresh_as_of=answer.index.fresh_as_of, notice=plain(answer.notice or ""),
        facets=[_facet(name, kinds[name], facet, most) for name, facet in found.items()],
    )  # fmt: skip


def _facet(name: str, kind: str, facet: list[FacetValue] | FacetRanges, most: int) -> FacetFound:
    if isinstance(facet, FacetRanges):
        ranges = [Value(each.filter, each.count) for each in facet.ranges if each.count][:most]
        return FacetFound(field=name, kind=kind, values=ranges, least=facet.min, most=facet.max)
    values = [
        Value(plain(each.value, _FIELD) if isinstance(each.value, str) else each.value, each.count)
        for each in facet[:most]
    ]
    return FacetFound(field=name, kind=kind, values=values)
