"""The report of a run, for people and, as JSON, for programs."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from lightship.chaos.outcome import Outcome
from lightship.chaos.system.breaking import Breaker

LATE_SECONDS = 0.5  # for which this program stood still: then queries may have failed because of that


class Report(msgspec.Struct, kw_only=True):
    """What was done and found; `seconds` is for how long it was broken, `planned_seconds` for how long it should have been."""

    passed: bool
    seed: int
    planned_seconds: float
    seconds: float
    faults: dict[str, int]
    outcome: Outcome

    @classmethod
    def of(cls, seed: int, planned: float, breaker: Breaker, outcome: Outcome) -> Report:
        """Return the report of a run that has ended."""
        return cls(
            passed=not list(_troubles(outcome)), seed=seed, planned_seconds=planned, seconds=round(breaker.seconds, 1),
            faults=dict(breaker.counts), outcome=outcome,
        )  # fmt: skip

    def __str__(self) -> str:
        """Tell all of it, the verdict last."""
        faults = ", ".join(f"{kind} {count}" for kind, count in sorted(self.faults.items())) or "nothing befell it"
        short = f" of {self.planned_seconds:g} s: it was interrupted" if self.seconds < self.planned_seconds else " s"
        verdict = (
            "\n".join(["FAIL", *_troubles(self.outcome)])
            if not self.passed
            else "PASS: nothing was lost, wrong or failed"
        )
        return f"{self.outcome}\nseed {self.seed}, broken for {self.seconds:.0f}{short}: {faults}\n{verdict}"


def _troubles(outcome: Outcome) -> Iterator[str]:
    """Say what was not as it must be, and what to do."""
    if not outcome.changes or not outcome.queries:
        yield "- nothing was measured: see `lightship status`, and let it run for longer"
    if lost := outcome.different + outcome.undone:
        yield f"- lost: {len(lost)} times a searchengine did not have what was acknowledged: keep the data folders, and report it"
    if outcome.wrong:
        yield f"- wrong: {len(outcome.wrong)} answers: keep the data folders, and report it"
    if outcome.failed:
        yield f"- failed: {len(outcome.failed)} requests: look into the logs of those parts at these times"
        if outcome.stood_still_seconds > LATE_SECONDS:
            yield f"  this program stood still for {outcome.stood_still_seconds:.1f} s: lower --queries and --changes, or use more processors"
