"""The values of the fields that every document has without declaring them: date, language, length, path, site, type."""

from __future__ import annotations

from lightship.core.declaration import LEVEL, MAX_KEYWORD_BYTES, Value
from lightship.core.model import Document
from lightship.index.fields.address import Address
from lightship.index.fields.stored_document import modified_seconds, type_of

SINCE = 2  # the first schema version that has their columns

_SECOND = 1_000_000


def built_in_values(document: Document, address: Address) -> dict[str, list[Value]]:
    """Return the values of `document` by field, as their columns hold them (see `values_of` in declaration.py)."""
    seconds = modified_seconds(document)
    return {
        "date": [seconds * _SECOND] if seconds else [],
        "language": [document.language] if document.language else [],
        "length": [float(len(document.text))],
        "path": [*_levels(address.folders)],
        "site": [address.site] if address.site else [],
        "type": [type_of(document, address.ending)],
    }


def _levels(segments: list[str]) -> list[str]:
    """Return the path and all that it is below, as far as they are short enough."""
    paths = (LEVEL.join(segments[: number + 1]) for number in range(len(segments)))
    return [path for path in paths if len(path.encode()) <= MAX_KEYWORD_BYTES]
