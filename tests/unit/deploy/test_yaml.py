from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from lightship.deploy.yaml import dump, dump_all

SCALARS = (
    st.text()
    | st.sampled_from(
        ["yes", "no", "~", "null", "1e3", "0x1f", "1:30", "- a", "a: b", "a #b", "%", "@", "=", "<<", "2020-01-01"]
    )
    | st.integers(-(2**40), 2**40)
    | st.floats(allow_nan=False, allow_infinity=False).filter(lambda value: "e" not in repr(value))
    | st.booleans()
)
KEYS = st.text(min_size=1)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner), max_leaves=20)


@given(st.dictionaries(KEYS, VALUES))
def test_what_is_written_is_what_is_read(value: dict[str, Any]) -> None:
    assert yaml.safe_load(dump(value)) == value


@settings(max_examples=25)
@given(st.lists(st.dictionaries(KEYS, VALUES, min_size=1), min_size=1, max_size=3))
def test_several_documents_are_read_apart(values: list[dict[str, Any]]) -> None:
    assert list(yaml.safe_load_all(dump_all(values))) == values


def test_it_is_written_as_people_write_it() -> None:
    value = {"a": {"list": ["x", {"b": 1, "c": []}, {}], "text": "one\n  two\n"}, "port": "8080", "on": True}
    assert dump(value) == (
        "a:\n  list:\n    - x\n    - b: 1\n      c: []\n    - {}\n  text: |\n    one\n      two\n"
        'port: "8080"\n"on": true\n'
    )


def test_what_has_no_form_is_refused() -> None:
    with pytest.raises(TypeError, match="set is not for YAML"):
        dump({"a": {1}})
