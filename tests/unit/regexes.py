"""Finding regular expressions whose time grows faster than what they read: by attack strings made from themselves.

An attack string is a beginning that the pattern likes, a piece again and again, and an end that it can't match. Pieces
are drawn from the parsed pattern: a sample of each of its parts, and each of its characters.
"""

from __future__ import annotations

import ast
import importlib
import itertools
import re
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

parser: Any = importlib.import_module("re._parser")

LENGTHS = (15, 20, 25, 30, 60, 200, 800, 3200, 12_800)  # of the pieces together: growing, so that none takes for ever
SECONDS = 0.02  # of processor time for the longest; a linear pattern takes some milliseconds
GROWTH = 2  # times the proportion: a quadratic one has four, from one length to the next; a slow machine has none
TOO_LONG = 0.2  # seconds of processor time, whatever the growth: what has a bound can be slow up to it
METHODS = ("match", "fullmatch", "search", "findall", "finditer", "sub", "subn", "split")
MAX_PIECES = 20


class Slow(NamedTuple):
    """An attack that worked."""

    method: str
    piece: str
    length: int
    seconds: float


def attack(pattern: re.Pattern[Any], method: str, most: int = LENGTHS[-1]) -> Slow | None:
    """Return what makes `pattern.method` slow on a text of up to `most` characters; None when nothing does."""
    tree = parser.parse(
        pattern.pattern, pattern.flags & ~re.UNICODE if isinstance(pattern.pattern, bytes) else pattern.flags
    )
    heads = list(dict.fromkeys(["", *_heads(tree)]))[:3]
    pieces = list(dict.fromkeys(_pieces(tree)))[:MAX_PIECES]
    lengths = [length for length in LENGTHS if length < most] + [most]
    for head, piece in itertools.product(heads, pieces):
        for end in ("", "\x01"):
            if found := _slow(pattern, method, (head, piece, end), lengths):
                return found
    return None


def _slow(pattern: re.Pattern[Any], method: str, attack: tuple[str, str, str], lengths: list[int]) -> Slow | None:
    head, piece, end = attack
    before: Any = ""
    for length in lengths:
        text: Any = (head + piece * max(1, (length - len(head)) // len(piece)))[:length] + end
        if isinstance(pattern.pattern, bytes):
            text = text.encode("latin-1", "replace")
        seconds = _seconds(pattern, method, text)
        if seconds > SECONDS and length > 100:  # else it was, or will be, seconds and more
            seconds = min(_seconds(pattern, method, text) for _ in range(3))
        if seconds > SECONDS and (seconds > TOO_LONG or _grows(pattern, method, (before, text), seconds)):
            return Slow(method, piece, length, seconds)
        before = text
    return None


def _grows(pattern: re.Pattern[Any], method: str, texts: tuple[Any, Any], seconds: float) -> bool:
    """Tell whether the longer of two texts took longer than in proportion to its length."""
    before, after = texts
    shorter = min(_seconds(pattern, method, before) for _ in range(3))
    return seconds > shorter * len(after) / max(1, len(before)) * GROWTH


def _seconds(pattern: re.Pattern[Any], method: str, text: Any) -> float:
    arguments = (text[:0], text) if method.startswith("sub") else (text,)
    began = time.process_time()
    found = getattr(pattern, method)(*arguments)
    if method == "finditer":
        for _ in found:
            pass
    return time.process_time() - began


def _heads(tree: Any) -> Iterator[str]:
    """Yield what leads to each part at the top of the pattern."""
    head = ""
    for node in tree:
        yield head
        head += _sample(node)
    yield head


def _pieces(tree: Any) -> Iterator[str]:
    """Yield samples: of the whole, of each repeated part and each pair of neighbours, and single characters."""
    samples = [_sample(node) for node in tree]
    repeated = [number for number, node in enumerate(tree) if "REPEAT" in str(node[0])]
    yield from ("".join(samples[:number]) for number in repeated if any(samples[:number]))
    yield from (sample for sample in ("".join(samples), *samples) if sample)
    yield from ("".join(pair) for pair in itertools.pairwise(samples) if all(pair))
    for node in tree:
        for inner in _inner(node):
            yield from _pieces(inner)
    yield from " a1/"


def _inner(node: Any) -> list[Any]:
    name, value = str(node[0]), node[1]
    if "REPEAT" in name:
        return [value[2]]
    if name == "SUBPATTERN":
        return [value[3]]
    if name == "BRANCH":
        return list(value[1])
    if name in ("ASSERT", "ASSERT_NOT"):
        return [value[1]]
    return [value] if name == "ATOMIC_GROUP" else list[Any]()


def _sample(node: Any) -> str:
    """Return a short text that a part of a pattern matches, about."""
    name, value = str(node[0]), node[1]
    if name == "LITERAL":
        return chr(value)
    if name == "NOT_LITERAL":
        return "a" if value != ord("a") else "b"
    if name == "ANY":
        return "a"
    if name == "IN":
        return _member(value)
    if name == "CATEGORY":
        kinds = {"CATEGORY_DIGIT": "1", "CATEGORY_SPACE": " ", "CATEGORY_WORD": "a"}
        return str(kinds.get(str(value), "-"))
    if "REPEAT" in name:
        return "".join(map(_sample, value[2])) * int(min(max(value[0], 1), 8))
    if name in ("SUBPATTERN", "ATOMIC_GROUP"):
        return "".join(map(_sample, value[3] if name == "SUBPATTERN" else value))
    if name == "BRANCH":
        return "".join(map(_sample, value[1][0]))
    return ""


def _member(parts: Any) -> str:
    if str(parts[0][0]) == "NEGATE":
        return next((each for each in "a -1/é\x7f" if not any(_is_in(each, part) for part in parts[1:])), "a")
    kind, value = str(parts[0][0]), parts[0][1]
    return str(chr(value[0]) if kind == "RANGE" else _sample(parts[0]))


def _is_in(character: str, part: Any) -> bool:
    kind, value = str(part[0]), part[1]
    if kind == "LITERAL":
        return bool(ord(character) == value)
    if kind == "RANGE":
        return bool(value[0] <= ord(character) <= value[1])
    if kind != "CATEGORY":
        return False
    negated = "_NOT_" in str(value)
    letter = {"SPACE": "s", "DIGIT": "d", "WORD": "w"}[str(value).rpartition("_")[2]]
    return (re.match(f"\\{letter}", character) is not None) != negated


class Used(NamedTuple):
    """A pattern that a source file uses, by a method."""

    place: str
    pattern: re.Pattern[Any]
    method: str


def methods_of(module: ast.Module) -> dict[str, set[str]]:
    """Return by which methods the patterns are used that have names in a module."""
    found: dict[str, set[str]] = {}
    for node in ast.walk(module):
        if isinstance(node, ast.Attribute) and node.attr in METHODS:
            names = [each.id for each in ast.walk(node.value) if isinstance(each, ast.Name)]
            for name in names:
                found.setdefault(name, set()).add(node.attr)
    return found


def inline(path: str, module: ast.Module) -> Iterator[tuple[str, str | bytes | None, str]]:
    """Yield (place, pattern, method) of each `re.method(pattern, …)`; None for one that is made as the program runs."""
    for node in ast.walk(module):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        if isinstance(node.func.value, ast.Name) and node.func.value.id == "re" and node.func.attr in METHODS:
            first = node.args[0]
            pattern = first.value if isinstance(first, ast.Constant) else None
            yield f"{path}:{node.lineno}", pattern if isinstance(pattern, str | bytes) else None, node.func.attr
