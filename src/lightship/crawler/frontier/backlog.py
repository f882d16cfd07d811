"""Outcomes with many links, which are added to the frontier a slice at a time, in turns of the sites.

There is one writer. A sitemap of 50,000 pages takes it two seconds, during which no other site's pages would be stored.
"""

from __future__ import annotations

from collections import deque

import msgspec

from lightship.crawler.frontier.entry import Outcome

SLICE = 1000  # links that are added at once: some 30 ms


class Backlog:
    """Outcomes whose links wait to be added. An outcome is settled after all of them: a crash repeats the visit."""

    def __init__(self) -> None:
        """Start empty."""
        self._sites: dict[str, deque[_Waiting]] = {}

    def __bool__(self) -> bool:
        """Whether anything waits."""
        return bool(self._sites)

    def take(self, outcomes: list[Outcome]) -> list[Outcome]:
        """Keep those of `outcomes` with many links, and return the others."""
        for outcome in outcomes:
            if len(outcome.links) > SLICE:
                self._sites.setdefault(outcome.entry.site, deque()).append(_Waiting(outcome))
        return [outcome for outcome in outcomes if len(outcome.links) <= SLICE]

    def next(self) -> tuple[Outcome, bool]:
        """Return an outcome with its next slice of links, and whether it is the last slice; another site is next then."""
        site = next(iter(self._sites))
        waiting = self._sites.pop(site)
        first = waiting[0]
        links = first.outcome.links[first.place : first.place + SLICE]
        first.place += SLICE
        is_last = first.place >= len(first.outcome.links)
        if is_last:
            waiting.popleft()
        if waiting:
            self._sites[site] = waiting
        return msgspec.structs.replace(first.outcome, links=links), is_last


class _Waiting:
    """An outcome, and the place of the next link to add."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome, self.place = outcome, 0
