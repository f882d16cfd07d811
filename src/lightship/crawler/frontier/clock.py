"""Times in the frontier that lie in the future, though none can: the clock was wrong when they were written."""

from __future__ import annotations

import logging

import apsw

from lightship.crawler.frontier.entry import AT_ONCE
from lightship.crawler.frontier.revisit import MAX_RETRY_SECONDS

logger = logging.getLogger(__name__)

BACK_SECONDS = 60.0  # by which the clock may go back, as it does when it is set right, before anybody looks

# A page that was fetched in the future waits for as long as it would have; `most`: when one is looked at again at the latest
_SET_RIGHT = (
    "update pages set visit = max(:at_once, visit - (fetched - :now)), fetched = :now where fetched > :now",
    "update pages set visit = :at_once where visit > :most",
    "update pages set doomed = :now where doomed > :now",
    "update sites set resume = :now where resume > :retry",
    "update sites set held_since = :now where held_since > :now",
    "update robots set fetched = 0 where fetched > :now",
)


def set_right(db: apsw.Connection, now: float, most: float) -> None:
    """Bring what lies later than it can down to that: else nothing would be looked at until the clock is there again.

    `now` is in seconds since the epoch, `most` the seconds between two visits of a page at most.
    """
    times = {
        "now": now,
        "at_once": AT_ONCE,
        "most": now + max(most, MAX_RETRY_SECONDS),
        "retry": now + MAX_RETRY_SECONDS,
    }
    changed = 0
    for statement in _SET_RIGHT:
        db.execute(statement, {name: value for name, value in times.items() if f":{name}" in statement})
        changed += db.changes()
    if changed:
        logger.warning("the clock went back: %d times that lay in the future were set right", changed)
