"""Validators: the same for the same answer, and another one for another."""

from __future__ import annotations

from typing import Any

import pytest

from lightship.http.answers.caching import etag, has


def asked(path: str = "/search", query: bytes = b"q=lamp", **headers: str) -> dict[str, Any]:
    shown = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return {"path": path, "query_string": query, "headers": shown}


def test_the_same_answer_has_the_same_validator() -> None:
    assert etag(b"1", "json", asked()) == etag(b"1", "json", asked())
    others = [
        etag(b"2", "json", asked()),
        etag(b"1", "html", asked()),
        etag(b"1", "json", asked("/suggest")),
        etag(b"1", "json", asked("/search", b"q=lamps")),
        etag(b"1", "json", asked("/search\0json", b"")),
    ]
    assert len({etag(b"1", "json", asked()), *others}) == 6


TAG = etag(b"1", "json", asked())


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (TAG, True),
        (TAG.removeprefix("W/"), True),
        (f'"other", {TAG}', True),
        ("*", True),
        ('"other"', False),
        ("", False),
        (TAG.strip('"W/'), False),
        (", ".join(['"other"'] * 100 + [TAG]), False),  # so many are not read
    ],
)
def test_if_none_match(shown: str, expected: bool) -> None:
    assert has(asked(if_none_match=shown), TAG) == expected
    assert not has(asked(), TAG)
