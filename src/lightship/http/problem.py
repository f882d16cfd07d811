"""The body of every answer with a status of 400 or above."""

from __future__ import annotations

import msgspec


class Problem(msgspec.Struct, frozen=True):
    """An error. With status 409, also what is installed instead, or that the manifest's layout is retired."""

    error: str
    epoch: int | None = None
    generation: int | None = None
    retired: bool = False
