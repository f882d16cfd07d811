"""The type of a page is that of its content, whatever its url ends in."""

from __future__ import annotations

import pytest

from lightship.crawler.parsing.read import document_of, read_page


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [("text/html; charset=utf-8", "page"), ("", "page"), ("text/markdown", "markdown"), ("text/plain", "text")],
)
def test_a_document_has_the_type_of_its_content(content_type: str, expected: str) -> None:
    url = "https://example.org/readme.pdf"
    assert document_of(read_page(b"# A page of words", content_type, url), url).type == expected
