"""The body of every answer of 400 and above."""

from __future__ import annotations

import msgspec


class Problem(msgspec.Struct, frozen=True):
    """Any answer of 400 and above. With 409: what is installed instead, or that the manifest's layout is retired."""

    error: str
    epoch: int | None = None
    generation: int | None = None
    retired: bool = False
