"""Open WebUI and SearXNG search as docs/agents.md sets them up: their own code, in an environment of their own."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from lightship.core.model import Document
from lightship.core.sections import Section
from made import MadeShard, page, served
from support import ROOT, require

PYTHON = ROOT / "examples" / ".venv" / "bin" / "python"
DOCUMENTED = "http://localhost:8080"
AGENTS = (ROOT / "docs" / "agents.md").read_text()
TEXT = f"Lamp\n{'Sand and sea. ' * 900}\nHorn\nIt sounds twice a minute in fog & snow."

OPENWEBUI = """
import json, sys
from types import SimpleNamespace
from open_webui import config
from open_webui.retrieval.web.external import search_external

assert (config.ENABLE_WEB_SEARCH, config.WEB_SEARCH_ENGINE, config.BYPASS_WEB_SEARCH_WEB_LOADER) == (True, "external", True)
request, address = SimpleNamespace(state=SimpleNamespace()), config.EXTERNAL_WEB_SEARCH_URL
found = [
    search_external(request, address, config.EXTERNAL_WEB_SEARCH_API_KEY, query, count, only)
    for query, count, only in json.loads(sys.argv[1])
]
print(json.dumps([[each.model_dump() for each in some] for some in found]))
"""

SEARXNG = """
import json, sys
from flask import Flask
from searx.search import Search, initialize
from searx.search.models import EngineRef, SearchQuery

initialize()
query, *pages = sys.argv[1:]
found = []
with Flask("test").test_request_context():
    for number in map(int, pages):
        container = Search(SearchQuery(query, [EngineRef("lightship", "general")], pageno=number)).search()
        assert not container.unresponsive_engines, container.unresponsive_engines
        found += [(each["url"], each["title"], each["content"]) for each in container.get_ordered_results()]
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve a guide among other pages, and return the address."""
    require("what make examples installs from examples/programs.txt", PYTHON.exists())
    folder: Path = tmp_path_factory.mktemp("programs")
    sections = [Section("Lamp", 0, 2, "lamp"), Section("Horn", TEXT.index("Horn"), 2, "horn")]
    guide = Document(url="https://example.org/guide", title="Guide <b>", text=TEXT, sections=sections)
    with served(folder / "store") as caller:
        caller.push(MadeShard(folder / "shard").put(guide, *(page(n, title=f"Page {n}") for n in range(14))))
        yield f"http://127.0.0.1:{caller.port}"


def run(script: str, *arguments: str, **environment: str) -> Any:
    """Return what `script` prints last, as JSON."""
    ran = subprocess.run(
        [PYTHON, "-c", script, *arguments], check=False, capture_output=True, text=True, timeout=120,
        env={"PATH": os.environ["PATH"], **environment},
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    return msgspec.json.decode(ran.stdout.splitlines()[-1])


def test_open_webui_reads_the_section_that_answers(url: str, tmp_path: Path) -> None:
    [block] = re.findall(r"^```sh\n((?:[A-Z_]+=.*\n)+)```", AGENTS, re.MULTILINE)
    settings = dict(line.split("=", 1) for line in block.replace(DOCUMENTED, url).splitlines())
    apart = {"DATA_DIR": str(tmp_path), "STATIC_DIR": str(tmp_path / "static"), "FROM_INIT_PY": "true"}
    # Its usual store of vectors, Chroma, would be loaded at once, and is 400 MB
    apart |= {"VECTOR_DB": "opensearch", "WEBUI_SECRET_KEY": "test", "HOME": str(tmp_path)}
    asked = [("horn fog snow", 3, []), ("page", 5, ["example.org"]), ("page", 5, ["other.example"])]
    [[first, *others], some, none] = run(OPENWEBUI, msgspec.json.encode(asked).decode(), **settings, **apart)
    assert (first["link"], first["title"], others) == ("https://example.org/guide#horn", "Guide <b>", [])
    assert "It sounds twice a minute in fog & snow." in first["snippet"]
    assert len({each["link"] for each in some}) == 5
    assert none == []


def test_searxng_reads_each_result_and_each_page(url: str, tmp_path: Path) -> None:
    [engines] = re.findall(r"^```yaml\n(engines:\n.*?)^```", AGENTS, re.MULTILINE | re.DOTALL)
    settings = tmp_path / "settings.yml"
    alone = "use_default_settings: {engines: {keep_only: []}}\nserver: {secret_key: test}\nvalkey: {url: false}\n"
    settings.write_text(alone + engines.replace(DOCUMENTED, url))
    found = run(SEARXNG, "page", "1", "2", SEARXNG_SETTINGS_PATH=str(settings), HOME=str(tmp_path))
    assert sorted(title for _, title, _ in found) == sorted(f"Page {number}" for number in range(14))
    assert {address for address, _, _ in found} == {f"https://example.org/{number}" for number in range(14)}
    assert ("https://example.org/3", "Page 3", "page number 3") in map(tuple, found)
    [[address, title, content]] = run(
        SEARXNG, "fog & snow", "1", SEARXNG_SETTINGS_PATH=str(settings), HOME=str(tmp_path)
    )
    assert (address, title) == ("https://example.org/guide", "Guide <b>")
    assert "fog & snow" in content
