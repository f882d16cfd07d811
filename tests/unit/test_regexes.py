"""No regular expression takes longer than in proportion to what it reads: strangers choose what that is."""

from __future__ import annotations

import ast
import functools
import importlib
import re
from collections.abc import Iterator
from pathlib import PurePath
from typing import Any

import pytest

from support import ROOT
from unit.regexes import LENGTHS, METHODS, Used, attack, inline, methods_of

SOURCE = ROOT / "src"

# Patterns that only ever read short texts: how many characters, and what bounds them
SHORT = {
    "lightship.crawler.parsing.html.boilerplate.NAMES": 1001,  # MAX_NAMES of classes and id
    "lightship.crawler.parsing.html.boilerplate.SURE_NAMES": 1001,
    "lightship.crawler.parsing.html.content.NAMES": 1001,
    "lightship.crawler.parsing.html.content.SURE_NAMES": 1001,
    "lightship.crawler.parsing.encodings.decode._ATTRIBUTE": 1000,  # what _META takes
}
# Patterns that are made as the program runs, of what nobody outside chooses
MADE = {"serving.py", "writer.py"}


def module_patterns(module: Any) -> Iterator[tuple[str, re.Pattern[Any], str]]:
    """Yield name, pattern, and the method if it is a bound one."""
    for name, value in vars(module).items():
        values = value.values() if isinstance(value, dict) else value if isinstance(value, tuple | list) else [value]
        for each in values:
            for inner in each if isinstance(each, tuple) else [each]:
                if isinstance(inner, re.Pattern):
                    yield name, inner, ""
                elif isinstance(getattr(inner, "__self__", None), re.Pattern):  # a bound method
                    yield name, inner.__self__, inner.__name__


@functools.cache
def sources() -> list[str]:
    """Return the paths of our modules, seen from SOURCE."""
    return sorted(path.relative_to(SOURCE).as_posix() for path in (SOURCE / "lightship").rglob("*.py"))


@functools.cache
def tree(path: str) -> ast.Module:
    return ast.parse((SOURCE / path).read_text())


@functools.cache
def everywhere() -> dict[str, set[str]]:
    """Return by which methods each name is used in any of our modules."""
    found: dict[str, set[str]] = {}
    for path in sources():
        for name, methods in methods_of(tree(path)).items():
            found.setdefault(name, set()).update(methods)
    return found


@functools.cache
def used(path: str) -> list[Used]:
    """Return each pattern of a module with each method that it is used by: all, where that can't be seen."""
    name = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    if name.endswith("__main__"):
        return []
    found, here = [], methods_of(tree(path))
    for variable, pattern, bound in module_patterns(importlib.import_module(name)):
        methods = {bound} if bound else here.get(variable) or everywhere().get(variable, {"search"})
        found += [Used(f"{name}.{variable}", pattern, method) for method in sorted(methods)]
    for place, text, method in inline(path, tree(path)):
        if text is not None:
            found.append(Used(place, re.compile(text), method))
        else:
            assert PurePath(path).name in MADE, f"{place}: a pattern that is made as the program runs"
    return found


@pytest.mark.parametrize("folder", sorted({str(PurePath(path).parent) for path in sources()}))
def test_no_pattern_of_ours_is_slow(folder: str) -> None:
    for each in (each for path in sources() if str(PurePath(path).parent) == folder for each in used(path)):
        found = attack(each.pattern, each.method, SHORT.get(each.place, LENGTHS[-1]))
        assert found is None, f"{each.place} {each.pattern.pattern!r}: {found}"


@pytest.mark.parametrize(
    ("pattern", "method"),
    [
        (r"(a+)+$", "match"), (r"(?:a|a)*b", "match"), (r"(?:\w+\s?)*$", "fullmatch"), (r"^(\w+|\d+)*$", "match"),
        (r".*a.*a.*a.*b", "match"), (r"\s*\d*\s*\d*\s*x", "match"), (r"\s+$", "search"), (r".*x", "search"),
        (r"<a\s[^>]*href", "search"), (r"<!--.*?-->", "sub"), (r"charset\s*=", "match_nothing"), (r"\w*Article|\w*Page", "search"),
        (rb"(?:x+x+)+y", "search"), (r"(?P<a>\w+)\s+(?P=a)\s+(?P=a)", "search"),
    ],
)  # fmt: skip
def test_a_slow_pattern_is_found(pattern: str | bytes, method: str) -> None:
    if method == "match_nothing":
        assert attack(re.compile(pattern), "match") is None
    else:
        assert attack(re.compile(pattern), method) is not None


@pytest.mark.parametrize(
    ("pattern", "method"),
    [(r"[a-z]+[0-9]+", "match"), (r"\d{4}-\d\d", "search"), (r"[^\S\n]+", "sub"), (r"a*b", "match"), (r"\n{3,}", "sub"), (r"(?:ab)*c", "fullmatch")],
)  # fmt: skip
def test_a_linear_one_is_not(pattern: str, method: str) -> None:
    assert attack(re.compile(pattern), method) is None


def test_all_patterns_are_looked_at() -> None:
    every = [each for path in sources() for each in used(path)]
    assert len({each.pattern for each in every}) > 60
    assert {each.method for each in every} <= set(METHODS)
