"""An index as it is seen through a filter: as if it had no other documents, except in how it ranks them.

The filter is part of whatever is asked of the searcher, so that no query, count, facet or list of words goes past it.
tantivy takes the statistics of BM25 from the whole index. So words that documents seen have are weighted by how
frequent they are in all documents: that may change the order of results, and scores would tell it, which are not shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import tantivy

from lightship.index.columns.conditions import clauses, conditions_of
from lightship.index.query.boolean import MUST, Clause, joined
from lightship.index.reader import View, languages_of, reading

MOST = 32  # filters of which views are kept: each has at most some 8 MB of what was looked up


def scoped(view: View, filters: tuple[tuple[str, str], ...]) -> View:
    """Return what `view` is to those who see only the documents that `filters` find: pairs as for `conditions_of`.

    Raises InvalidInputError if they name a field that the index does not have; DamagedError.
    """
    found = view.scopes.get(filters)
    if found is None:
        found = view.scopes[filters] = _scoped(view, filters)
        if len(view.scopes) > MOST:
            view.scopes.pop(next(iter(view.scopes)), None)
    return found


def _scoped(view: View, filters: Sequence[tuple[str, str]]) -> View:
    made = clauses(conditions_of(filters, view.fields), view.schema)
    searcher = ScopedSearcher(view.searcher, view.schema, made)
    with reading:
        return replace(view, searcher=searcher, languages=languages_of(searcher), whole=view.documents)


class ScopedSearcher:
    """A searcher over the documents of another one that fulfil `clauses`: what `View` needs of tantivy's."""

    def __init__(self, searcher: tantivy.Searcher, schema: tantivy.Schema, clauses: Sequence[Clause]) -> None:
        """See the documents of `searcher`, whose index has this `schema`."""
        self._searcher, self._schema, self._clauses = searcher, schema, clauses
        # Of addresses, which only a search can tell
        self.doc, self.fast_field_values = searcher.doc, searcher.fast_field_values

    def _within(self, query: tantivy.Query) -> tantivy.Query:
        return joined([(MUST, query), *self._clauses])

    @cached_property
    def _all(self) -> tantivy.Query:
        return self._within(tantivy.Query.const_score_query(tantivy.Query.all_query(), 0.0))

    @cached_property
    def num_docs(self) -> int:
        """The number of documents."""
        return self._count(self._all)

    def search(self, query: tantivy.Query, *given: Any, **more: Any) -> Any:
        """Search like tantivy."""
        return self._searcher.search(self._within(query), *given, **more)

    def aggregate(self, query: tantivy.Query, asked: dict[str, Any]) -> Any:
        """Aggregate like tantivy."""
        return self._searcher.aggregate(self._within(query), asked)

    def doc_freq(self, field: str, term: Any) -> int:
        """Return the number of documents that have `term` in `field`."""
        if not self._searcher.doc_freq(field, term):  # nearly always for the stems of other languages, and at once
            return 0
        return self._count(self._within(tantivy.Query.term_query(self._schema, field, term, "basic")))

    def terms_with_prefix(
        self, field: str, prefix: str, among: tantivy.Query | None = None, limit: int | None = None
    ) -> Any:
        """Return the terms of the documents that `among` finds, or of all, like tantivy."""
        within = self._all if among is None else self._within(among)
        return self._searcher.terms_with_prefix(field, prefix, within, limit=limit)

    def _count(self, query: tantivy.Query) -> int:
        return int(self._searcher.search(query, 1).count or 0)
