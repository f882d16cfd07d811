"""What the indexers of `lightship up` report about full disks, for its terminal."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from lightship.cli.system.status import INTAKE_KEYS, read_status
from lightship.core.errors import UnavailableError

ASK_SECONDS = 2.0  # between two requests to each intake
STATUS_SECONDS = 1.0  # timeout of an intake's /status


class DiskSpace:
    """Asks the `intakes` (host:port, by name) whether their log or their own disk is full."""

    def __init__(self, intakes: Mapping[str, str]) -> None:
        """Begin with the assumption that nothing is full."""
        self._intakes = intakes
        self._known = dict.fromkeys(intakes, (False, False))
        self._asked = 0.0

    def changes(self) -> list[str]:
        """Return a line for each part whose report has changed since the last call."""
        if time.monotonic() - self._asked < ASK_SECONDS:
            return []
        lines = [line for name, address in self._intakes.items() if (line := self._ask(name, address))]
        self._asked = time.monotonic()
        return lines

    def _ask(self, name: str, address: str) -> str:
        try:
            found = read_status(address, STATUS_SECONDS, INTAKE_KEYS)
        except UnavailableError:  # it starts, or is restarted
            return ""
        reports = _reports(found)
        kinds = bool(reports[0]), bool(reports[1])
        if kinds == self._known[name]:
            return ""
        self._known[name] = kinds
        return f"{name}: {'; '.join(filter(None, reports)) or 'there is free space again'}"


def _reports(found: Mapping[str, Any]) -> tuple[str, str]:
    shard = found.get("shard") or {}
    return str(found.get("no_room", "")), str(shard.get("waits", ""))
