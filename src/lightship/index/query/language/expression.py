"""Boolean expressions: what a document must have to be found, apart from how it is ranked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

# The values of `site`, `type` and `language` are exact terms; the others hold text
Kind = Literal["word", "phrase", "prefix", "title", "site", "type", "language"]
FILTERS = frozenset({"site", "type", "language"})


@dataclass(frozen=True, slots=True)
class Leaf:
    """One thing that a document has or has not."""

    kind: Kind
    text: str


@dataclass(frozen=True, slots=True)
class Not:
    """What `part` does not match."""

    part: Expression


@dataclass(frozen=True, slots=True)
class All:
    """What each of `parts` matches."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Any:
    """What one of `parts` matches."""

    parts: tuple[Expression, ...]


Expression: TypeAlias = Leaf | Not | All | Any


def negated(part: Expression) -> Expression:
    """Return what `part` does not match."""
    return part.part if isinstance(part, Not) else Not(part)


def leaves(node: Expression, *, positive: bool = False) -> Iterator[Leaf]:
    """Yield the leaves of `node` in order; only those that are not negated if `positive`."""
    if isinstance(node, Leaf):
        yield node
    elif isinstance(node, Not):
        if not positive:
            yield from leaves(node.part)
    else:
        for part in node.parts:
            yield from leaves(part, positive=positive)


def without_phrases(node: Expression) -> Expression:
    """Return `node` with one of its words in the place of each phrase that is not negated."""
    if isinstance(node, Leaf) and node.kind == "phrase":
        return Any(tuple(Leaf("word", word) for word in node.text.split()))
    if isinstance(node, All | Any):
        return type(node)(tuple(map(without_phrases, node.parts)))
    return node
