"""What a run found, in words and figures."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

SHOWN = 10  # of each kind of trouble


class Spread(msgspec.Struct, frozen=True):
    """Median, 99th percentile and maximum of how long something took, in milliseconds."""

    p50: float
    p99: float
    most: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Spread:
        """Return the spread of some durations; zeros of none."""
        ordered = sorted(seconds) or [0.0]
        chosen = (ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.99)], ordered[-1])
        return cls(*(round(each * 1000, 1) for each in chosen))

    def __str__(self) -> str:
        """Tell it in some words."""
        return f"p50 {self.p50:.0f}, p99 {self.p99:.0f}, at most {self.most:.0f} ms"


class Outcome(msgspec.Struct, kw_only=True):
    """Figures of a run, and lists of what must not be: `failed` queries of live searchengines, `wrong` answers.

    `different` says how the replicas differed from the truth, `undone` how the log did, `ended` what ended by itself.
    `lines` are the figures in words.
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
    undone: list[str] = []
    ended: list[str] = []
    lines: list[str] = []

    def __str__(self) -> str:
        """Tell it."""
        names = ("failed", "wrong", "different", "undone", "ended")
        found = ((name.upper(), getattr(self, name)) for name in names)
        told = (f"{name} ({len(each)}): {one}" for name, each in found for one in each[:SHOWN])
        return "\n".join([*self.lines, *told])
