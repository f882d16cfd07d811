"""Meilisearch: one index, its default settings but for the attributes that are searched."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from bench.peers.peer import HITS, JSON, SNIPPET, Request, encode, rows
from lightship.core.model import Document

_KEY = os.environ.get("PEER_KEY", "")
_HEADERS = {**JSON, **({"Authorization": f"Bearer {_KEY}"} if _KEY else {})}
_WORD = 6  # characters, about: snippets are cropped by words


class Meilisearch:
    """https://www.meilisearch.com/docs/reference/api/."""

    def prepare(self) -> Sequence[Request]:
        """Return what creates the index."""
        return [
            Request("POST", "/indexes", encode({"uid": "bench", "primaryKey": "id"}), _HEADERS),
            Request("PATCH", "/indexes/bench/settings", encode({"searchableAttributes": ["title", "text"]}), _HEADERS),
        ]

    def put(self, documents: Sequence[Document]) -> Request:
        """Return a request that adds documents; an id may not have the signs of a url."""
        headers = {**_HEADERS, "Content-Type": "application/x-ndjson"}
        return Request("POST", "/indexes/bench/documents", rows(documents), headers)

    def count(self) -> Request:
        """Return a request for the statistics."""
        return Request("GET", "/indexes/bench/stats", b"", _HEADERS)

    def counted(self, answer: Any) -> int:
        """Return the number of documents."""
        return int(answer["numberOfDocuments"])

    def search(self, query: str, *, marked: bool) -> Request:
        """Return a search."""
        asked: dict[str, Any] = {"q": query, "limit": HITS, "attributesToRetrieve": ["url", "title"]}
        if marked:
            asked |= {
                "attributesToHighlight": ["title", "text"], "attributesToCrop": ["text"], "cropLength": SNIPPET // _WORD,
                "attributesToRetrieve": ["url", "title", "text"],
            }  # fmt: skip
        return Request("POST", "/indexes/bench/search", encode(asked), _HEADERS)

    def found(self, answer: Any) -> int:
        """Return the total, which is an estimate."""
        return int(answer["estimatedTotalHits"])

    def merge(self) -> Sequence[Request]:
        """Return nothing."""
        return ()
