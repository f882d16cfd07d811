"""Fixtures shared by the indexer's tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lightship.indexer.recovery import recovery
from made import served
from unit.indexer.lab import Lab


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    monkeypatch.setattr(recovery, "ASK_SECONDS", 1.0)
    monkeypatch.setattr(recovery, "GLANCE_SECONDS", 0.5)
    with served(tmp_path / "replica") as replica:
        made = Lab(tmp_path, replica)
        yield made
        made.log.close()
