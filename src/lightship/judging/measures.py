"""Measures of a ranking, as trec_eval defines them.

`ranking` is the ids of the documents found, best first. `grades` maps judged documents to how relevant they are; above
0 is relevant, and at least one must be.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

DEPTH = 100  # results that the deepest measure reads


def ndcg(ranking: Sequence[str], grades: Mapping[str, int], depth: int) -> float:
    """Return the normalized discounted cumulative gain; a document's gain is its grade (Järvelin, Kekäläinen 2002)."""
    best = sorted((grade for grade in grades.values() if grade > 0), reverse=True)
    return _dcg(max(grades.get(document, 0), 0) for document in ranking[:depth]) / _dcg(best[:depth])


def _dcg(gains: Iterable[int]) -> float:
    return sum(gain / math.log2(rank + 1) for rank, gain in enumerate(gains, 1))


def recall(ranking: Sequence[str], grades: Mapping[str, int], depth: int) -> float:
    """Return the share of the relevant documents that are among the first `depth`."""
    relevant = {document for document, grade in grades.items() if grade > 0}
    return len(relevant.intersection(ranking[:depth])) / len(relevant)


def reciprocal_rank(ranking: Sequence[str], grades: Mapping[str, int], depth: int) -> float:
    """Return 1 / the rank of the first relevant document; 0 if none is among the first `depth`."""
    ranks = (rank for rank, document in enumerate(ranking[:depth], 1) if grades.get(document, 0) > 0)
    return 1 / next(ranks, math.inf)


def success(ranking: Sequence[str], grades: Mapping[str, int], depth: int) -> float:
    """Return 1 if any of the first `depth` documents is relevant, otherwise 0."""
    return float(any(grades.get(document, 0) > 0 for document in ranking[:depth]))


MEASURES: dict[str, Callable[[Sequence[str], Mapping[str, int]], float]] = {
    "nDCG@10": partial(ndcg, depth=10),
    "recall@100": partial(recall, depth=DEPTH),
    "MRR@10": partial(reciprocal_rank, depth=10),
    "success@1": partial(success, depth=1),
    "success@3": partial(success, depth=3),
}
