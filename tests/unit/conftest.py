"""Fixtures that the unit tests of several folders need."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lightship.doclog.sqlite import SqliteLog


@pytest.fixture
def log(tmp_path: Path) -> Iterator[SqliteLog]:
    """Yield an empty log in a file."""
    log = SqliteLog(str(tmp_path / "log.sqlite"))
    yield log
    log.close()
