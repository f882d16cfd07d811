"""More values than tantivy lists at once: a facet gives the most frequent ones, groups are refused."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import tantivy

from lightship.core.errors import InvalidInputError
from lightship.index.columns.facets import facets
from lightship.index.columns.grouping import Grouping, grouped
from lightship.index.columns.selection import MAX_LISTED, Selection
from lightship.index.fields.schema import SCHEMA_VERSION, column, register_analyzers, schema

VALUES = 70_000
SCHEMA = schema(SCHEMA_VERSION, "code:keyword")


@pytest.fixture(scope="module")
def everything() -> Iterator[Selection]:
    """Documents with a value each, of which the first three are twice there, in segments that share none."""
    index = tantivy.Index(SCHEMA)
    register_analyzers(index)
    writer = index.writer(100 << 20, 1)
    for number in [*range(VALUES // 2), 0, 1, 2, None, *range(VALUES // 2, VALUES)]:
        if number is None:
            writer.commit()
            continue
        document = tantivy.Document()
        document.add_text(column("code"), f"c{number:06}")
        writer.add_document(document)
    writer.commit()
    index.reload()
    yield Selection(index.searcher(), SCHEMA, tantivy.Query.all_query(), {})


def test_a_facet_has_the_most_frequent_of_any_number_of_values(everything: Selection) -> None:
    found = facets(everything, {"code": "keyword"}, 5)["code"].values
    assert [tuple(each) for each in found] == [(f"c{n:06}", 2 if n < 3 else 1) for n in range(5)]


def test_more_groups_than_can_be_counted_are_refused(everything: Selection) -> None:
    assert VALUES > MAX_LISTED
    with pytest.raises(
        InvalidInputError, match="can't group by 'code': the documents found have more than 60000 values"
    ):
        grouped(everything, lambda _clauses, _most: [], Grouping("code", "keyword", 1), 0, 10)
