"""Media types are told by headers, or by the ending of the url where a server does not know them."""

from __future__ import annotations

import pytest

from lightship.core.model import Document
from lightship.crawler.parsing.encodings.media import (
    ASCIIDOC,
    ENDINGS,
    HTML,
    MARKDOWN,
    NOTEBOOK,
    PDF,
    PLAIN,
    READABLE,
    RST,
    RTF,
    TYPES,
    XML,
    media_type,
)
from lightship.index.fields.address import read_address
from lightship.index.fields.stored_document import type_of


@pytest.mark.parametrize(
    ("header", "path", "kind"),
    [
        ("Text/HTML; charset=x", "a.rst", HTML), ("text/plain", "a.rst", RST), ("text/plain", "a.txt", PLAIN), ("text/plain", "a.html", PLAIN),
        ("application/octet-stream", "a.ADOC?b#c", ASCIIDOC), ("application/octet-stream", "a.exe", "application/octet-stream"),
        ("application/json", "a.ipynb", NOTEBOOK), ("application/json", "a.json", "application/json"), ("", "a.md", MARKDOWN), ("", "a", ""),
        ("text/plain", "a.pdf", PLAIN), ("application/octet-stream", "a.pdf", PDF), ("text/rtf", "a", RTF), ("text/xml", "a.rst", XML), ("text/plain", "?a=.rst", PLAIN), ("image/png", "a.rst", "image/png"),
    ],
)  # fmt: skip
def test_media_types(header: str, path: str, kind: str) -> None:
    assert media_type(header, f"https://example.org/{path}") == kind


def test_each_ending_has_the_same_type_everywhere() -> None:
    assert set(ENDINGS.values()) <= READABLE
    for ending, kind in ENDINGS.items():
        url = f"https://example.org/a{ending}"
        assert type_of(Document(url=url), read_address(url).ending) == TYPES[kind], ending
