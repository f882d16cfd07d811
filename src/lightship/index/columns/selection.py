"""The documents that a query finds, as the columns see them."""

from __future__ import annotations

from typing import NamedTuple

import tantivy

from lightship.index.query.boolean import MUST, Clause, joined


class Selection(NamedTuple):
    """The documents that `query` finds; `schema` is that of the index."""

    searcher: tantivy.Searcher
    schema: tantivy.Schema
    query: tantivy.Query

    def narrowed(self, *clauses: Clause) -> tantivy.Query:
        """Return the query for those of the documents that fulfil `clauses`."""
        return joined([(MUST, self.query), *clauses])
