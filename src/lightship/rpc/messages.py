"""What a searchengine answers to an indexer's manifest and files."""

from __future__ import annotations

import msgspec


class Installed(msgspec.Struct, frozen=True):
    """The answer 200 to a manifest: it is what is installed; of the files that are coming, `lacks` are not here yet."""

    epoch: int
    generation: int
    lacks: list[str] = []


class Missing(msgspec.Struct, frozen=True):
    """The answer 202 to a manifest: send these files, then the manifest again."""

    files: list[str]


class Served(msgspec.Struct, frozen=True):
    """The answer to a promotion or a rollback: the names of the layouts that are served, wanted and kept."""

    layout: str | None
    wanted: str | None
    former: str | None
