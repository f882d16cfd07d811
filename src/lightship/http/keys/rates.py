"""How often each key and each address may ask: a token bucket for each, in bounded memory.

The generic cell rate algorithm (ITU-T I.371) keeps one number per bucket: when it will be full again.
"""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable

from lightship.config.setting import Rate
from lightship.core.errors import TooManyRequestsError

MOST = 10_000  # buckets; the one that was used least recently is forgotten


class Rates:
    """Counts the requests of each name; for use in one event loop."""

    def __init__(self, most: int = MOST, clock: Callable[[], float] = time.monotonic) -> None:
        """Remember at most so many names."""
        self._full_at: OrderedDict[str, float] = OrderedDict()
        self._most, self._clock = most, clock

    def take(self, name: str, rate: Rate, shown: str) -> None:
        """Count a request; raises TooManyRequestsError, which calls the name `shown`, if it is one too many."""
        now, interval = self._clock(), rate.seconds / rate.requests
        full_at = max(self._full_at.get(name, now), now)
        wait = full_at + interval - rate.seconds - now
        if wait > interval * 1e-9:
            raise TooManyRequestsError(
                f"the rate limit of {rate} for {shown} is reached; try again later", math.ceil(wait)
            )
        self._full_at[name] = full_at + interval
        self._full_at.move_to_end(name)
        if len(self._full_at) > self._most:
            self._full_at.popitem(last=False)
