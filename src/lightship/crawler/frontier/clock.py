"""Corrects times in the frontier that are impossibly far in the future: the clock was wrong when they were written."""

from __future__ import annotations

import logging

import apsw

from lightship.crawler.frontier.entry import AT_ONCE
from lightship.crawler.frontier.revisit import MAX_RETRY_SECONDS

logger = logging.getLogger(__name__)

BACK_SECONDS = 60.0  # by which the clock may be set back without a check

# A page that was fetched in the future keeps its interval from now on; `most`: the latest time of a next visit
_RESETS = (
    "update pages set visit = max(:at_once, visit - (fetched - :now)), fetched = :now where fetched > :now",
    "update pages set visit = :at_once where visit > :most and state <> 9",  # a page that a rule refuses is never visited
    "update pages set doomed = :now where doomed > :now",
    "update sites set resume = :now where resume > :retry",
    "update sites set held_since = :now where held_since > :now",
    "update robots set fetched = 0 where fetched > :now",
)


def reset_future_times(db: apsw.Connection, now: float, most: float) -> None:
    """Reset impossible future times: otherwise nothing would be visited until the clock has reached them.

    `now` is in seconds since the epoch, `most` the longest interval in seconds between two visits to a page.
    """
    times = {
        "now": now,
        "at_once": AT_ONCE,
        "most": now + max(most, MAX_RETRY_SECONDS),
        "retry": now + MAX_RETRY_SECONDS,
    }
    changed = 0
    for statement in _RESETS:
        db.execute(statement, {name: value for name, value in times.items() if f":{name}" in statement})
        changed += db.changes()
    if changed:
        logger.warning("the clock went back; reset %d times that were in the future", changed)
