"""A searchengine that agents ask, with documents that have sections, fields and dates."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lightship.core.model import Document
from lightship.core.sections import Section
from made import Caller, MadeShard, served

FILLING = "Sand and sea and wind on the shore of the bay. " * 100
LAMP = f"Lamp\n{FILLING}\nThe lamp burns whale oil.\n"
FOG = f"Fog\n{FILLING}\nThe horn sounds twice a minute.\n"
PARTS = f"Signals\nShort.\n{LAMP}{FOG}"
GUIDE = "https://example.org/guide"


@pytest.fixture(scope="module")
def caller(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caller]:
    """Serve a guide of several parts, and two short documents."""
    folder: Path = tmp_path_factory.mktemp("agents")
    sections = [
        Section("Signals", 0, 1, "signals"),
        Section("Lamp", PARTS.index(LAMP), 2, "the lamp"),
        Section("Fog", PARTS.index(FOG), 2, "fog"),
    ]
    documents = [
        Document(url=GUIDE, title="Guide", text=PARTS, sections=sections, modified=datetime(2026, 5, 1, tzinfo=UTC)),
        Document(
            url="https://example.org/oil", title="Oil", text="Oil of whales, oil of olives", language="en",
            modified=datetime(2024, 5, 1, tzinfo=UTC), fields={"price": 12.5, "brand": ["Acme", "Bolt"], "other": "x"},
        ),
        Document(url="https://docs.example.org/rope", title="Rope", text="Rope & <tar>", fields={"brand": "Acme"}),
    ]  # fmt: skip
    with served(folder / "store") as calling:
        calling.push(MadeShard(folder / "shard", fields="brand:keyword,price:number").put(*documents))
        yield calling
