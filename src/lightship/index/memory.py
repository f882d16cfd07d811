"""A few documents indexed in memory, to find which of many queries match them: the other way around than a search."""

from __future__ import annotations

from collections.abc import Sequence

import tantivy

from lightship.core.declaration import declared, weights
from lightship.index.fields.schema import SCHEMA_VERSION, register_analyzers, schema
from lightship.index.fields.stored_document import decode_source, document_of, read_source
from lightship.index.reader import View, reading
from lightship.index.writer import to_tantivy

Query, Address, Searcher = tantivy.Query, tantivy.DocAddress, tantivy.Searcher

_HEAP = 128 << 20  # bytes at most; a few documents use little
MOST_BYTES = 8 << 20  # of stored documents together, so that they are one segment


def stored_of(view: View, urls: Sequence[str]) -> dict[str, bytes]:
    """Return by url the stored forms of those of the documents `urls` that `view` has. Raises DamagedError."""
    if not urls:
        return {}
    query = tantivy.Query.term_set_query(view.schema, "url", list(urls))
    with reading:
        hits = view.searcher.search(query, len(urls), count=False).hits
        found = [read_source(view.searcher.doc(address)) for _, address in hits]
    return {decode_source(stored).url: stored for stored in found}


class MemoryIndex:
    """An index of documents by their numbers, for queries that were compiled for a view of their schema."""

    def __init__(self, documents: Sequence[bytes], declaration: str) -> None:
        """Index stored documents; at most MOST_BYTES."""
        index = tantivy.Index(schema(SCHEMA_VERSION, declaration))
        register_analyzers(index)
        index.config_reader("manual")
        writer, fields, weighted = index.writer(_HEAP, 1), declared(declaration), weights(declaration)
        for stored in documents:
            writer.add_document(to_tantivy(document_of(decode_source(stored)), fields, weighted, stored))
        writer.commit()
        index.reload()
        self.searcher = index.searcher()
        assert self.searcher.num_segments <= 1, "documents are numbered by one segment"
        self._most = max(1, len(documents))

    def matching(self, query: tantivy.Query) -> dict[int, tantivy.DocAddress]:
        """Return the addresses of the documents that `query` finds, by their numbers in order."""
        hits = self.searcher.search(query, self._most, count=False).hits
        return {address.doc: address for _, address in sorted(hits, key=lambda hit: hit[1].doc)}
