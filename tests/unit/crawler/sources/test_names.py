"""The meaning of SOURCE arguments, and the errors for invalid ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from lightship.core.errors import ConfigurationError
from lightship.crawler.main import crawl
from lightship.crawler.sources.names import Kind, Source, parse_sources


def test_each_kind_is_known(tmp_path: Path) -> None:
    packed = tmp_path / "b.jsonl.zst"
    packed.touch()
    assert parse_sources(["HTTP://Example.org", "http://example.org/#top", str(tmp_path), str(packed)]) == [
        Source(Kind.WEBSITE, "http://example.org/"),
        Source(Kind.FOLDER, str(tmp_path)),
        Source(Kind.JSONL, str(packed)),
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("no/such/folder", "'no/such/folder' does not exist"),
        ("http://", "'http://' is not a URL"),
        ("http://me:secret@example.org/", "contains a password"),
        (__file__, "of an unknown kind"),
        ("ftp://example.org/", "does not exist"),
    ],
)
def test_a_bad_source_is_named(text: str, problem: str) -> None:
    with pytest.raises(ConfigurationError, match=problem) as caught:
        parse_sources([text])
    assert "secret" not in str(caught.value)
    assert "https://example.org" in str(caught.value) or "password" in problem


def test_no_source_is_an_error() -> None:
    with pytest.raises(ConfigurationError, match="no SOURCE"):
        crawl([])
