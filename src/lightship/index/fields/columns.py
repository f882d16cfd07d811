"""Adds the columns of declared fields to the indexed form of a document."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tantivy

from lightship.core.declaration import Fields, Kind, Value, values_of
from lightship.core.model import Document
from lightship.index.fields.schema import SEVERAL, column, further_column

_ADD: dict[Kind, Callable[[tantivy.Document, str, Any], None]] = {
    "keyword": tantivy.Document.add_text,
    "path": tantivy.Document.add_text,
    "number": tantivy.Document.add_float,
    "date": tantivy.Document.add_integer,
    "boolean": tantivy.Document.add_boolean,
}


def add_columns(made: tantivy.Document, document: Document, fields: Fields) -> None:
    """Add the values of the declared `fields` to `made`; in ascending order, so that a column sorts by the first.

    A value that does not fit, of a document that was stored under another declaration, is left out.
    """
    for name, kind in fields.items():
        if kind in _ADD:
            values = _values(document, name, kind)
            for value in values:
                _ADD[kind](made, column(name), value)
            if kind in ("keyword", "path"):
                for value in values[1:]:
                    made.add_text(further_column(name), str(value))
            elif len(values) > 1:
                made.add_text(SEVERAL, name)


def declared_texts(document: Document, fields: Fields) -> list[str]:
    """Return the values of the declared fields of the kind `text`, which are searched like the document's text."""
    return [str(value) for name, kind in fields.items() if kind == "text" for value in _values(document, name, kind)]


def _values(document: Document, name: str, kind: Kind) -> list[Value]:
    if name not in document.fields:
        return []
    try:
        return values_of(document.fields[name], kind)
    except ValueError:
        return []
