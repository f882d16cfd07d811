"""A query that stands: it is compiled once for many views, and matched with the documents that changed."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

from lightship.core.errors import ForbiddenError, InvalidInputError
from lightship.index.columns.conditions import clauses, conditions_of
from lightship.index.highlight.snippet import Highlighter
from lightship.index.memory import Address, Query, Searcher
from lightship.index.query.boolean import MUST, joined
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
        self._view, self.documents = view, view.documents
        self.documents_in, self.terms_with_prefix = view.documents_in, view.terms_with_prefix
        self.vocabulary = Vocabulary(view.version, view.languages, self)

    def documents_with(self, field: str, term: str) -> int:
        return max(1, self._view.documents_with(field, term))


class StandingQuery:
    """The query of a request, among the documents that the `filters` of a key leave."""

    def __init__(self, request: SearchRequest, filters: Filters, view: View) -> None:
        """Compile it for `view`; raises InvalidInputError if it is wrong, or asks for nothing.

        Raises ForbiddenError if the index lacks a field of the filters.
        """
        self.request, self.filters = request, filters
        self._query: Query | None = None
        self._schema: object = None
        self._until = 0.0
        try:
            conditions_of(filters, view.fields)
        except InvalidInputError as error:
            raise ForbiddenError(f"this key can't be used here, because of its filter: {error}") from error
        if self.query(view) is None and not self._compiled(view):
            raise InvalidInputError("nothing to watch for; give a query (q) or filters")

    def query(self, view: View) -> Query | None:
        """Return the query for an index with the schema of `view`; None if it finds nothing there.

        The fields of an index may change with its layout: a query that does not fit any more finds nothing.
        """
        now, schema = time.monotonic(), (view.manifests[0].layout.name, view.languages)
        if now >= self._until or schema != self._schema:
            try:
                compiled, within = self._compiled(view), clauses(conditions_of(self.filters, view.fields), view.schema)
            except InvalidInputError:
                compiled, within = None, []
            self._query = joined([(MUST, compiled.query), *within]) if compiled else None
            self._schema = schema
            # Prefixes stand for words that documents have, and what is typed forgives the case of values that they have
            changes = compiled and (compiled.asked.all_prefixes or ":" in self.request.query)
            self._until = now if changes else now + COMPILED_SECONDS
        return self._query

    def hits(self, view: View, searcher: Searcher, addresses: Sequence[Address]) -> list[Hit]:
        """Return documents of `searcher`, which it finds, as results with its words marked."""
        compiled = self._compiled(view)
        assert compiled, "it was compiled"
        found = Found(len(addresses), [None] * len(addresses), list(addresses), searcher)
        page = Page(Highlighter(compiled, view.frequency, self.request.snippet), found, self.request.text)
        page.read()
        return page.hits

    def _compiled(self, view: View) -> Compiled | None:
        """Return the query compiled for `view`; None if it asks for nothing."""
        selecting = Selecting(view, self.request)
        query = parse_query(selecting.typed.text)
        if query.is_empty and not selecting.conditions and not self.request.lang:
            return None
        compiled = compile_query(query, view.version, view.languages, self.request.lang, _AnyWord(view))
        return replace(compiled, filters=selecting.filters)
