"""Short documents: pages cut into passages, as catalogues, messages and answers of support are short."""

from __future__ import annotations

from collections.abc import Iterator

from bench.made import made_lines
from bench.progress import bar
from lightship.core.errors import InvalidInputError
from lightship.core.model import Document
from lightship.documents.jsonl import open_lines, parse_line, read_lines

CHARACTERS = 385  # of a passage, on average
LEAST = 40  # a shorter rest is left out


def passages(path: str, count: int) -> Iterator[Document]:
    """Yield `count` passages of the pages in a file of JSON lines, or of made pages without a `path`; fewer if it has no more."""
    made = 0
    for page in bar(pages(path, count // 10 + 1), "cutting pages into passages"):
        for number, text in enumerate(cut(page.text)):
            if made == count:
                return
            made += 1
            yield Document(
                url=f"{page.url}#passage-{number}", title=page.title if number == 0 else "", text=text, language=page.language
            )  # fmt: skip


def cut(text: str) -> Iterator[str]:
    """Yield the passages of a text, which end between two words where that is near."""
    start = 0
    while len(text) - start >= LEAST:
        end = start + CHARACTERS
        if end < len(text):
            end = max(text.rfind(" ", start + CHARACTERS - 100, end + 1), start) or end
            end = end if end > start else start + CHARACTERS
        yield text[start:end].strip()
        start = end


def pages(path: str, count: int) -> Iterator[Document]:
    """Yield the pages in a file of JSON lines, or `count` made ones without a `path`; a line that is none is left out."""
    if not path:
        yield from (parse_line(line) for line in made_lines(count))
        return
    with open_lines(path) as file:
        for _, line in read_lines(file):
            if line is None:
                continue
            try:
                yield parse_line(line)
            except InvalidInputError:
                continue
