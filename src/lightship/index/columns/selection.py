"""The documents that a query finds, as the columns see them."""

from __future__ import annotations

from typing import Any, NamedTuple

import tantivy

from lightship.core.errors import InvalidInputError
from lightship.index.query.boolean import MUST, Clause, joined

# All distinct values of a segment: tantivy's default keeps a few, which is inexact. A million take 0.8 s and 170 MB
ALL = 1 << 31
MAX_LISTED = 60_000  # values that can be listed at once; tantivy refuses 65,000


Bounds = dict[str, tuple[Any, Any]]  # the smallest and the largest value, by field


class Selection(NamedTuple):
    """The documents that `query` finds; `schema` is that of the index, and `met` the bounds that facets have had in it."""

    searcher: tantivy.Searcher
    schema: tantivy.Schema
    query: tantivy.Query
    met: Bounds

    def narrowed(self, *clauses: Clause) -> tantivy.Query:
        """Return the query for those of the documents that fulfil `clauses`."""
        return joined([(MUST, self.query), *clauses])

    def aggregated(self, asked: dict[str, Any]) -> Any:
        """Return tantivy's answer to aggregations; raises InvalidInputError if there are too many values for it."""
        try:
            return self.searcher.aggregate(self.query, asked)
        except ValueError as error:
            if "bucket" not in str(error).lower() and "memory" not in str(error).lower():
                raise
            names = ", ".join(asked)
            raise InvalidInputError(
                f"can't count the values of {names}: the documents found have too many; narrow the search"
            ) from error
