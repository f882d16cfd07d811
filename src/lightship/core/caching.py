"""Caches of what is computed from text of strangers, bounded in bytes."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import lru_cache, wraps
from typing import Generic, TypeVar, TypeVarTuple

Text = TypeVar("Text", bound=str | bytes)
More = TypeVarTuple("More")
Result = TypeVar("Result")
Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")

_SHARE = 16  # of a cache: a larger value is not kept, lest one pushes out all others


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


class Recent(Generic[Key, Value]):
    """The values asked for last, between half of `most` and all of it. The caller bounds the size of one; None is no value."""

    __slots__ = ("_half", "_newer", "_older")

    def __init__(self, most: int) -> None:
        """Keep at most so many."""
        self._half = most // 2
        self._newer: dict[Key, Value] = {}
        self._older: dict[Key, Value] = {}  # these make room next, unless they are asked for again

    def get(self, key: Key) -> Value | None:
        """Return the value of `key` if it is kept."""
        found = self._newer.get(key)
        if found is None and (found := self._older.get(key)) is not None:
            self.keep(key, found)
        return found

    def keep(self, key: Key, value: Value) -> None:
        """Keep `value`."""
        if len(self._newer) >= self._half:
            self._newer, self._older = {}, self._newer
        self._newer[key] = value


class StateCache(Generic[Key, Value]):
    """Values that hold as long as a state lasts: those asked for last, of `most` bytes together. For use in one thread."""

    def __init__(self, most: int) -> None:
        """Keep `most` bytes; nothing with 0."""
        self._most, self._size, self._state = most, 0, b""
        self._kept: dict[Key, tuple[Value, int]] = {}  # the one asked for last is last
        self.hits = 0

    @property
    def keeps(self) -> bool:
        """Whether anything is kept."""
        return self._most > 0

    def get(self, state: bytes, key: Key) -> Value | None:
        """Return the value of `key` if it is kept and was made in `state`."""
        if state != self._state or not (found := self._kept.pop(key, None)):
            return None
        self._kept[key] = found
        self.hits += 1
        return found[0]

    def put(self, state: bytes, key: Key, value: Value, size: int) -> None:
        """Keep `value`, which was made in `state` and has `size` bytes; values of other states are dropped."""
        if size * _SHARE > self._most:
            return
        if state != self._state:
            self._kept.clear()
            self._state, self._size = state, 0
        self._size += size - self._kept.pop(key, (None, 0))[1]
        self._kept[key] = value, size
        while self._size > self._most:
            self._size -= self._kept.pop(next(iter(self._kept)))[1]
