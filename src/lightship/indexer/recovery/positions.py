"""A shard's positions in the document log, stored so that they always match the index's last commit.

tantivy's Python binding can't store them inside a commit, so they are written ahead: each record contains the stamp
that precedes its commit. Of the two records that are kept, the newest one below the index's own stamp is valid,
whatever was interrupted (see DESIGN.md in `index/`).
"""

from __future__ import annotations

import logging
import os

import msgspec

from lightship.core.errors import DamagedError
from lightship.runtime.files import sealed, unsealed, write_atomically

logger = logging.getLogger("indexer")


class Record(msgspec.Struct, frozen=True):
    """The sequences (by partition) contained in a commit with a stamp above `stamp`, in the log `log_id`.

    `history` is the log's up to there (see DocumentLog); 0 in records of versions that did not store it.
    """

    stamp: int
    log_id: str
    sequences: dict[int, int]
    history: int = 0


_decoder = msgspec.json.Decoder(list[Record])


class Positions:
    """The positions file of one index."""

    def __init__(self, path: str) -> None:
        """Use the file at `path`, which need not exist."""
        self._path = path
        self._committed: Record | None = None

    def load(self, stamp: int) -> Record | None:
        """Return the record of the commit with the stamp `stamp`; None if there is none that can be trusted."""
        try:
            with open(self._path, "rb") as file:
                records = _decoder.decode(unsealed(file.read()))
        except FileNotFoundError:
            return None
        except (msgspec.MsgspecError, DamagedError) as error:
            logger.error("%s is damaged (%s); ignoring it", self._path, error)  # noqa: TRY400 (says all)
            return None
        self._committed = next((record for record in reversed(records) if record.stamp < stamp), None)
        if (
            records and self._committed is not records[-1]
        ):  # its commit never happened; a later commit's stamp would make it look valid
            self._write([self._committed] if self._committed else [])
        return self._committed

    def write_ahead(self, record: Record) -> None:
        """Record what the next commit will contain."""
        self._write([*([self._committed] if self._committed else []), record])
        # The caller may go on counting in its dictionary, and this record is written again with the next one
        self._committed = msgspec.structs.replace(record, sequences=dict(record.sequences))

    def forget(self) -> None:
        """Remove the file: nothing is indexed."""
        self._committed = None
        if os.path.exists(self._path):
            os.unlink(self._path)

    def _write(self, records: list[Record]) -> None:
        write_atomically(self._path, sealed(msgspec.json.encode(records)))
