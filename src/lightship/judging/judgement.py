"""What a system scores on a collection, and how two systems differ."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec

from lightship.core.errors import InvalidInputError
from lightship.judging.collection import Collection
from lightship.judging.measures import DEPTH, MEASURES
from lightship.judging.significance import randomization_test
from lightship.searchengine.search.api import Hit

Watch = Callable[[Iterable[Any], str, int], Iterable[Any]]  # shows how far (items, what is done, their number) are


class Index(Protocol):
    """What is asked."""

    @property
    def documents(self) -> int:
        """The number of documents."""

    def search(self, query: str, size: int) -> list[Hit]:
        """Return the first `size` results, best first."""


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """The value of each measure for each query: `queries` maps a query's id to measure to value.

    `indexing` and `searching` are seconds; `indexing` is 0 for an index that was there.
    """

    collection: str
    system: str
    documents: int
    indexing: float = 0.0
    searching: float
    queries: dict[str, dict[str, float]]

    def mean(self, measure: str) -> float:
        """Return the mean over all queries."""
        return math.fsum(values[measure] for values in self.queries.values()) / len(self.queries)


def judge(
    collection: Collection, index: Index, watch: Watch, *, system: str, indexing: float = 0.0, field: str = ""
) -> Judgement:
    """Ask `index` all queries of `collection`.

    A result's id is in its `field`; when that is empty, its url tells it.
    """
    ids = {} if field else collection.ids
    values, started = {}, time.perf_counter()
    for query, text in watch(
        collection.queries.items(), f"{collection.name}: asking {system}", len(collection.queries)
    ):
        hits = index.search(text, DEPTH)
        found = [str(hit.fields.get(field, "")) if field else ids.get(hit.url, "") for hit in hits]
        values[query] = {name: round(of(found, collection.grades[query]), 6) for name, of in MEASURES.items()}
    return Judgement(
        collection=collection.name, system=system, documents=index.documents, indexing=round(indexing, 1),
        searching=round(time.perf_counter() - started, 1), queries=values,
    )  # fmt: skip


@dataclass(frozen=True)
class Difference:
    """Two systems by one measure: their means, the queries for which the second is better or worse, and the p-value."""

    measure: str
    first: float
    second: float
    better: int
    worse: int
    p: float


def differences(first: Judgement, second: Judgement) -> Iterator[Difference]:
    """Yield the difference by each measure; raises InvalidInputError unless both judged the same queries."""
    if first.queries.keys() != second.queries.keys():
        raise InvalidInputError(f"{first.system} and {second.system} judged different queries of {first.collection}")
    for name in MEASURES:
        by_query = [after - before for _, before, after in _by_query(first, second, name)]
        better, worse = sum(each > 0 for each in by_query), sum(each < 0 for each in by_query)
        yield Difference(name, first.mean(name), second.mean(name), better, worse, randomization_test(by_query))


def most_different(first: Judgement, second: Judgement, measure: str, count: int) -> list[tuple[str, float, float]]:
    """Return (query id, value of `first`, value of `second`) of the `count` queries that differ most, losses first."""
    changed = [each for each in _by_query(first, second, measure) if each[1] != each[2]]
    most = sorted(changed, key=lambda each: -abs(each[2] - each[1]))[:count]
    return sorted(most, key=lambda each: each[2] - each[1])


def _by_query(first: Judgement, second: Judgement, measure: str) -> Sequence[tuple[str, float, float]]:
    return [(query, values[measure], second.queries[query][measure]) for query, values in first.queries.items()]
