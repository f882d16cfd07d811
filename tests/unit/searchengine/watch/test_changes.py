"""Changes are known from one manifest to the next, or it is said that some are not."""

from __future__ import annotations

from typing import Any

import pytest

from lightship.core.manifest import Layout, Manifest
from lightship.rpc.recent import Change, Recent
from lightship.searchengine.watch.changes import Changes


def manifest(generation: int, position: int, recent: Recent | None, **more: Any) -> Manifest:
    positions = {"0": position, **(recent.as_positions() if recent else {})}
    return Manifest(**{
        "layout": Layout(1, 2), "shard": 0, "epoch": 1, "generation": generation, "segments": [], "log_id": "log",
        "positions": positions, "made": 0, "fresh_as_of": 0, **more,
    })  # fmt: skip


@pytest.fixture
def recent() -> Recent:
    recent = Recent({0: 5})
    for sequence in (6, 7, 9):
        recent.add(Change(0, sequence, f"https://ex.org/{sequence}"))
    return recent


def test_only_what_is_new_is_a_change(recent: Recent) -> None:
    changes = Changes()
    since, known = changes.begin([manifest(1, 7, recent)])
    assert (since.sequences, [change.sequence for change in known]) == ({0: 5}, [6, 7, 9])
    assert changes.follow([manifest(2, 9, recent)]) == [Change(0, 9, "https://ex.org/9")]
    assert changes.follow([manifest(3, 9, recent)]) == []  # a merge
    assert changes.position.sequences == {0: 9}


@pytest.mark.parametrize(
    "later",
    [
        {"position": 12, "recent": Recent({0: 10})},  # it was away for too long
        {"position": 12, "recent": None},  # an indexer of a former version
        {"position": 6, "recent": Recent({0: 6})},  # a former state of the log
        {"position": 9, "recent": Recent({0: 9}), "log_id": "other"},
        {"position": 9, "recent": Recent({0: 9}), "layout": Layout(1, 3)},
    ],
)
def test_what_can_not_be_known_is_said(recent: Recent, later: dict[str, Any]) -> None:
    changes = Changes()
    changes.begin([manifest(1, 9, recent)])
    assert changes.follow([manifest(generation=2, **later)]) is None
