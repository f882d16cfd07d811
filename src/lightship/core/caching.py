"""A cache of what is computed from text of strangers, bounded in bytes."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import TypeVar, TypeVarTuple

Text = TypeVar("Text", bound=str | bytes)
More = TypeVarTuple("More")
Result = TypeVar("Result")


def cache_short(
    entries: int, longest: int
) -> Callable[[Callable[[Text, *More], Result]], Callable[[Text, *More], Result]]:
    """Cache the last `entries` results of a function whose first argument has at most `longest` characters or bytes.

    Longer ones are computed each time. `functools.lru_cache` bounds entries, not bytes: 65,536 words of 15,000 letters
    take a gigabyte. Other arguments must be bounded by the caller.
    """

    def decorate(function: Callable[[Text, *More], Result]) -> Callable[[Text, *More], Result]:
        cached = lru_cache(entries)(function)

        @wraps(function)
        def call(text: Text, *more: *More) -> Result:
            return cached(text, *more) if len(text) <= longest else function(text, *more)

        return call

    return decorate
