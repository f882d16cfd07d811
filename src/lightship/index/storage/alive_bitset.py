"""Deletes documents from published segments like tantivy: a file with one bit per document, cleared if deleted.

Needed for segments that tantivy has already merged, but that stay published until all replicas have the merged one. See
DESIGN.md; `tests/contract/test_tantivy_deletes.py` compares the files with tantivy's own.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
import tempfile
import zlib
from collections.abc import Iterable
from typing import Any

import tantivy

from lightship.core.errors import IncompatibleIndexError
from lightship.core.manifest import File, Segment
from lightship.index.fields.schema import SCHEMA_VERSION, schema
from lightship.index.storage.scratch_index import link_segments, searcher_of
from lightship.index.storage.segments import delete_file_name

_TAIL = struct.Struct("<II")  # at the end of every tantivy file: length of its JSON footer, magic number
_MAGIC = 1337
_LENGTH = struct.Struct("<I")  # at the start: number of documents; then the bits, in words of 64
_MOST_VERSIONS = 1000  # of one document in one segment


class PublishedSegment:
    """A segment in the folder of published files that documents can be deleted from."""

    def __init__(self, published: str, segment: Segment) -> None:
        """Open `segment` in the folder `published`; raises IncompatibleIndexError for an unknown file format."""
        self._published, self._documents, self._id = published, segment.documents, segment.id
        self._deletes = [file for file in segment.files if file.name.endswith(".del")]
        self._files = [file for file in segment.files if file not in self._deletes]
        _, self._footer = _read(os.path.join(published, self._files[0].name))
        self._alive = self._read_alive()
        self._schema = schema(SCHEMA_VERSION)
        self._searcher = self._open()
        self._changed = False

    @property
    def living(self) -> int:
        """The number of live documents."""
        return int.from_bytes(self._alive, "little").bit_count()

    def delete(self, urls: Iterable[str]) -> None:
        """Delete all versions of the documents stored under `urls`."""
        for url in urls:
            query = tantivy.Query.term_query(self._schema, "url", url)
            for _, address in self._searcher.search(query, _MOST_VERSIONS, count=False).hits:
                byte, bit = divmod(address.doc, 8)
                if self._alive[byte] >> bit & 1:
                    self._alive[byte] &= ~(1 << bit)
                    self._changed = True

    def segment(self) -> Segment:
        """Return the current segment; publishes its delete file, named after its content like tantivy's."""
        if self._changed:
            content = encode_alive(self._documents, self._alive, self._footer)
            digest = hashlib.sha256(content).hexdigest()
            file = File(delete_file_name(self._id, digest), len(content), digest)
            path = os.path.join(self._published, file.name)
            with open(f"{path}.new", "wb") as out:  # not synced: it is not needed after a restart
                out.write(content)
            os.rename(f"{path}.new", path)
            self._deletes, self._changed = [file], False
        return Segment(self._id, self._documents, self._documents - self.living, self._files + self._deletes)

    def _read_alive(self) -> bytearray:
        if not self._deletes:
            return bytearray(((1 << self._documents) - 1).to_bytes(_words(self._documents) * 8, "little"))
        path = os.path.join(self._published, self._deletes[0].name)
        body, _ = _read(path)
        (count,) = _LENGTH.unpack_from(body)
        if count != self._documents or len(body) != _LENGTH.size + _words(count) * 8:
            raise IncompatibleIndexError(
                f"{path} has an unknown format: index/storage/alive_bitset.py does not match this version of tantivy"
            )
        return bytearray(body[_LENGTH.size :])

    def _open(self) -> tantivy.Searcher:
        """Return a searcher over this segment alone, including deleted documents. Once open, it needs no file names."""
        where = os.path.dirname(self._published)
        # tantivy's watcher may lock a file while the folder is removed; an empty folder left behind does no harm
        with tempfile.TemporaryDirectory(dir=where, prefix="held-", ignore_cleanup_errors=True) as folder:
            whole = Segment(self._id, self._documents, 0, self._files)
            link_segments(folder, self._published, SCHEMA_VERSION, [whole])
            return searcher_of(folder)


def encode_alive(documents: int, alive: bytes | bytearray, footer: dict[str, Any]) -> bytes:
    """Return the delete file of a segment of `documents` documents; `footer` is from another file of the segment."""
    body = _LENGTH.pack(documents) + alive
    end = json.dumps({**footer, "crc": zlib.crc32(body)}, separators=(",", ":")).encode()
    return body + end + _TAIL.pack(len(end), _MAGIC)


def _words(documents: int) -> int:
    return -(-documents // 64)


def _read(path: str) -> tuple[bytes, dict[str, Any]]:
    """Return the body of a delete file (empty for other files) and the footer."""
    try:
        with open(path, "rb") as file:
            file.seek(-_TAIL.size, os.SEEK_END)
            length, magic = _TAIL.unpack(file.read())
            end = file.seek(-_TAIL.size - length, os.SEEK_END)
            footer: dict[str, Any] = json.loads(file.read(length))
            file.seek(0)
            body = file.read(end) if path.endswith(".del") else b""
            if magic == _MAGIC and footer.keys() == {"version", "crc"}:
                return body, footer
            reason = f"footer {footer}, magic number {magic}"
    except (OSError, ValueError, AttributeError) as error:
        reason = repr(error)
    raise IncompatibleIndexError(
        f"{path} has an unknown format ({reason}): index/storage/alive_bitset.py does not match this version of tantivy"
    )
