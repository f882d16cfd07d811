"""The report of a run, for people and, as JSON, for programs."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from lightship.chaos.outcome import Outcome
from lightship.chaos.system.breaking import Breaker

LATE_SECONDS = 0.5  # a stall of this program from which on it may have caused failed queries


class Report(msgspec.Struct, kw_only=True):
    """What was done and found; faults were injected for `seconds`, of `planned_seconds`."""

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
            passed=not list(_violations(outcome)), seed=seed, planned_seconds=planned,
            seconds=round(breaker.seconds, 1), faults=dict(breaker.counts), outcome=outcome,
        )  # fmt: skip

    def __str__(self) -> str:
        """Return the whole report, the verdict last."""
        faults = ", ".join(f"{kind} {count}" for kind, count in sorted(self.faults.items())) or "no faults"
        short = f" of {self.planned_seconds:g} s (interrupted)" if self.seconds < self.planned_seconds else " s"
        verdict = (
            "\n".join(["FAIL", *_violations(self.outcome)])
            if not self.passed
            else "PASS: no change was lost, no answer was wrong, no query failed"
        )
        return f"{self.outcome}\nseed {self.seed}, faults for {self.seconds:.0f}{short}: {faults}\n{verdict}"


def _violations(outcome: Outcome) -> Iterator[str]:
    """Yield each kind of violation, and what to do about it."""
    if not outcome.changes or not outcome.queries:
        yield "- nothing was measured: see `lightship status`, and run it for longer"
    if lost := outcome.different + outcome.undone:
        yield f"- lost: {len(lost)} cases of a searchengine without an acknowledged change; keep the data folders, and report a bug"
    if outcome.late:
        yield (
            f"- late: {len(outcome.late)} cases of a searchengine that was right only after the deadline;"
            " see the indexers' logs after the last repair, or use more processors"
        )
    if outcome.wrong:
        yield f"- wrong: {len(outcome.wrong)} answers; keep the data folders, and report a bug"
    if outcome.failed:
        yield f"- failed: {len(outcome.failed)} requests; see the logs of those parts at these times"
        if outcome.stood_still_seconds > LATE_SECONDS:
            yield (
                f"  this program stalled for {outcome.stood_still_seconds:.1f} s, which may be the cause;"
                " lower --queries and --changes, or use more processors"
            )
