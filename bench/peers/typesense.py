"""Typesense: one collection, its default settings."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from bench.peers.peer import HITS, JSON, SNIPPET, Request, encode, rows
from lightship.core.model import Document

_HEADERS = {**JSON, "X-TYPESENSE-API-KEY": os.environ.get("PEER_KEY", "")}
_WORD = 6  # characters, about: snippets are cut by words


class Typesense:
    """https://typesense.org/docs/."""

    def prepare(self) -> Sequence[Request]:
        """Return what creates the collection."""
        fields = [{"name": name, "type": "string"} for name in ("title", "text")]
        fields.append({"name": "url", "type": "string", "index": False, "optional": True})  # type: ignore[dict-item]
        return [Request("POST", "/collections", encode({"name": "bench", "fields": fields}), _HEADERS)]

    def put(self, documents: Sequence[Document]) -> Request:
        """Return an import."""
        return Request("POST", "/collections/bench/documents/import?action=upsert", rows(documents), _HEADERS)

    def count(self) -> Request:
        """Return a request for the collection."""
        return Request("GET", "/collections/bench", b"", _HEADERS)

    def counted(self, answer: Any) -> int:
        """Return the number of documents."""
        return int(answer["num_documents"])

    def search(self, query: str, *, marked: bool) -> Request:
        """Return a search."""
        asked: dict[str, Any] = {
            "q": query, "query_by": "title,text", "per_page": HITS, "include_fields": "url,title",
            "highlight_fields": "title,text" if marked else "none", "highlight_affix_num_tokens": SNIPPET // _WORD // 2,
        }  # fmt: skip
        return Request("GET", f"/collections/bench/documents/search?{urlencode(asked)}", b"", _HEADERS)

    def found(self, answer: Any) -> int:
        """Return the total."""
        return int(answer["found"])

    def merge(self) -> Sequence[Request]:
        """Return nothing."""
        return ()
