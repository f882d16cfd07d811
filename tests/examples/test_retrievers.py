"""The retrievers in examples/ with the real packages: each question gets the section that answers it."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from lightship.core.model import Document
from lightship.core.sections import Section
from made import MadeShard, page, served
from support import require

TEXT = f"Lamp\n{'Sand and sea. ' * 900}\nHorn\nIt sounds twice a minute, {'in fog and snow. ' * 20}"
GUIDE = "https://example.org/guide"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve a guide among other pages, and return the address."""
    folder: Path = tmp_path_factory.mktemp("examples")
    sections = [Section("Lamp", 0, 2, "lamp"), Section("Horn", TEXT.index("Horn"), 2, "horn")]
    documents = [Document(url=GUIDE, title="Guide", text=TEXT, sections=sections), page(1, "minutes"), page(2, "snow")]
    with served(folder / "store") as caller:
        caller.push(MadeShard(folder / "shard").put(*documents))
        yield f"http://127.0.0.1:{caller.port}"


@pytest.mark.filterwarnings("default")  # of their packages
def test_langchain(url: str) -> None:
    require("the package langchain-core", find_spec("langchain_core"))
    from examples.langchain_retriever import LightshipRetriever

    retriever: Any = LightshipRetriever(url=url, k=2)
    first = retriever.invoke("how often does the horn sound in snow")[0]
    assert first.page_content.startswith("Horn\nIt sounds twice a minute")
    assert (first.metadata["source"], first.metadata["title"]) == (f"{GUIDE}#horn", "Guide")
    with pytest.raises(ValueError, match="not a declared field"):
        LightshipRetriever(url=url, filters={"color": "red"}).invoke("horn")


@pytest.mark.filterwarnings("default")
def test_llamaindex(url: str) -> None:
    require("the package llama-index-core", find_spec("llama_index"))
    from examples.llamaindex_retriever import LightshipRetriever

    first = LightshipRetriever(url, k=2).retrieve("how often does the horn sound in snow")[0]
    assert first.node.get_content().startswith("Horn\nIt sounds twice a minute")
    assert (first.node.metadata["source"], first.score) == (f"{GUIDE}#horn", 1.0)
    with pytest.raises(ValueError, match="not a declared field"):
        LightshipRetriever(url, filters={"color": "red"}).retrieve("horn")
