"""A position in a document log, as url-safe text like `9f86d081-3.120_41.7`.

The digest of the log's id comes before the hyphen, and a `partition.sequence` for each relevant partition after it.
Sequences are comparable only within a partition.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping

import msgspec

from lightship.core.errors import InvalidInputError
from lightship.core.model import PARTITIONS

_MAX_SEQUENCE = (1 << 63) - 1
_MAX_TEXT = 64 * PARTITIONS  # characters; longer text is rejected unparsed
_TEXT = re.compile(r"([0-9a-f]{8})-([0-9]{1,4}\.[0-9]{1,19}(?:_[0-9]{1,4}\.[0-9]{1,19})*)", re.ASCII)


class Reached(msgspec.Struct, frozen=True):
    """The sequence reached in each partition of the log whose id has the digest `log`."""

    log: str
    sequences: dict[int, int]

    def __str__(self) -> str:
        """Return the text, partitions in ascending order; needs at least one partition."""
        return f"{self.log}-{'_'.join(f'{p}.{sequence}' for p, sequence in sorted(self.sequences.items()))}"

    @classmethod
    def parse(cls, text: str) -> Reached:
        """Parse `text`; raises InvalidInputError when it is not a position."""
        found = _TEXT.fullmatch(text) if len(text) <= _MAX_TEXT else None
        if not found:
            raise InvalidInputError(f"not a position: {text[:40]!r}; pass one from an intake reply, unchanged")
        pairs = [pair.split(".") for pair in found[2].split("_")]
        sequences = {int(partition): int(sequence) for partition, sequence in pairs}
        if len(sequences) < len(pairs) or max(sequences) >= PARTITIONS or max(sequences.values()) > _MAX_SEQUENCE:
            raise InvalidInputError(
                f"not a position: {text[:40]!r}; a partition is repeated, or a number is out of range"
            )
        return cls(found[1], sequences)

    def joined(self, later: Reached) -> Reached:
        """Return the position that covers both; `later` if it is of another log, which took the place of this one's."""
        if later.log != self.log:
            return later
        sequences = dict(self.sequences)
        for partition, sequence in later.sequences.items():
            sequences[partition] = max(sequence, sequences.get(partition, 0))
        return Reached(self.log, sequences)

    def is_covered_by(self, positions: Mapping[str, int]) -> bool:
        """Return True if `positions` (as in manifests) have reached this position in each of its partitions."""
        return all(positions.get(str(partition), -1) >= sequence for partition, sequence in self.sequences.items())


def log_digest(log_id: str) -> str:
    """Return the 8 hexadecimal digits that stand for the id of a log."""
    return hashlib.blake2b(log_id.encode(), digest_size=4).hexdigest()
