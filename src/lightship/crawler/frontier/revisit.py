"""Adaptive revisit intervals: shorter after a page was found changed, longer after it was not.

The rule is the adaptive one of Nutch's AdaptiveFetchSchedule and of Cho and Garcia-Molina ("Effective page refresh
policies for web crawlers", 2003) in its simplest form: the interval follows the observed rate of change,
multiplicatively, between a least and a most.
"""

from __future__ import annotations

from typing import NamedTuple

from lightship.config import CrawlerSettings

SHORTER, LONGER = 0.5, 1.5
LEAST_SHARE, MOST_TIMES = 1 / 60, 24.0  # of -revisit, unless they are set
RETRY_SECONDS = 30.0  # before the first retry of a page that failed; four times longer each time
MAX_RETRY_SECONDS = 86_400.0


class Pace(NamedTuple):
    """The `first`, `least` and `most` seconds between two visits to a page."""

    first: float
    least: float
    most: float

    @classmethod
    def of(cls, settings: CrawlerSettings) -> Pace:
        """Return the pace configured in `settings`."""
        first = settings.revisit
        least = min(settings.revisit_least or first * LEAST_SHARE, first)
        return cls(first, least, max(settings.revisit_most or first * MOST_TIMES, first))

    def interval(self, before: float, *, changed: bool) -> float:
        """Return the seconds until the next visit to a page whose interval was `before` (0: after its first visit)."""
        if not before:
            return self.first
        return max(self.least, min(before * (SHORTER if changed else LONGER), self.most))


def retry_after(failures: int, wanted: float) -> float:
    """Return the seconds until the next retry after `failures` earlier ones; the site asked for `wanted` seconds."""
    return max(wanted, min(RETRY_SECONDS * 4.0 ** min(failures, 10), MAX_RETRY_SECONDS))
