"""Words that docs/style.md bans, and lines that are too long, in documents and in the source.

A word that is gone from `src` moves from `NOT_IN_DOCUMENTS` to `NOWHERE`; both lists can grow.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from support import ROOT

NOWHERE = (
    r"have not the", r"all of a sudden", r"utili[sz]e", r"dear(er|est)?", r"for ever", r"has not the", r"anew", r"of now",
    r"tell whether", r"return whether", r"in our words", r"behind the back", r"so there is", r"who (asks|comes|has)", r"trouble",
    r"told (of|at)", r"a second ago at most",
)  # fmt: skip
NOT_IN_DOCUMENTS = (
    r"that is it", r"which it is", r"nobody", r"what stands", r"stands? (here|there)", r"of what comes",
)  # fmt: skip
MAX_LINE = 120

DOCUMENTS = [
    path
    for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / ".github").rglob("*.md"))
    if path.name != "style.md"  # which shows them
]
SOURCES = sorted((ROOT / "src").rglob("*.py"))


def found_in(path: Path, words: tuple[str, ...]) -> list[str]:
    """Return where any of `words` is in a file, as `file:line: word`."""
    pattern = re.compile(rf"\b({'|'.join(words)})\b", re.IGNORECASE)
    text = path.read_text()
    if path.suffix == ".md":
        text = re.sub(r"`[^`\n]*`", "", text)  # what is quoted
    lines = enumerate(text.splitlines(), 1)
    return [
        f"{path.relative_to(ROOT)}:{number}: {found[0]}" for number, line in lines for found in pattern.finditer(line)
    ]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_document_has_no_banned_word_and_no_long_line(path: Path) -> None:
    assert found_in(path, NOWHERE + NOT_IN_DOCUMENTS) == []
    prose = re.sub(r"^```[\s\S]*?^```|^    .*$|^\|.*$", "", path.read_text(), flags=re.MULTILINE)
    assert [line for line in prose.splitlines() if len(line) > MAX_LINE and " " in line.strip()] == []


def test_the_source_has_no_banned_word() -> None:
    assert [place for path in SOURCES for place in found_in(path, NOWHERE)] == []
