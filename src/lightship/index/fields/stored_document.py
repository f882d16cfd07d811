"""The stored form of a document: what a result shows, laid out so that reading it is cheap."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from lightship.core.model import Document, FieldValue


class StoredDocument(msgspec.Struct, frozen=True, array_like=True):
    """What is kept of a document for showing it; `modified` is in seconds since the epoch, 0 when unknown."""

    url: str
    site: str
    title: str
    text: bytes  # in UTF-8: only the passage that is shown is decoded
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
    """Return when `document` was modified in seconds since the epoch; 0 when unknown."""
    return int(document.modified.timestamp()) if document.modified else 0
