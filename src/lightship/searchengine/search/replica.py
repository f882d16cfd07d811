"""What a replica serves now: follows the store, and always has one whole view."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from lightship.core.errors import UnavailableError
from lightship.core.manifest import Manifest, has_reached
from lightship.core.position import Reached
from lightship.index.reader import IndexReader, View
from lightship.searchengine.search.api import IndexInfo
from lightship.searchengine.store.store import Store


class Replica:
    """The served view of `store`; call `follow` whenever it may have changed."""

    def __init__(self, store: Store) -> None:
        """Open what is installed, if anything."""
        self.store = store
        self.layout: str | None = None
        self._reader: IndexReader | None = None
        self._info = IndexInfo()
        self._fresh: dict[int, float] = {}
        self._next = asyncio.Event()  # set, and replaced, when another view is served
        self.follow()

    def follow(self) -> None:
        """Take up a new layout or new segments; keeps the old view when that fails."""
        layout = self.store.current()
        if layout is None:
            return
        if layout != self.layout:
            reader = IndexReader(self.store.layout_folder(layout))
            self._reader, self.layout, self._fresh = reader, layout, self.store.freshness(layout)
        elif self._reader is None or not self._reader.reload():
            return
        self._info = self._describe()
        self._next.set()
        self._next = asyncio.Event()

    def follow_freshness(self) -> None:
        """Take up how fresh the shards are."""
        if self.layout is not None:
            self._fresh = self.store.freshness(self.layout)
            self._info = self._describe()

    @property
    def view(self) -> View:
        """The view to search in; raises UnavailableError before the first layout is whole."""
        if self._reader is None:
            raise UnavailableError("no index is installed yet: start an indexer that pushes to this searchengine")
        return self._reader.view

    @property
    def manifests(self) -> tuple[Manifest, ...]:
        """The manifests of the served view; none before there is one."""
        return self._reader.view.manifests if self._reader else ()

    @property
    def ready(self) -> bool:
        """Tell whether all shards of a layout are installed, and none of their segments is damaged."""
        return self._reader is not None and not self._reader.view.left_out

    @property
    def damaged(self) -> int:
        """The number of segments that are damaged, and not searched until they have come again."""
        return len(self._reader.view.left_out) if self._reader else 0

    @property
    def info(self) -> IndexInfo:
        """Which index answers."""
        return self._info

    def fresh_as_of(self, manifest: Manifest) -> float:
        """Return the time in seconds since the epoch up to which all changes of the manifest's shard are served."""
        return max(self._fresh.get(manifest.shard, 0.0), manifest.fresh_as_of)

    def has_reached(self, reached: Reached) -> bool:
        """Tell whether the served view holds all that was put up to `reached`; raises InvalidInputError when it is of another log."""
        return has_reached(self.manifests, reached)

    async def wait_until(self, reached: Reached, seconds: float) -> None:
        """Return when the served view holds all that was put up to `reached`; it must be `follow`ed by the same event loop.

        Raises InvalidInputError when what is served is of another log, UnavailableError after `seconds`.
        """
        try:
            async with asyncio.timeout(seconds):
                while not self.has_reached(reached):
                    await self._next.wait()
        except TimeoutError as error:
            raise UnavailableError(
                f"the index has not come to min_position within {seconds:g} s: its indexer is behind or down; try again"
            ) from error

    def _describe(self) -> IndexInfo:
        view = self.view
        oldest = min(map(self.fresh_as_of, view.manifests))
        return IndexInfo(
            layout=self.layout,
            generation={str(manifest.shard): manifest.version for manifest in view.manifests},
            documents=view.documents,
            fresh_as_of=datetime.fromtimestamp(oldest, UTC),
        )
