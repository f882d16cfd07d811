from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from lightship.deploy.yaml import dump, dump_all

SCALARS = (
    st.text()
    | st.sampled_from(
        ["yes", "no", "~", "null", "1e3", "0x1f", "1:30", "- a", "a: b", "a #b", "%", "@", "=", "<<", "2020-01-01"]
    )
    | st.integers(-(2**40), 2**40)
    | st.floats(0.05, 256)
    | st.booleans()
)
KEYS = st.text(min_size=1)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner), max_leaves=8)


@given(st.dictionaries(KEYS, VALUES))
def test_what_is_written_is_what_is_read(value: dict[str, Any]) -> None:
    assert yaml.safe_load(dump(value)) == value


def test_several_documents_are_read_apart() -> None:
    values: list[dict[str, Any]] = [{"a": "---"}, {"b": "one\n---\ntwo\n"}, {"c": ["..."]}]
    assert list(yaml.safe_load_all(dump_all(values))) == values


def test_it_is_written_as_people_write_it() -> None:
    value = {"a": {"list": ["x", {"b": 1, "c": []}, {}], "text": "one\n  two\n"}, "port": "8080", "on": True}
    assert dump(value) == (
        "a:\n  list:\n    - x\n    - b: 1\n      c: []\n    - {}\n  text: |\n    one\n      two\n"
        'port: "8080"\n"on": true\n'
    )


def test_what_has_no_form_is_refused() -> None:
    with pytest.raises(TypeError, match="set can't be written as YAML"):
        dump({"a": {1}})
