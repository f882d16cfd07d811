"""Pages as the tools write them that make most sites: their content is kept, and what surrounds it is not.

The layouts are in layouts/*.txt, each below a line with its name. Words that begin with Keep must be in the text, words
that begin with Frame must not. In double brackets stand a sentence (line), a paragraph (prose), items with links (links)
and the declaration that a page is an article (article).
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lightship.crawler.parsing.html.extract import extract

LINE = "The harbour master keeps a careful record of every vessel that enters the port, and of the name of its captain."
WORDS = {
    "line": LINE,
    "prose": f"<p>{LINE} {LINE} {LINE}</p>",
    "links": "".join(f"<li><a href=/{name}>Frame {name}</a></li>" for name in ("home", "news", "about", "contact", "blog")),
    "article": "<meta property=og:type content=article>",
}  # fmt: skip


def read_layouts() -> dict[str, str]:
    """Return the layouts by the name of their file and their own."""
    found = {}
    for path in sorted((Path(__file__).parent / "layouts").glob("*.txt")):
        for layout in re.split(r"^# ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
            name, body = layout.split("\n", 1)
            found[f"{path.stem}: {name}"] = re.sub(r"\[\[(\w+)\]\]", lambda word: WORDS[word[1]], body)
    return found


LAYOUTS = read_layouts()


@pytest.mark.parametrize("name", LAYOUTS)
def test_content_is_kept_and_frame_is_not(name: str) -> None:
    text = extract(f"<!doctype html><title>The title of it | Site</title>{LAYOUTS[name]}", "http://a.example/x").text
    kept = set(re.findall(r"\bKeep\w*", LAYOUTS[name]))
    assert kept
    assert sorted(word for word in kept if word not in text) == []
    assert re.findall(r"\bFrame.{,30}", text) == []
