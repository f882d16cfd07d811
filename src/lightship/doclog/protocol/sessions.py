"""Detects a restored log, which has the same id and the same sequences, but other entries under them.

Each writer opens a session with a unique id before its first change, and the log records above which sequence each
session began. A log that went back to an older state continues in new sessions. So an entry is still the one that was
read if the newest session below its sequence is still the same. Kafka's leader epochs detect a truncated log in the
same way (KIP-101).
"""

from __future__ import annotations

import bisect
import hashlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple


class Session(NamedTuple):
    """A writer's session; its first entry is above sequence `start`."""

    start: int
    id: str


def session_of(sessions: Sequence[Session], sequence: int) -> str:
    """Return the id of the newest of `sessions` (ordered by start) that began below `sequence`; "" for none."""
    number = bisect.bisect_left(sessions, sequence, key=lambda session: session.start)
    return sessions[number - 1].id if number else ""


def digest(sessions: Mapping[int, str]) -> int:
    """Return a digest of the session of each partition's entry, above 0 and below 2 to the power of 63."""
    text = "\n".join(f"{partition} {sessions[partition]}" for partition in sorted(sessions))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest()) // 2 or 1
