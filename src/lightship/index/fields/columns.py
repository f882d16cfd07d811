"""Adds the columns of built-in and declared fields to the indexed form of a document."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import tantivy

from lightship.core.declaration import BUILT_IN, Fields, Kind, Value, values_of
from lightship.core.model import Document
from lightship.index.fields.address import Address
from lightship.index.fields.built_in import built_in_values
from lightship.index.fields.schema import SEVERAL, column, further_column, key, key_column

_ADD: dict[Kind, Callable[[tantivy.Document, str, Any], None]] = {
    "keyword": tantivy.Document.add_text,
    "path": tantivy.Document.add_text,
    "number": tantivy.Document.add_float,
    "date": tantivy.Document.add_integer,
    "boolean": tantivy.Document.add_boolean,
}


def add_columns(made: tantivy.Document, document: Document, address: Address, fields: Fields) -> None:
    """Add the values of the built-in and the declared `fields` to `made`; in ascending order, so that a column sorts by the first.

    A value that does not fit, of a document that was stored under another declaration, is left out.
    """
    for name, values in built_in_values(document, address).items():
        _add(made, name, BUILT_IN[name], values)
    for name, kind in fields.items():
        if kind in _ADD:
            _add(made, name, kind, _values(document, name, kind))


def _add(made: tantivy.Document, name: str, kind: Kind, values: list[Value]) -> None:
    if not values:
        return
    add, field = _ADD[kind], column(name)
    for value in values:
        add(made, field, value)
    if kind in ("keyword", "path"):
        made.add_unsigned(key_column(name), key(str(values[0])))
        for value in values[1:]:
            made.add_text(further_column(name), str(value))
    elif len(values) > 1:
        made.add_text(SEVERAL, name)


def declared_texts(document: Document, fields: Fields, weights: Mapping[str, int]) -> list[str]:
    """Return the values of the declared fields of the kind `text`, which are searched like the document's text.

    Each is there as often as its weight: its words count as if they stood so often (Robertson, Zaragoza and Taylor, "Simple
    BM25 extension to multiple weighted fields", CIKM 2004).
    """
    return [
        str(value)
        for name, kind in fields.items()
        if kind == "text"
        for value in _values(document, name, kind) * weights.get(name, 1)
    ]


def _values(document: Document, name: str, kind: Kind) -> list[Value]:
    if name not in document.fields:
        return []
    try:
        return values_of(document.fields[name], kind)
    except ValueError:
        return []
