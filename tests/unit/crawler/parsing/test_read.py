"""What is the title of a text that has none: its first line, or the beginning of its first paragraph."""

from __future__ import annotations

import pytest

from lightship.crawler.parsing.encodings.media import ASCIIDOC, PLAIN, RST, RTF
from lightship.crawler.parsing.read import MAX_LINE, read_page

PARAGRAPH = "The harbour master keeps a careful record of every vessel that enters the port. " * 5


@pytest.mark.parametrize(
    ("body", "kind", "title"),
    [
        ("Release notes\n\nText", PLAIN, "Release notes"), ("リリースノート\r\n\r\n本文", PLAIN, "リリースノート"), ("\n\n  One  line", PLAIN, "One line"),
        (PARAGRAPH, PLAIN, "The harbour master"), (f"{PARAGRAPH}\nMore", RST, "The harbour master"), (PARAGRAPH, ASCIIDOC, "The harbour master"),
        (f"{{\\rtf1 {PARAGRAPH}\\par}}", RTF, "The harbour master"), ("検索エンジンは情報を探す。" * 20, PLAIN, "検索エンジン"),
    ],
)  # fmt: skip
def test_titles_of_texts_without_one(body: str, kind: str, title: str) -> None:
    found = read_page(body.encode(), kind, "http://a.example/x").title
    assert found.startswith(title)
    assert len(found) <= MAX_LINE + 1
    assert (found == title) != found.endswith("…")
