"""Figures: printed as a table with their targets, and kept in a file by the name of the benchmark."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import msgspec


@dataclass(frozen=True)
class Figure:
    """One number; with a `target` it is good when it is that or on the `better` side of it."""

    name: str
    value: float
    unit: str
    target: float | None = None
    better: Literal["lower", "higher"] = "lower"

    @property
    def passed(self) -> bool | None:
        """Tell whether the target is met; None when there is none."""
        if self.target is None:
            return None
        return self.value <= self.target if self.better == "lower" else self.value >= self.target


@dataclass(frozen=True)
class Report:
    """What one benchmark found; `notes` say how."""

    name: str
    figures: Sequence[Figure]
    notes: Sequence[str] = ()


def table(report: Report) -> str:
    """Return `report` for people."""
    width = max(len(figure.name) for figure in report.figures)
    lines = [f"\n{report.name}", *(f"  {_line(figure, width)}" for figure in report.figures)]
    return "\n".join([*lines, *(f"  ({note})" for note in report.notes)])


def _line(figure: Figure, width: int) -> str:
    line = f"{figure.name:<{width}} {_number(figure.value):>10} {figure.unit:<12}"
    if figure.target is None:
        return line.rstrip()
    sign = "<=" if figure.better == "lower" else ">="
    return f"{line} {sign} {_number(figure.target):<8} {'pass' if figure.passed else 'FAIL'}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def keep(report: Report, path: Path, facts: dict[str, Any]) -> None:
    """Write `report` into the file at `path`, in place of an older one of the same name; others stay."""
    kept: dict[str, Any] = msgspec.json.decode(path.read_bytes()) if path.exists() else {}
    figures = {
        figure.name: {**asdict(figure), "value": round(figure.value, 4), "passed": figure.passed}
        for figure in report.figures
    }
    kept[report.name] = {"machine": machine(), **facts, "figures": figures, "notes": list(report.notes)}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(kept, order="sorted"), indent=2) + b"\n")


def machine() -> dict[str, Any]:
    """Return what figures depend on: the machine, the versions and the day."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "load": round(os.getloadavg()[0], 2),  # other work on the machine makes figures worse
        "python": platform.python_version(),
        "tantivy": version("tantivy"),
        "lightship": version("lightship"),
    }


def _processor() -> str:
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that `share` (0 to 1) of `values` do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
