"""Fixtures for the tests of the searchengine."""

from __future__ import annotations

from pathlib import Path

import pytest

from lightship.searchengine.store.store import Store
from made import MadeShard, page


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path / "store"))


@pytest.fixture
def made(tmp_path: Path) -> MadeShard:
    return MadeShard(tmp_path / "0").put(page(1))
