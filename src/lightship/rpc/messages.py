"""The answers of a searchengine to an indexer."""

from __future__ import annotations

import msgspec


class Installed(msgspec.Struct, frozen=True):
    """The answer 200 to a manifest: it is installed. `lacks` names its coming files that have not been received yet."""

    epoch: int
    generation: int
    lacks: list[str] = []


class Missing(msgspec.Struct, frozen=True):
    """The answer 202 to a manifest: send these files, and then the manifest again."""

    files: list[str]


class Served(msgspec.Struct, frozen=True):
    """The answer to a promotion or rollback: the names of the served, wanted and former layouts."""

    layout: str | None
    wanted: str | None
    former: str | None
