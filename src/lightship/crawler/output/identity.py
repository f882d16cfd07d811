"""Tracks which document log a crawler writes to: a different one may contain no documents, or older ones."""

from __future__ import annotations

import logging

from lightship.crawler.frontier.entry import AT_ONCE
from lightship.runtime.database import Database

logger = logging.getLogger(__name__)

_DOUBTFUL = b"?"  # matches no document, so each is put again
_DOUBT_ALL = (
    "update pages set digest = :doubtful, etag = null, last_modified = null where digest is not null",
    "update pages set visit = :at_once where digest is not null and state <> 9",  # those that a rule refuses are not visited
    "update records set digest = :doubtful, stamp = null",
    "update passes set stamp = null",
)


def follow_log(database: Database, log_id: str) -> None:
    """Mark everything to be put again if `log_id` is not the log of the last start: restored, or another one."""
    with database.transaction() as db:
        known = db.execute("select value from settings where name = 'log'").get
        if known == log_id:
            return
        if known is not None:
            logger.warning(
                "the log is not the one of the last start, or was restored; putting all pages and records again"
            )
            values = {"doubtful": _DOUBTFUL, "at_once": AT_ONCE}
            for statement in _DOUBT_ALL:
                db.execute(statement, {name: value for name, value in values.items() if f":{name}" in statement})
        db.execute("insert or replace into settings values ('log', ?)", (log_id,))
