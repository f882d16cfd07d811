"""Tells a log from one that was restored: both have the same id and the same sequences, and other entries under them.

Each writer opens a session before its first change, with an id that nobody else has, and the log keeps where each began: above
which sequence. A log that went back to an older state goes on in new sessions. So an entry is still the one that was
read if the newest session below its sequence is still the same one. Kafka's leader epochs find a truncated log in
the same way (KIP-101).
"""

from __future__ import annotations

import bisect
import hashlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple


class Session(NamedTuple):
    """A writer's: its first entry is above sequence `start`."""

    start: int
    id: str


def session_of(sessions: Sequence[Session], sequence: int) -> str:
    """Return the id of the newest of `sessions`, in the order of their starts, that began below `sequence`; "" for none."""
    number = bisect.bisect_left(sessions, sequence, key=lambda session: session.start)
    return sessions[number - 1].id if number else ""


def digest(sessions: Mapping[int, str]) -> int:
    """Return a number, above 0 and below 2 to the power of 63, that stands for the session of each partition's entry."""
    text = "\n".join(f"{partition} {sessions[partition]}" for partition in sorted(sessions))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest()) // 2 or 1
