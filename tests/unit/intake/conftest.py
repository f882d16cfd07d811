"""An intake on a real port, over a real log."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lightship.doclog.sqlite import SqliteLog
from lightship.http.tokens import Accepted
from lightship.intake import stalls
from lightship.intake.server import taking_in
from made import Caller


@pytest.fixture(autouse=True)
def _never_still(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have an intake not take a busy machine for one that slept."""
    monkeypatch.setattr(stalls, "STALL_SECONDS", 300.0)


@pytest.fixture
def caller(log: SqliteLog, tmp_path: Path) -> Iterator[Caller]:
    with taking_in("127.0.0.1:0", log, str(tmp_path), accepted=lambda: Accepted.of("secret")) as port:
        yield Caller(port, "secret")
