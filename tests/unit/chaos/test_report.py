"""The verdict, and what to do about it."""

from __future__ import annotations

import msgspec
import pytest

from lightship.chaos.outcome import Outcome, Spread
from lightship.chaos.report import Report
from lightship.chaos.system.breaking import Breaker
from lightship.chaos.system.live import Liveness
from unit.chaos.recording import Recording


def report_of(outcome: Outcome, seconds: float = 60.0) -> Report:
    breaker = Breaker(Recording(), [], Liveness([]))
    breaker.seconds = seconds
    breaker.counts.update(kill=2, pause=1)
    return Report.of(7, 60.0, breaker, outcome)


def test_what_is_right_passes() -> None:
    report = report_of(Outcome(changes=5, queries=9, lines=["nine lines"]))
    assert report.passed
    lines = str(report).splitlines()
    assert lines[:2] == ["nine lines", "seed 7, faults for 60 s: kill 2, pause 1"]
    assert lines[-1].startswith("PASS")


def test_a_run_that_was_interrupted_says_so() -> None:
    assert "faults for 20 of 60 s (interrupted)" in str(report_of(Outcome(changes=5, queries=9), 20.0))


@pytest.mark.parametrize(
    ("outcome", "told"),
    [
        (Outcome(queries=9), "nothing was measured"),
        (Outcome(changes=5), "nothing was measured"),
        (Outcome(changes=5, queries=9, different=["x is lost"]), "lost: 1"),
        (Outcome(changes=5, queries=9, undone=["x is undone"]), "lost: 1"),
        (Outcome(changes=5, queries=9, late=["x was right only later"]), "late: 1"),
        (Outcome(changes=5, queries=9, wrong=["x"] * 3), "wrong: 3"),
        (Outcome(changes=5, queries=9, failed=["x"] * 20), "failed: 20"),
        (Outcome(changes=5, queries=9, failed=["x"], stood_still_seconds=2), "stalled for 2.0 s"),
    ],
)
def test_what_is_not_fails_and_says_what_to_do(outcome: Outcome, told: str) -> None:
    report = report_of(outcome)
    assert not report.passed
    _, _, verdict = str(report).partition("FAIL\n")
    assert told in verdict


def test_json() -> None:
    report = report_of(Outcome(changes=5, queries=9, query_ms=Spread.of([0.001, 0.002, 0.004])))
    found = msgspec.json.decode(msgspec.json.encode(report))
    assert (found["passed"], found["seed"], found["faults"]) == (True, 7, {"kill": 2, "pause": 1})
    assert found["outcome"]["query_ms"] == {"p50": 2.0, "p99": 4.0, "most": 4.0}
