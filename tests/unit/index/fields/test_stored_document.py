"""What is stored of a document comes back as it was, in whichever form it is stored."""

from __future__ import annotations

import pytest
import tantivy
from hypothesis import given
from hypothesis import strategies as st

from lightship.core.model import Document
from lightship.core.sections import Section
from lightship.index.fields.address import read_address
from lightship.index.fields.stored_document import add_source, decode_source, read_source

ADDRESS = read_address("https://example.org/")


def _stored(document: Document) -> tantivy.Document:
    """Return what a search finds of `document`."""
    index = tantivy.Index(tantivy.SchemaBuilder().add_bytes_field("source", stored=True).build())
    made = tantivy.Document()
    add_source(made, document, ADDRESS)
    writer = index.writer(15_000_000, 1)
    writer.add_document(made)
    writer.commit()
    index.reload()
    searcher = index.searcher()
    return searcher.doc(searcher.search(tantivy.Query.all_query(), 1).hits[0][1])


@pytest.mark.parametrize(
    ("text", "form"),
    [("plain words ", str), ("a naïve café with more words about its menu ", str), ("zero \0 and ÿ in a text ", str),
     ("страница на русском языке", bytes), ("東京の天気", bytes), ("😀", bytes)],
)  # fmt: skip
def test_text_in_latin_letters_is_stored_as_text(text: str, form: type) -> None:
    text *= 20
    found = _stored(Document(url="https://example.org/", text=text))
    assert type(found.get_first("source")) is form
    assert decode_source(read_source(found)).text.decode() == text


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])), st.text(alphabet="aé"))
def test_what_is_stored_comes_back(text: str, title: str) -> None:
    document = Document(url="https://example.org/", title=title, text=text, fields={"price": 1.5, "n": -(2**63)})
    made = tantivy.Document()
    add_source(made, document, ADDRESS)
    found = decode_source(read_source(made))
    assert (found.text.decode(), found.title, found.fields) == (text, title, document.fields)


@given(st.lists(st.tuples(st.text(alphabet="aß第😀 ", min_size=1).filter(str.strip), st.text(alphabet="b京\n"))))
def test_sections_come_back_with_their_bytes(parts: list[tuple[str, str]]) -> None:
    text, sections = "", []
    for number, (heading, body) in enumerate(parts):
        text += "\n"
        sections.append(Section(heading, len(text), number % 6 + 1, f"ü {number}" if number % 2 else ""))
        text += f"{heading}\n{body}"
    made = tantivy.Document()
    add_source(made, Document(url="https://example.org/", text=text, sections=sections), ADDRESS)
    found = decode_source(read_source(made))
    if not sections:
        assert found.sections is None
        return
    assert found.sections
    for section, first, last in zip(sections, found.sections.starts, found.sections.bodies, strict=True):
        assert found.text[first:last].decode() == section.heading
    assert list(found.sections.levels) == [section.level for section in sections]
    assert found.sections.headings.split("\n") == [" ".join(section.heading.split()) for section in sections]
    assert found.sections.fragments.split("\n") == [f"%C3%BC%20{n}" if n % 2 else "" for n in range(len(sections))]


def test_a_heading_that_does_not_stand_in_the_text_has_no_length() -> None:
    made = tantivy.Document()
    sections = [Section("Not there", 0), Section("two lines", 5)]
    add_source(made, Document(url="https://example.org/", text="Text two\nlines", sections=sections), ADDRESS)
    found = decode_source(read_source(made)).sections
    assert found
    assert (found.starts, found.bodies) == ([0, 5], [0, 14])
