"""A fresh log of each backend for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from contract.doclog_backends import BACKENDS, Backend, marks_of
from lightship.doclog import Log, open_log


@pytest.fixture(params=[pytest.param(each, id=each.name, marks=marks_of(each.name)) for each in BACKENDS])
def backend(request: pytest.FixtureRequest) -> Backend:
    """Return each backend in turn."""
    chosen: Backend = request.param
    return chosen


@pytest.fixture
def url(backend: Backend, tmp_path: Path) -> Iterator[str]:
    """Yield the url of a log that is not there yet."""
    yield backend.url(tmp_path)
    backend.drop()


@pytest.fixture
def log(url: str) -> Iterator[Log]:
    """Open a fresh log."""
    opened = open_log(url)
    yield opened
    opened.close()
