"""OpenSearch (and Elasticsearch): one index of one shard without replicas, its English analyzer, its default refresh."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bench.peers.peer import HITS, JSON, SNIPPET, Request, encode
from lightship.core.model import Document

_MAPPING = {
    "settings": {"number_of_shards": 1, "number_of_replicas": 0},
    "mappings": {
        "properties": {
            "url": {"type": "keyword"},
            "title": {"type": "text", "analyzer": "english"},
            "text": {"type": "text", "analyzer": "english"},
        }
    },
}
_LONGEST_ID = 512  # bytes


class OpenSearch:
    """https://docs.opensearch.org/latest/api-reference/."""

    def prepare(self) -> Sequence[Request]:
        """Return what creates the index."""
        return [Request("PUT", "/bench", encode(_MAPPING), JSON)]

    def put(self, documents: Sequence[Document]) -> Request:
        """Return a bulk request."""
        lines: list[bytes] = []
        for each in documents:
            lines.append(encode({"index": {"_id": each.url[:_LONGEST_ID]}}))
            lines.append(encode({"url": each.url, "title": each.title, "text": each.text}))
        return Request("POST", "/bench/_bulk", b"\n".join([*lines, b""]), {"Content-Type": "application/x-ndjson"})

    def count(self) -> Request:
        """Return a request for the number that searches see."""
        return Request("GET", "/bench/_count")

    def counted(self, answer: Any) -> int:
        """Return the number."""
        return int(answer["count"])

    def search(self, query: str, *, marked: bool) -> Request:
        """Return a search in titles, which count twice, and texts."""
        asked: dict[str, Any] = {
            "size": HITS,
            "_source": ["url", "title"],
            "query": {"multi_match": {"query": query, "fields": ["title^2", "text"]}},
        }
        if marked:
            asked["highlight"] = {"fields": {"title": {}, "text": {"fragment_size": SNIPPET, "number_of_fragments": 1}}}
        return Request("POST", "/bench/_search", encode(asked), JSON)

    def found(self, answer: Any) -> int:
        """Return the total."""
        return int(answer["hits"]["total"]["value"])

    def merge(self) -> Sequence[Request]:
        """Return what merges everything into one segment."""
        return [Request("POST", "/bench/_forcemerge?max_num_segments=1")]
