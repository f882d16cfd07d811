"""Normalization cuts runs of marks, changes nothing else, and is called in one place only."""

from __future__ import annotations

import ast
import sys
import unicodedata
from collections.abc import Callable, Iterator
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightship.core.unicode import MAX_MARKS, Form, is_mark, normalize
from readers import MARKS, in_runs, repeated, seconds
from support import ROOT

FORMS: tuple[Form, ...] = get_args(Form)
SOURCE = ROOT / "src" / "lightship"
HOME = SOURCE / "core" / "unicode.py"
ORDINARY = ("यह काँच है, क्षत्रिय ", "בְּרֵאשִׁית בָּרָא ", "Tiếng Việt ", "ﾊﾟｰﾃｨｰ", "ༀ་མ་ཎི་པདྨེ་ཧཱུྃ", "é e\u0301 ", "😀\u200d💻 ")


@given(
    st.lists(st.sampled_from([*ORDINARY, "a", " ", "-" * 50, "\u2500" * 50, "\u0301" * 10, "\u0f73\u0323"])).map(
        "".join
    )
)
def test_a_text_without_long_runs_is_what_python_makes_of_it(text: str) -> None:
    if max((len(run) for run in "".join("m" if is_mark(c) else " " for c in text).split()), default=0) <= MAX_MARKS:
        for form in FORMS:
            assert normalize(form, text) == unicodedata.normalize(form, text)


@given(
    st.text(st.sampled_from("".join(MARKS)), min_size=MAX_MARKS, max_size=200),
    st.text("añ \u2500क", max_size=20),
    st.text("añ \u2500क", max_size=20),
)
def test_of_marks_in_a_row_the_first_are_kept_wherever_they_are(marks: str, before: str, after: str) -> None:
    for form in FORMS:
        expected = unicodedata.normalize(form, before + marks[:MAX_MARKS] + after)
        assert normalize(form, before + marks + after) == expected


def test_all_that_is_moved_is_a_mark_and_no_letter_of_a_run() -> None:
    for code in range(sys.maxunicode + 1):
        character = chr(code)
        parts = unicodedata.normalize("NFKD", character)
        if all(map(unicodedata.combining, parts)):
            assert is_mark(character), f"U+{code:04X}"
            assert len(parts) <= 3
            run = f"a{character * 2 * MAX_MARKS}b"  # finds it, whichever it is
            assert len(normalize("NFC", run)) <= len(unicodedata.normalize("NFC", run)) - MAX_MARKS
        else:  # such a character ends a run, and adds few marks to it
            assert not is_mark(character)
            assert len(parts) - len(parts.rstrip("".join(filter(unicodedata.combining, parts)))) <= 3


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("make", [repeated, in_runs])
def test_it_takes_time_in_proportion_to_the_text(form: Form, make: Callable[[str, int], str]) -> None:
    def read(text: str) -> None:
        normalize(form, text)

    for marks in MARKS:
        short, long = seconds(read, make(marks, 10_000)), seconds(read, make(marks, 40_000))
        assert long < 0.02 + 8 * short, ascii(marks)


def normalizing(source: str) -> Iterator[str]:
    """Yield where a source refers to what normalizes, by whatever name."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module == "unicodedata":
            yield from (
                f"{node.lineno}: {name.name}" for name in node.names if "normal" in name.name or name.name == "*"
            )
        elif isinstance(node, ast.Attribute) and node.attr in {"normalize", "is_normalized"}:
            yield f"{node.lineno}: {ast.unparse(node)}"


def test_nothing_else_normalizes() -> None:
    found = {path.name: [*normalizing(path.read_text())] for path in SOURCE.rglob("*.py") if path != HOME}
    assert {name: places for name, places in found.items() if places} == {}
    assert [*normalizing(HOME.read_text())]


@pytest.mark.parametrize(
    "source",
    ["from unicodedata import normalize as n", "import unicodedata as u; u.is_normalized('NFC', '')", "from unicodedata import *"],
)  # fmt: skip
def test_whatever_normalizes_is_found(source: str) -> None:
    assert [*normalizing(source)]
