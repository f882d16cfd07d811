"""Finds the line of a key in a TOML file, by parsing ever longer prefixes of the file with Python's own parser."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from typing import Any

Key = str | int  # of a table, or of an array
_NOTHING = object()


def line_of(text: str, path: Sequence[Key]) -> int:
    """Return the line number, from 1, at which the value at `path` begins in `text`, which must be valid TOML.

    The first n lines are valid TOML exactly if no statement is incomplete after them. So the statement that defines
    `path` begins after the longest such prefix without it.
    """
    lines = text.splitlines()
    start = 0
    for end in range(1, len(lines) + 1):
        found = _parse(lines[:end])
        if found is None:
            continue
        if _at(found, path) is not _NOTHING:
            return _element(lines, start, end, path) if isinstance(path[-1], int) else start + 1
        start = end
    return 1


def _element(lines: Sequence[str], start: int, end: int, path: Sequence[Key]) -> int:
    """Return the line number of an element of the array in lines `start` to `end`: any prefix of it can be closed."""
    for stop in range(start + 1, end + 1):
        found = _parse([*lines[:stop], "]"])
        if found is not None and _at(found, path) is not _NOTHING:
            return stop
    return start + 1


def _parse(lines: Sequence[str]) -> dict[str, Any] | None:
    try:
        return tomllib.loads("\n".join(lines))
    except tomllib.TOMLDecodeError:
        return None


def _at(value: Any, path: Sequence[Key]) -> Any:
    for key in path:
        try:
            value = value[key]
        except (KeyError, IndexError, TypeError):
            return _NOTHING
    return value
