"""Appending to the document log: it goes on through the log's bad times, and one bad document spoils no others."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence

from lightship.core.errors import InvalidInputError, LightshipError, OutOfSpaceError, OvertakenError, UnavailableError
from lightship.core.model import Change
from lightship.doclog import DocumentLog

logger = logging.getLogger(__name__)

MAX_WAIT = 5.0  # seconds between two tries: what is put is to be found soon after the log is back


class Appender:
    """Puts changes into `log` for several threads; gives up trying again only when `stop` is set."""

    def __init__(self, log: DocumentLog, stop: threading.Event) -> None:
        """Append to `log` until `stop`."""
        self._log = log
        self._stop = stop

    def put(self, changes: Sequence[Change]) -> dict[str, LightshipError]:
        """Store `changes` durably; return why by url for those that are not stored.

        That is InvalidInputError for what the log refuses, OvertakenError for what somebody else changed meanwhile: whoever
        takes a page or record from its source anew, and puts that, is right.
        Raises UnavailableError or OutOfSpaceError when stopped before the log could take them.
        """
        try:
            self._put(changes)
        except OvertakenError as error:
            return dict.fromkeys(error.urls, error)
        except InvalidInputError as error:
            if len(changes) == 1:
                return {changes[0].url: error}
            return {url: why for change in changes for url, why in self.put([change]).items()}
        return {}

    def _put(self, changes: Sequence[Change]) -> None:
        wait, fence = 0.5, None
        while changes:
            try:
                fence = fence or self._log.fence()  # one for all tries: meanwhile another crawler may get the host
                self._log.put(changes, [fence] * len(changes))
                return
            except OvertakenError:
                raise
            except (UnavailableError, OutOfSpaceError) as error:
                logger.warning("the document log takes no changes now: %s; trying again in %g s", error, wait)
                if self._stop.wait(wait):
                    raise
                wait = min(wait * 2, MAX_WAIT)
