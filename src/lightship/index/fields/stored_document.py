"""The stored form of a document: what a result shows, in a form that is cheap to read."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from lightship.core.model import Document, FieldValue


class StoredDocument(msgspec.Struct, frozen=True, array_like=True):
    """The stored part of a document; `modified` is in seconds since the epoch, 0 if unknown."""

    url: str
    site: str
    title: str
    text: bytes  # UTF-8; only the passage that is shown gets decoded
    description: str
    language: str | None
    modified: int
    fields: dict[str, FieldValue]

    @property
    def modified_time(self) -> datetime | None:
        """When the document was last modified, as an aware datetime."""
        return datetime.fromtimestamp(self.modified, UTC) if self.modified else None


_encoder = msgspec.msgpack.Encoder()
decode_source = msgspec.msgpack.Decoder(StoredDocument).decode


def encode_source(document: Document) -> bytes:
    """Return the bytes that `decode_source` reads."""
    return _encoder.encode(
        StoredDocument(
            document.url,
            document.site,
            document.title,
            document.text.encode(),
            document.description,
            document.language,
            modified_seconds(document),
            document.fields,
        )
    )


def modified_seconds(document: Document) -> int:
    """Return the modification time of `document` in seconds since the epoch; 0 if unknown."""
    return int(document.modified.timestamp()) if document.modified else 0
