"""Reads documents that are zip archives, within limits whatever their headers claim, and the XML in them."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from itertools import islice
from types import TracebackType
from typing import Self
from xml.etree.ElementTree import Element, ParseError, TreeBuilder, XMLParser

from lightship.core.errors import InvalidDocumentError

MAX_MEMBERS = 20_000
MAX_BYTES = 64 << 20  # decompressed bytes read from one archive
MAX_XML = 16 << 20  # bytes per XML document
MAX_ELEMENTS = 200_000  # per XML document: a thick book has fewer, and each takes hundreds of bytes
MAX_DEPTH = 1000  # of nested elements
_PIECE = 64 << 10  # bytes
PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # no other is allowed in Office's files (ISO 29500-2) and EPUB

# The namespaces of strict documents (ISO 29500-1), which no reader has to know apart from those of all others (29500-4)
_STRICT = re.compile(rb"(xmlns(?::\w{1,50})?\s?=\s?[\"'])http://purl\.oclc\.org/ooxml/(\w{1,50})/(\w{1,50})(?=[\"'])")
_USUAL = rb"\1http://schemas.openxmlformats.org/\2/2006/\3"

_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    RuntimeError,
    ValueError,
    NotImplementedError,
)


class Archive:
    """A zip archive, to be used in a with statement. All methods raise InvalidDocumentError for a damaged one."""

    def __init__(self, body: bytes) -> None:
        """Open the archive in `body`."""
        self._left = MAX_BYTES
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(body))
        except _BROKEN as error:
            raise InvalidDocumentError(f"damaged archive: {error}") from error
        self.names = frozenset(self._zip.namelist())
        if len(self.names) > MAX_MEMBERS:
            raise InvalidDocumentError(f"archive of {len(self.names)} files; the limit is {MAX_MEMBERS}")

    def __enter__(self) -> Self:
        """Return the archive."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self._zip.close()

    def read(self, name: str) -> bytes:
        """Return the decompressed contents of the member `name`."""
        return b"".join(self._pieces(name))

    def _pieces(self, name: str) -> Iterator[bytes]:
        """Yield the decompressed contents of the member `name`."""
        try:
            if self._zip.getinfo(name).compress_type not in PACKINGS:
                raise InvalidDocumentError(f"{name} in the archive is neither stored nor deflated")
            with self._zip.open(name) as member:
                while piece := member.read(_PIECE):
                    self._left -= len(piece)
                    if self._left < 0:
                        raise InvalidDocumentError(f"decompression bomb: more than {MAX_BYTES} bytes decompressed")
                    yield piece
        except KeyError:
            raise InvalidDocumentError(f"the archive has no {name}") from None
        except _BROKEN as error:
            raise InvalidDocumentError(f"{name} in the archive is damaged: {error}") from error

    def xml(self, name: str) -> Element:
        """Return the root of the XML document `name`. One with a document type is refused: entities can be bombs."""
        body = self.read(name)
        if len(body) > MAX_XML:
            raise InvalidDocumentError(f"{name} in the archive has {len(body)} bytes; the limit is {MAX_XML}")
        parser = XMLParser(target=_Builder())  # noqa: S314 - document types, and so entities, are refused
        try:
            parser.feed(_STRICT.sub(_USUAL, body))
            root: Element = parser.close()
        except (ParseError, ValueError, LookupError, RecursionError) as error:
            raise InvalidDocumentError(f"{name} in the archive is not valid XML: {error}") from error
        return root

    def feed(self, name: str, target: Events) -> None:
        """Send the events of the XML document `name` to `target`, until it has enough or MAX_XML bytes are read."""
        parser = XMLParser(target=target)  # noqa: S314 - document types, and so entities, are refused
        try:
            for piece in islice(self._pieces(name), MAX_XML // _PIECE):
                parser.feed(_STRICT.sub(_USUAL, piece))  # names are declared at the beginning
        except EnoughError:
            return
        except (ParseError, ValueError, LookupError) as error:
            raise InvalidDocumentError(f"{name} in the archive is not valid XML: {error}") from error


class EnoughError(Exception):
    """Raised by Events that need no more."""


class Events:
    """The events of an XML document that may be too large for a tree; refuses document types."""

    def start(self, tag: str, attributes: dict[str, str], /) -> None:
        """Begin an element."""

    def data(self, text: str, /) -> None:
        """Take a piece of text."""

    def end(self, tag: str, /) -> None:
        """End an element."""

    def close(self) -> None:
        """End the document."""

    def doctype(self, name: str, public: str | None, system: str | None) -> None:
        """Refuse a document type."""
        raise ValueError("a document type declaration is not allowed")


class _Builder(TreeBuilder):
    def __init__(self) -> None:
        super().__init__()
        self._left, self._depth = MAX_ELEMENTS, 0

    def start(self, tag: str, attrs: dict[str, str], /) -> Element:
        self._left -= 1
        self._depth += 1
        if self._left < 0:
            raise ValueError(f"more than {MAX_ELEMENTS} elements")
        if self._depth > MAX_DEPTH:
            raise ValueError(f"elements nested more than {MAX_DEPTH} deep")
        return super().start(tag, attrs)

    def end(self, tag: str, /) -> Element:
        self._depth -= 1
        return super().end(tag)

    def doctype(self, name: str, public: str | None, system: str | None) -> None:
        raise ValueError("a document type declaration is not allowed")


def text_of(root: Element, path: str, names: dict[str, str]) -> str:
    """Return the text of the first element at `path` below `root`, with white space collapsed; empty if none."""
    return " ".join((root.findtext(path, "", names) or "").split())
