"""A few documents in memory: queries find there, all together, what each finds in an index."""

from __future__ import annotations

import random

import pytest
import tantivy

from lightship.core.model import Document
from lightship.index.fields.address import read_address
from lightship.index.fields.stored_document import add_source, decode_source, read_source
from lightship.index.memory import MemoryIndex, stored_of
from lightship.index.query.compiler import compile_query
from lightship.index.query.language.parser import parse_query
from lightship.index.reader import View
from made import CHINESE, made_documents, page, replica_of, words

DOCUMENTS = made_documents(60)
CJK = range(0x4E00, 0x9FA5)


@pytest.fixture(scope="module")
def view(tmp_path_factory: pytest.TempPathFactory) -> View:
    """Return a view of DOCUMENTS."""
    return replica_of(tmp_path_factory.mktemp("memory"), DOCUMENTS).view


def queries() -> list[str]:
    """Return queries of many kinds."""
    chance, vocabulary = random.Random(1), words(300, 1)
    found = [f"{letter}*" for letter in "bdfgk"] + [f"site:site{number}.example.org" for number in range(7)]
    for word in vocabulary[:40]:
        other = chance.choice(vocabulary[:20])
        found += [word, f'"{word} {other}"', f"{word} -{other}", f"-{word}", f"({word} OR {other}) +{word}"]
    for start in range(0, len(CHINESE) - 2, 3):
        found += [CHINESE[start : start + 2], f"-{CHINESE[start]} {vocabulary[start]}"]
    return found


def test_each_of_many_queries_finds_what_it_finds_in_an_index(view: View) -> None:
    stored = list(stored_of(view, [document.url for document in DOCUMENTS]).values())
    urls, asked = [decode_source(each).url for each in stored], queries()
    compiled = [compile_query(parse_query(each), view.version, view.languages, "", view) for each in asked]
    matching = MemoryIndex(stored, "").matching([each.query for each in compiled])
    for query, each, numbers in zip(asked, compiled, matching, strict=True):
        hits = view.searcher.search(each.query, len(urls)).hits
        found = {decode_source(read_source(view.searcher.doc(address))).url for _, address in hits}
        assert numbers == sorted(numbers)
        assert {urls[number] for number in numbers} == found, query
    assert sum(map(bool, matching)) > 100


def test_documents_that_take_several_segments_keep_their_numbers(view: View) -> None:
    chance = random.Random(1)
    texts = ["".join(map(chr, chance.choices(CJK, k=30_000))) for _ in range(4)]
    stored = [encoded(page(number, text)) for number, text in enumerate(texts)]
    asked = [text[place : place + 3] for place in (0, 20_000) for text in texts]
    compiled = [compile_query(parse_query(f'"{each}"'), view.version, view.languages, "", view) for each in asked]
    memory = MemoryIndex(stored, "")
    assert memory._searcher.num_segments > 1
    assert memory.matching([each.query for each in compiled]) == [[number] for _ in (0, 1) for number in range(4)]


def encoded(document: Document) -> bytes:
    """Return `document` in its stored form."""
    made = tantivy.Document()
    add_source(made, document, read_address(document.url))
    return read_source(made)
