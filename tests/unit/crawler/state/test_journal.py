"""The journal of requests: what was begun and has no outcome is known after a kill -9."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lightship.crawler.state import journal as module
from lightship.crawler.state.journal import FILE, Journal

A, B, C = (f"https://example.org/{name}" for name in "abc")


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    made = Journal(str(tmp_path))
    made.start()
    yield made
    made.close()


def test_what_was_begun_is_known_to_the_next_process_with_its_time(journal: Journal, tmp_path: Path) -> None:
    before = time.time()
    journal.begin(A)
    journal.begin(B)
    journal.end(A)  # only the frontier knows of its outcome, until the next start
    begun = Journal(str(tmp_path)).begun()  # the first one is not closed, as after kill -9
    assert begun.keys() == {A, B}
    assert all(before - 0.001 <= moment <= time.time() + 0.001 for moment in begun.values())
    journal.close()


def test_a_start_forgets_what_the_frontier_has_taken_over_and_keeps_what_is_under_way(
    journal: Journal, tmp_path: Path
) -> None:
    journal.begin(A)
    journal.begin(B)
    journal.end(A)
    journal.start()
    journal.close()
    assert Journal(str(tmp_path)).begun().keys() == {B}


def test_no_file_is_nothing_begun(tmp_path: Path) -> None:
    assert Journal(str(tmp_path)).begun() == {}


def test_lines_that_a_crash_tore_are_left_out(journal: Journal, tmp_path: Path) -> None:
    journal.begin(A)
    journal.close()
    with (tmp_path / FILE).open("ab") as file:
        file.write(b"\xff\xfe\nnonsense\n12.5\n1.2.3 https://example.org/x\n5.0 " + B.encode() + b"\n6.0 https://exa")
    begun = Journal(str(tmp_path)).begun()
    assert begun.keys() == {A, B}
    assert begun[B] == 5.0


def test_the_file_stays_small(journal: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_BYTES", 500)
    journal.begin(C)
    for number in range(200):
        journal.begin(f"{A}/{number}")
        journal.end(f"{A}/{number}")
    assert (tmp_path / FILE).stat().st_size < 600
    assert C in Journal(str(tmp_path)).begun()
    journal.close()
