"""A few documents indexed in memory, to find which of many queries match them: the other way around than a search."""

from __future__ import annotations

from collections.abc import Sequence

import tantivy

from lightship.core.declaration import declared, weights
from lightship.index.fields.schema import SCHEMA_VERSION, register_analyzers, schema
from lightship.index.fields.stored_document import decode_source, document_of, read_source
from lightship.index.query.boolean import any_of
from lightship.index.reader import View, reading
from lightship.index.writer import to_tantivy

_HEAP = 16 << 20  # bytes; tantivy takes 15 MB at least, and goes through a table that grows with it
_NUMBER = "order"  # the column of a document's number: this index puts nothing in an order
_TOGETHER = 24  # queries that are one search: so many bits of a score tell which of them find a document


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
        """Index stored documents."""
        index = tantivy.Index(schema(SCHEMA_VERSION, declaration))
        register_analyzers(index)
        index.config_reader("manual")
        fields, weighted = declared(declaration), weights(declaration)
        writer = index.writer(_HEAP, 1)
        for number, stored in enumerate(documents):
            made = to_tantivy(document_of(decode_source(stored)), fields, weighted, only_found=True)
            made.add_unsigned(_NUMBER, number)
            writer.add_document(made)
        writer.commit()
        index.reload()
        self._searcher = index.searcher()
        self._most = max(1, len(documents))

    def matching(self, queries: Sequence[tantivy.Query]) -> list[list[int]]:
        """Return for each of `queries` the numbers of the documents that it finds, in order."""
        found: list[list[int]] = [[] for _ in queries]
        for start in range(0, len(queries), _TOGETHER):
            together = queries[start : start + _TOGETHER]
            marked = [tantivy.Query.const_score_query(query, float(1 << bit)) for bit, query in enumerate(together)]
            hits = self._searcher.search(any_of(marked), self._most, count=False).hits
            numbers = self._searcher.fast_field_values(_NUMBER, [address for _, address in hits])
            for number, bits in sorted(zip(numbers, (int(score) for score, _ in hits), strict=True)):
                for bit in range(bits.bit_length()):
                    if bits >> bit & 1:
                        found[start + bit].append(number)
        return found
