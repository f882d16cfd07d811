"""A LlamaIndex retriever: the sections of the index that answer a question. It needs llama-index-core."""

from __future__ import annotations

import json
from typing import Any
from urllib.request import Request, urlopen

from llama_index.core.retrievers import BaseRetriever
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode


class LightshipRetriever(BaseRetriever):
    """Retrieves `k` sections from the searchengine at `url`; `filters` are those of the tool `search`."""

    def __init__(self, url: str = "http://localhost:8080", k: int = 4, filters: dict[str, Any] | None = None) -> None:
        """Ask the searchengine at `url`."""
        self._url, self._k, self._filters = url, k, filters or {}
        super().__init__()

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        found = self._call("search", query=query_bundle.query_str, n=self._k, filters=self._filters)["results"]
        read = [self._call("fetch", url=each.get("link", each["url"])) for each in found]
        nodes = [
            TextNode(text=page["text"], metadata={"title": hit["title"], "source": hit.get("link", hit["url"])})
            for hit, page in zip(found, read, strict=True)
        ]
        return [NodeWithScore(node=node, score=1 / rank) for rank, node in enumerate(nodes, 1)]

    def _call(self, tool: str, **arguments: Any) -> Any:
        params = {"name": tool, "arguments": arguments}
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}).encode()
        with urlopen(Request(f"{self._url}/mcp", body, {"Content-Type": "application/json"}), timeout=30) as reply:
            result = json.load(reply)["result"]
        if result["isError"]:
            raise ValueError(result["content"][0]["text"])
        return result["structuredContent"]
