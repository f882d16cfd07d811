"""Appends to the document log: retries during outages, and isolates malformed documents."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Sequence

from lightship.core.declaration import NO_FIELDS, Fields, conforming
from lightship.core.errors import (
    InvalidInputError,
    LightshipError,
    OutOfSpaceError,
    OvertakenError,
    ReplacedError,
    UnavailableError,
)
from lightship.core.model import Change
from lightship.doclog import DocumentLog
from lightship.documents.site_languages import SiteLanguages

logger = logging.getLogger(__name__)

MAX_WAIT = 5.0  # seconds between two attempts, so that documents are found soon after the log is back


class Appender:
    """Puts changes into `log`, for several threads; retries until `stop` is set."""

    def __init__(
        self,
        log: DocumentLog,
        stop: threading.Event,
        fields: Fields = NO_FIELDS,
        misfits: Counter[str] | None = None,
    ) -> None:
        """Append to `log`, retrying until `stop` is set; values that do not fit the declared `fields` are left out.

        These are counted in `misfits`, by field.
        """
        self._fields, self.misfits = fields, Counter[str]() if misfits is None else misfits
        self._log = log
        self._stop = stop
        self._languages = SiteLanguages()

    def put(self, changes: Sequence[Change]) -> dict[str, LightshipError]:
        """Store `changes` durably, with the languages of their sites; return the error of each change that is not stored, by URL.

        InvalidInputError: the log refuses it. OvertakenError: another writer changed it meanwhile; fetch it again from
        its source, and put that. Raises UnavailableError or OutOfSpaceError if stopped before the log accepted them, ReplacedError at once.
        """
        fitting = [self._fitting(change) for change in changes] if self._fields else changes
        return self._put(self._languages.completed(fitting))

    def _fitting(self, change: Change) -> Change:
        if change.document is None:
            return change
        document, wrong = conforming(change.document, self._fields)
        for name, reason in wrong.items():
            self.misfits[name] += 1
            if self.misfits[name] == 1:
                logger.warning("%s: field %r is left out: %s; further ones are only counted", change.url, name, reason)
        return change if document is change.document else Change(change.url, document)

    def _put(self, changes: Sequence[Change]) -> dict[str, LightshipError]:
        try:
            self._append(changes)
        except OvertakenError as error:
            return dict.fromkeys(error.urls, error)
        except InvalidInputError as error:
            if len(changes) == 1:
                return {changes[0].url: error}
            return {url: why for change in changes for url, why in self._put([change]).items()}
        return {}

    def _append(self, changes: Sequence[Change]) -> None:
        wait, fence = 0.5, None
        while changes:
            try:
                fence = fence or self._log.fence()  # one for all attempts: meanwhile another crawler may get the host
                self._log.put(changes, [fence] * len(changes))
                return
            except (OvertakenError, ReplacedError):
                raise
            except (UnavailableError, OutOfSpaceError) as error:
                logger.warning("the document log is unavailable: %s; retrying in %g s", error, wait)
                if self._stop.wait(wait):
                    raise
                wait = min(wait * 2, MAX_WAIT)
