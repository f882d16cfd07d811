"""The results of a run, in words and figures."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

SHOWN = 10  # of each kind of failure


class Spread(msgspec.Struct, frozen=True):
    """Median, 99th percentile and maximum of how long something took, in milliseconds."""

    p50: float
    p99: float
    most: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Spread:
        """Return the spread of some durations in seconds; zeros if there are none."""
        ordered = sorted(seconds) or [0.0]
        chosen = (ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.99)], ordered[-1])
        return cls(*(round(each * 1000, 1) for each in chosen))

    def __str__(self) -> str:
        """Summarize it."""
        return f"p50 {self.p50:.0f}, p99 {self.p99:.0f}, max {self.most:.0f} ms"


class Outcome(msgspec.Struct, kw_only=True):
    """Figures of a run, and lists of violations: `failed` queries to live searchengines, `wrong` answers.

    `different` lists how the replicas differed from the truth, `late` which were right only after the deadline, `undone`
    how the log differed, `ended` which parts crashed. `lines` describe the figures.
    """

    changes: int = 0
    queries: int = 0
    change_ms: Spread = Spread(0, 0, 0)
    query_ms: Spread = Spread(0, 0, 0)
    load: float = 0
    stood_still_seconds: float = 0
    failed: list[str] = []
    wrong: list[str] = []
    different: list[str] = []
    late: list[str] = []
    undone: list[str] = []
    ended: list[str] = []
    lines: list[str] = []

    def __str__(self) -> str:
        """Return the figures and the first violations of each kind."""
        names = ("failed", "wrong", "different", "late", "undone", "ended")
        found = ((name.upper(), getattr(self, name)) for name in names)
        violations = (f"{name} ({len(each)}): {one}" for name, each in found for one in each[:SHOWN])
        return "\n".join([*self.lines, *violations])
