"""A query that stands: it is compiled once for many views, and matched with the documents that changed."""

from __future__ import annotations

import time
import weakref
from collections.abc import Sequence
from dataclasses import dataclass, replace

from lightship.core.errors import ForbiddenError, InvalidInputError
from lightship.index.columns.conditions import clauses, conditions_of
from lightship.index.highlight.snippet import Highlighter
from lightship.index.query.compiler import Compiled, compile_query
from lightship.index.query.language.parser import parse_query
from lightship.index.query.vocabulary import Vocabulary
from lightship.index.reader import Found, View
from lightship.searchengine.search.api import Filters, Hit, SearchRequest
from lightship.searchengine.search.hits import Page
from lightship.searchengine.search.selecting import Selecting

COMPILED_SECONDS = 60.0  # after which it is compiled again, because words became frequent, or languages were added


class _AnyWord:
    """The statistics of a view, as if some document had each word: one that comes may be the first that has it."""

    def __init__(self, view: View) -> None:
        self._view: View = weakref.proxy(view)  # a compiled query is kept for longer, and must not keep files open
        self.documents = view.documents
        self.vocabulary = Vocabulary(view.version, view.languages, weakref.proxy(self))

    def documents_in(self, language: str) -> int:
        return self._view.documents_in(language)

    def documents_with(self, field: str, term: str) -> int:
        return max(1, self._view.documents_with(field, term))

    def terms_with_prefix(self, field: str, prefix: str, limit: int) -> list[str]:
        return self._view.terms_with_prefix(field, prefix, limit)


@dataclass(frozen=True)
class _Known(Found):
    """Documents whose stored form is known."""

    sources: Sequence[bytes] = ()

    def stored(self, number: int) -> bytes:
        return self.sources[number]


class StandingQuery:
    """The query of a request, among the documents that the `filters` of a key leave."""

    def __init__(self, request: SearchRequest, filters: Filters, view: View) -> None:
        """Compile it for `view`; raises InvalidInputError if it is wrong, or asks for nothing.

        Raises ForbiddenError if the index lacks a field of the filters.
        """
        self.request, self.filters = request, filters
        self._compiled: Compiled | None = None
        self._schema: object = None
        self._until = 0.0
        try:
            conditions_of(filters, view.fields)
        except InvalidInputError as error:
            raise ForbiddenError(f"this key can't be used here, because of its filter: {error}") from error
        if self.compiled(view) is None and not self._compile(view):
            raise InvalidInputError("nothing to watch for; give a query (q) or filters")

    def compiled(self, view: View) -> Compiled | None:
        """Return the query compiled for an index with the schema of `view`; None if it finds nothing there.

        The fields of an index may change with its layout: a query that does not fit any more finds nothing.
        """
        now, schema = time.monotonic(), (view.manifests[0].layout, view.languages)
        if now < self._until and schema == self._schema:
            return self._compiled
        try:
            compiled = self._compile(view)
        except InvalidInputError:
            compiled = None
        # Prefixes stand for words that documents have, and what is typed forgives the case of values that they have
        changes = compiled and (compiled.asked.all_prefixes or ":" in self.request.query)
        self._compiled, self._schema, self._until = compiled, schema, now if changes else now + COMPILED_SECONDS
        return compiled

    def hits(self, compiled: Compiled, view: View, sources: Sequence[bytes]) -> list[Hit]:
        """Return stored documents, which the query finds, as results with its words marked."""
        found = _Known(len(sources), [None] * len(sources), [], view.searcher, sources=sources)
        page = Page(Highlighter(compiled, view.frequency, self.request.snippet), found, self.request.text)
        page.read()
        return page.hits

    def _compile(self, view: View) -> Compiled | None:
        """Return the query compiled for `view`; None if it asks for nothing."""
        selecting = Selecting(view, self.request)
        query = parse_query(selecting.typed.text)
        if query.is_empty and not selecting.conditions and not self.request.lang:
            return None
        compiled = compile_query(query, view.version, view.languages, self.request.lang, _AnyWord(view))
        within = clauses(conditions_of(self.filters, view.fields), view.schema)
        compiled = replace(compiled, filters=(*selecting.filters, *within))
        _ = compiled.query  # it is kept, and later the view and its statistics may be gone
        return compiled
