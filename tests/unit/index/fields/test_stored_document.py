"""What is stored of a document comes back as it was, in whichever form it is stored."""

from __future__ import annotations

import pytest
import tantivy
from hypothesis import given
from hypothesis import strategies as st

from lightship.core.model import Document
from lightship.index.fields.stored_document import add_source, decode_source, read_source


def _stored(document: Document) -> tantivy.Document:
    """Return what a search finds of `document`."""
    index = tantivy.Index(tantivy.SchemaBuilder().add_bytes_field("source", stored=True).build())
    made = tantivy.Document()
    add_source(made, document)
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
    add_source(made, document)
    found = decode_source(read_source(made))
    assert (found.text.decode(), found.title, found.fields) == (text, title, document.fields)
