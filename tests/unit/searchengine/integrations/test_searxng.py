"""The engine of docs/agents.md for SearXNG, read as its JSON engine reads it.

That walks an answer in the order of its keys, at any depth, and takes the first value under a name of a path:
https://docs.searxng.org/dev/engines/json_engine.html. The real `json_engine` runs in tests/examples/test_programs.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

from lightship.core.model import Document
from made import Caller, MadeShard, page, served
from support import ROOT

SETTINGS = dict(re.findall(r"^ {4}(\w+): (.+)$", (ROOT / "docs" / "agents.md").read_text(), re.MULTILINE))


def under(data: Any, name: str) -> Iterator[Any]:
    """Yield each value under `name`, in the order of the JSON, at any depth."""
    for key, value in data.items() if isinstance(data, dict) else enumerate(data):
        if str(key) == name:
            yield value
        elif isinstance(value, (dict, list)):
            yield from under(value, name)


def results(caller: Caller, query: str, pageno: int) -> list[tuple[str, str]]:
    """Return the url and the title of each result."""
    url = SETTINGS["search_url"].format(query=quote_plus(query), pageno=pageno)
    found = next(under(caller.get(url.removeprefix("http://localhost:8080")).json, SETTINGS["results_query"]))
    assert all("<mark>" in next(under(hit, SETTINGS["content_query"])) for hit in found)  # so it is made plain
    return [(next(under(hit, SETTINGS["url_query"])), next(under(hit, SETTINGS["title_query"]))) for hit in found]


def test_searxng_reads_each_result_and_each_page(tmp_path: Path) -> None:
    assert (SETTINGS["engine"], SETTINGS["content_html_to_text"]) == ("json_engine", "true")
    trap = Document(
        url="https://example.org/trap", title="A trap", text="page & trap",
        fields={"title": "wrong", "url": "wrong", "hits": "wrong", "snippet": "wrong"},
    )  # fmt: skip
    with served(tmp_path / "store") as caller:
        caller.push(MadeShard(tmp_path / "shard").put(trap, *(page(n, title=f"Page {n}") for n in range(14))))
        assert results(caller, "page & trap", 1)[0] == ("https://example.org/trap", "A trap")
        urls = [url for pageno in (1, 2, 3) for url, _ in results(caller, "page", pageno)]
    assert len(urls) == len(set(urls)) == 15
