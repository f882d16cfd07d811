from __future__ import annotations

import tomllib

from hypothesis import given
from hypothesis import strategies as st

from lightship.config.lines import line_of

NAMES = st.text("abcdefgh", min_size=1, max_size=6)
SCALARS = st.sampled_from(
    ['"text"', '"""\nlong\ntext"""', "7", "true", '"]"', '"# no comment"', "'''\n[a]\nb = 1\n'''"]
)
ARRAYS = st.lists(SCALARS, min_size=1, max_size=4).map(lambda elements: "[\n" + ",\n".join(elements) + ", # last\n]")
FILLERS = st.sampled_from(["", "# a comment = 1", "\n\n"])


@given(
    st.dictionaries(NAMES, st.tuples(FILLERS, SCALARS | ARRAYS), min_size=1, max_size=6),
    st.dictionaries(NAMES.map(str.upper), st.tuples(FILLERS, SCALARS | ARRAYS), max_size=6),
)
def test_a_key_is_found_on_the_line_where_it_is_written(
    top: dict[str, tuple[str, str]], table: dict[str, tuple[str, str]]
) -> None:
    text = ""
    written: dict[tuple[str, ...], int] = {}
    for path, (filler, value) in [((key,), each) for key, each in top.items()]:
        text += f"{filler}\n"
        written[path] = text.count("\n") + 1
        text += f"{path[0]} = {value}\n"
    text += "[TABLE]\n"
    for key, (filler, value) in table.items():
        text += f"{filler}\n"
        written["TABLE", key] = text.count("\n") + 1
        text += f"{key} = {value}\n"
    tomllib.loads(text)
    assert {path: line_of(text, path) for path in written} == written


def test_an_element_of_an_array_has_its_own_line() -> None:
    text = 'a = 1\nb = [\n  "x", "y",\n  # no\n  "z",\n]\n'
    assert [line_of(text, ("b", number)) for number in range(3)] == [3, 3, 5]


def test_the_keys_of_inline_and_dotted_tables_are_on_their_line() -> None:
    text = "\n[x]\na.b.c = 1\nd = { e = 2, f.g = 3 }\n[[y]]\nh = 1\n"
    assert [line_of(text, path) for path in (("x", "a", "b", "c"), ("x", "d", "f", "g"), ("y", 0, "h"))] == [3, 4, 6]
