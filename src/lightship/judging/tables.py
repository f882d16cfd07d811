"""Judgements and differences as tables for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from lightship.judging.judgement import Judgement, differences, most_different
from lightship.judging.measures import MEASURES
from lightship.judging.significance import SIGNIFICANT

_SORTED_BY = "nDCG@10"


def table(judgements: Sequence[Judgement]) -> str:
    """Return a line for each judgement."""
    head = ("collection", "system", "documents", "queries", *MEASURES, "indexing", "searching")
    rows = (
        (
            each.collection, each.system, f"{each.documents:,}", f"{len(each.queries):,}",
            *(f"{each.mean(name):.4f}" for name in MEASURES), f"{each.indexing:.0f} s", f"{each.searching:.0f} s",
        )
        for each in judgements
    )  # fmt: skip
    return _aligned([head, *rows], left=2)


def comparison(first: Judgement, second: Judgement, texts: Mapping[str, str], count: int) -> str:
    """Return how `second` differs from `first` by each measure, and the `count` queries that differ most.

    `texts` are the queries by id.
    """
    rows = [("measure", first.system, second.system, "difference", "better", "worse", "p")]
    for each in differences(first, second):
        sign = "*" if each.p < SIGNIFICANT else ""
        rows.append((
            each.measure, f"{each.first:.4f}", f"{each.second:.4f}", f"{each.second - each.first:+.4f}",
            str(each.better), str(each.worse), f"{each.p:.4f}{sign}",
        ))  # fmt: skip
    most = [
        f"  {before:.2f} -> {after:.2f}  {query}: {' '.join(texts.get(query, '').split())[:100]}"
        for query, before, after in most_different(first, second, _SORTED_BY, count)
    ]
    head = f"{first.collection}: {second.system} against {first.system}, {len(first.queries):,} queries"
    shown = [f"{_SORTED_BY} of the queries that differ most:", *most] if most else []
    return "\n".join([head, _aligned(rows, left=1), f"* p < {SIGNIFICANT}: paired randomization test", *shown])


def _aligned(rows: Iterable[Sequence[str]], left: int) -> str:
    """Return `rows` in columns, of which the first `left` are aligned to the left, the others to the right."""
    kept = list(rows)
    widths = [max(map(len, column)) for column in zip(*kept, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if number < left else cell.rjust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in kept
    )
