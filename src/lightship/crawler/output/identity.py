"""Which document log a crawler has put its documents into: another one has none of them, or those of an older state."""

from __future__ import annotations

import logging

from lightship.crawler.frontier.entry import AT_ONCE
from lightship.runtime.database import Database

logger = logging.getLogger(__name__)

_DOUBTFUL = b"?"  # no document has this digest, so each is put whatever it is
_DOUBT_ALL = (
    "update pages set digest = :doubtful, etag = null, last_modified = null, visit = :at_once where digest is not null",
    "update records set digest = :doubtful, stamp = null",
    "update passes set stamp = null",
)


def follow_log(database: Database, log_id: str) -> None:
    """Have everything put again when the log `log_id` is another one than that of the last start: restored, or named anew."""
    with database.transaction() as db:
        known = db.execute("select value from settings where name = 'log'").get
        if known == log_id:
            return
        if known is not None:
            logger.warning("the log is another one than before, or was restored: all pages and records are put again")
            values = {"doubtful": _DOUBTFUL, "at_once": AT_ONCE}
            for statement in _DOUBT_ALL:
                db.execute(statement, {name: value for name, value in values.items() if f":{name}" in statement})
        db.execute("insert or replace into settings values ('log', ?)", (log_id,))
