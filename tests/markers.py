"""What a test needs beyond Python, as its markers say, and what a run left out for it.

A folder marks all of its tests, and so does a fixture; what needs a marker for another reason carries it itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import pytest

NAMES = ("docker", "chaos", "cluster", "browser", "examples", "fuzz", "nats", "root", "slow", "quiet")
FOLDERS = {"integration": "cluster", "property": "slow", "compat": "slow"} | {
    name: name for name in ("docker", "chaos", "cluster", "browser", "examples", "fuzz")
}
FIXTURES = {"mount": "root", "chromium": "browser"}

LEFT_OUT = pytest.StashKey[Counter[str]]()


def mark(items: Iterable[pytest.Item]) -> None:
    """Add the markers that the folder and the fixtures of each of `items` bring."""
    for item in items:
        brought = [FOLDERS.get(folder) for folder in item.nodeid.split("/")[:2]]
        for name in [*brought, *map(FIXTURES.get, getattr(item, "fixturenames", ()))]:
            if name:
                item.add_marker(name)


def count(items: Iterable[pytest.Item]) -> Counter[str]:
    """Return how many of `items` carry each marker; one with several counts where the first of NAMES is."""
    return Counter(next((name for name in NAMES if item.get_closest_marker(name)), "others") for item in items)


def told(left_out: Counter[str], rest: int) -> str:
    """Return what a run says at its end about the tests that it left out, beside `rest` that it did not."""
    parts = ", ".join(f"{number} {name}" for name, number in left_out.most_common())
    return f"left out {left_out.total()} of {left_out.total() + rest} tests: {parts}"
