"""Records of the documents of folders and files: enough to put only changed ones and delete vanished ones."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from lightship.config import SourceRules
from lightship.core.errors import LightshipError, OvertakenError
from lightship.core.model import Change, Document
from lightship.crawler.output.append import Appender
from lightship.crawler.state.progress import count
from lightship.crawler.state.store import is_changed
from lightship.runtime.database import Database

logger = logging.getLogger(__name__)

BATCH = 1000  # documents per write
FLUSH_SECONDS = 1.0  # between two writes at most, while documents are read: the first ones are found soon

_KNOWN = "select url, digest from records where url in (select value from json_each(?))"
_STORE = (
    "insert into records values (?, ?, ?, ?, ?) on conflict (url) do update set"
    " source = excluded.source, digest = excluded.digest, stamp = excluded.stamp, pass = excluded.pass"
)


# Marks what the log may or may not have if the crawler dies: no document matches this digest, and no file this stamp,
# so it is read again, and put or deleted once more
_DOUBTFUL, _DOUBTFUL_NEW = b"?", b""
_DOUBT = "update records set digest = ?, stamp = null where url in (select value from json_each(?)) and digest <> ?"


class Record(NamedTuple):
    """A document read from a source. `digest` identifies its content in the source, `stamp` the version of a file."""

    document: Document
    digest: bytes
    stamp: str | None = None


class Records:
    """The records of `source`, written through to the log.

    A change is marked as doubtful before it is sent to the log, and recorded once the log has it. So the log always
    converges to the source, whenever the crawler dies.
    """

    def __init__(self, database: Database, appender: Appender, source: str, rules: SourceRules | None = None) -> None:
        """Use the open store `database`; every document gets the language and fields that `rules` set."""
        self._database, self._rules = database, rules or SourceRules(source)
        self._follow_rules(source)
        self._appender = appender
        self._source = source
        self._batch: list[Record] = []
        self._flushed = 0.0  # time.monotonic()
        self.waited = 0.0  # seconds spent waiting for the log
        self.number, self.stamp = self._last_pass()

    def _follow_rules(self, source: str) -> None:
        """Have everything read and put again if the rules are others than at the last start."""
        rules = (self._rules.language, self._rules.all_fields)
        with self._database.transaction() as db:
            if is_changed(db, f"contents/{source}", rules, ("", None)):
                db.execute("update records set digest = ?, stamp = '?' where source = ?", (_DOUBTFUL, source))
                db.execute("update passes set stamp = null where source = ?", (source,))

    def _last_pass(self) -> tuple[int, str | None]:
        with self._database.access() as db:
            row = db.execute("select pass, stamp from passes where source = ?", (self._source,)).fetchone()
        return (int(row[0]), row[1]) if row else (0, None)

    def begin_pass(self) -> None:
        """Begin to read the whole source again."""
        self.number += 1
        with self._database.transaction() as db:
            db.execute("insert or replace into passes values (?, ?, null)", (self._source, self.number))

    def end_pass(self, stamp: str, failed: int) -> int:
        """Delete what this pass has not seen, record that `stamp` was read completely; return the number of deletes.

        A pass that saw nothing at all deletes nothing: the source must be broken.
        """
        self.flush()
        deleted = 0
        seen = self._seen()
        if not seen and self._unseen():
            logger.warning(
                "%s contains no documents any more; the previous ones are kept until it contains some", self._source
            )
        while seen and (urls := self._unseen()):
            self.delete(urls)
            deleted += len(urls)
        with self._database.transaction() as db:
            db.execute("insert or replace into passes values (?, ?, ?)", (self._source, self.number, stamp))
        self.set_failed(failed)
        return deleted

    def _seen(self) -> bool:
        with self._database.access() as db:
            row = db.execute(
                "select exists (select 1 from records where source = ? and pass = ?)", (self._source, self.number)
            ).fetchone()
        return bool(row and row[0])

    def _unseen(self) -> list[str]:
        with self._database.access() as db:
            rows = db.execute(
                "select url from records where source = ? and pass < ? limit ?", (self._source, self.number, BATCH)
            )
            return [str(url) for (url,) in rows]

    def stamps(self) -> dict[str, str | None]:
        """Return the stamp of each URL of the source."""
        with self._database.access() as db:
            rows: list[Any] = db.execute("select url, stamp from records where source = ?", (self._source,)).fetchall()
        return dict(rows)

    def add(self, record: Record) -> None:
        """Queue the record's document, unless the log has it.

        It is written with its batch, within FLUSH_SECONDS if others follow, or by `flush`.
        """
        self._batch.append(record._replace(document=self._rules.applied(record.document)))
        if len(self._batch) >= BATCH or time.monotonic() > self._flushed + FLUSH_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Put queued documents. Raises what Appender.put and the store raise."""
        latest = {record.document.url: record for record in self._batch}
        self._batch.clear()
        self._flushed = time.monotonic()
        if not latest:
            return
        known = self._known(latest)
        changed = [record for url, record in latest.items() if known.get(url) != record.digest]
        self._doubt(changed, known)
        refused = self._put([Change.put(record.document) for record in changed])
        for url, reason in refused.items():
            logger.warning("%s: %s refused by the log: %s", self._source, url, reason)
        kept = [record for url, record in latest.items() if url not in refused]
        new = sum(known.get(record.document.url, _DOUBTFUL_NEW) == _DOUBTFUL_NEW for record in kept)
        with self._database.transaction() as db:
            db.executemany(_STORE, self._rows(kept))
            db.executemany("delete from records where url = ?", [(url,) for url in refused if url not in known])
            count(db, self._source, found=new, fetched=new, put=len(changed) - len(refused))

    def _doubt(self, changed: Sequence[Record], known: Mapping[str, bytes]) -> None:
        """Mark `changed` as doubtful: the log may have their documents from now on."""
        if not changed:
            return
        new = [
            record._replace(digest=_DOUBTFUL_NEW, stamp=None) for record in changed if record.document.url not in known
        ]
        old = [record.document.url for record in changed if record.document.url in known]
        with self._database.transaction() as db:
            db.executemany(_STORE, self._rows(new))
            db.execute(_DOUBT, (_DOUBTFUL, json.dumps(old), _DOUBTFUL_NEW))

    def _rows(self, records: Iterable[Record]) -> Iterator[tuple[str, str, bytes, str | None, int]]:
        for document, digest, stamp in records:
            yield document.url, self._source, digest, stamp, self.number

    def _known(self, urls: Iterable[str]) -> dict[str, bytes]:
        with self._database.access() as db:
            rows: list[Any] = db.execute(_KNOWN, (json.dumps(list(urls)),)).fetchall()
        return dict(rows)

    def delete(self, urls: list[str]) -> None:
        """Delete the documents of `urls` immediately."""
        counted = sum(digest != _DOUBTFUL_NEW for digest in self._known(urls).values())
        with self._database.transaction() as db:
            db.execute(_DOUBT, (_DOUBTFUL, json.dumps(urls), _DOUBTFUL_NEW))
        self._put([Change.delete(url) for url in urls])
        with self._database.transaction() as db:
            db.executemany("delete from records where url = ?", [(url,) for url in urls])
            count(db, self._source, found=-counted, fetched=-counted, deleted=len(urls))

    def _put(self, changes: Sequence[Change]) -> dict[str, LightshipError]:
        """Store `changes`, overriding concurrent writers, since the source is right; return what the log refused."""
        began = time.monotonic()
        try:
            refused = self._appender.put(changes)
            while overtaken := {url for url, why in refused.items() if isinstance(why, OvertakenError)}:
                again = [change for change in changes if change.url in overtaken]
                refused = {url: why for url, why in refused.items() if url not in overtaken} | self._appender.put(again)
            return refused
        finally:
            self.waited += time.monotonic() - began

    def set_failed(self, failed: int) -> None:
        """Set the number of unreadable items of the source; they also count as found."""
        with self._database.transaction() as db:
            db.execute(
                "update sources set found = found - failed + ?1, failed = ?1 where name = ?2", (failed, self._source)
            )
