"""A LangChain retriever: the sections of the index that answer a question. It needs langchain-core."""

from __future__ import annotations

import json
from typing import Any
from urllib.request import Request, urlopen

from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever


class LightshipRetriever(BaseRetriever):
    """Retrieves `k` sections from the searchengine at `url`; `filters` are those of the tool `search`."""

    url: str = "http://localhost:8080"
    k: int = 4
    filters: dict[str, Any] = {}  # noqa: RUF012 (pydantic copies it)

    def _get_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
        found = self._call("search", query=query, n=self.k, filters=self.filters)["results"]
        read = [self._call("fetch", url=each.get("link", each["url"])) for each in found]
        return [
            Document(page["text"], metadata={**hit, "source": hit.get("link", hit["url"])})
            for hit, page in zip(found, read, strict=True)
        ]

    def _call(self, tool: str, **arguments: Any) -> Any:
        params = {"name": tool, "arguments": arguments}
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}).encode()
        with urlopen(Request(f"{self.url}/mcp", body, {"Content-Type": "application/json"}), timeout=30) as reply:
            result = json.load(reply)["result"]
        if result["isError"]:
            raise ValueError(result["content"][0]["text"])
        return result["structuredContent"]
