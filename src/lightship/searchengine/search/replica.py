"""The view that a replica serves: it follows the store, and is always complete."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from datetime import UTC, datetime

from lightship import __version__
from lightship.core.errors import DamagedError, LightshipError, UnavailableError
from lightship.core.manifest import Manifest, has_reached
from lightship.core.position import Reached
from lightship.index.reader import IndexReader, View
from lightship.index.suggest.snapshot import words_of
from lightship.index.suggest.words import Words
from lightship.searchengine.search.api import Answers, Filters, IndexInfo
from lightship.searchengine.store.store import Store

logger = logging.getLogger("searchengine")

WORDS_SECONDS = 60.0  # a new word is suggested after so long, or longer in a large index; it is found at once
WORDS_SHARE = 0.01  # of a processor


class Replica:
    """The served view of `store`; call `follow` whenever it may have changed."""

    filters: Filters = ()

    def __init__(self, store: Store, answers_bytes: int = 0) -> None:
        """Open the installed index, if there is one; a damaged one once its damaged segments have been left out.

        So many bytes of answers to recent searches are kept.
        """
        self.store, self.answers = store, Answers(answers_bytes)
        self.layout: str | None = None
        self._reader: IndexReader | None = None
        self._info = IndexInfo()
        self._fresh: dict[int, float] = {}
        self._failing = False
        self.words: Words | None = None  # a snapshot; None until `follow_words` has made it
        self._words_of: View | None = None
        self._state: tuple[View | None, View | None, bytes] = (None, None, b"")
        self._words_due = 0.0  # monotonic
        self._next = asyncio.Event()  # set and replaced whenever the view changes
        try:
            self.follow()
        except DamagedError as error:
            logger.error("%s", error)  # noqa: TRY400 (says all)

    def follow(self) -> None:
        """Switch to a new layout or to new segments; keeps the old view if that fails.

        Requests a check of all files before it raises DamagedError.
        """
        self._failing = True
        try:
            self._follow()
        except DamagedError:
            self.store.suspect()
            raise
        self._failing = False

    def catch_up(self) -> None:
        """Follow the store before an answer: no worker's answer may be older than one that another has given.

        It costs two system calls. An error is left to the next `follow`, which is not called for every answer.
        """
        if not self._failing:
            with contextlib.suppress(LightshipError, OSError):
                self.follow()

    def _follow(self) -> None:
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
        """Update the freshness of the shards."""
        if self.layout is not None:
            self._fresh = self.store.freshness(self.layout)
            self._info = self._describe()

    def follow_words(self) -> None:
        """Make the words that are suggested again if the view has changed; blocking.

        At most every WORDS_SECONDS, and in WORDS_SHARE of the time.
        """
        view, began = self._reader.view if self._reader else None, time.monotonic()
        if view is None or view is self._words_of or began < self._words_due:
            return
        self.words = words_of(view)
        self._words_of = view
        self._words_due = began + max(WORDS_SECONDS, (time.monotonic() - began) / WORDS_SHARE)

    @property
    def view(self) -> View:
        """The view to search; raises UnavailableError until the first layout is complete."""
        if self._reader is None:
            raise UnavailableError("no index installed yet; start an indexer that pushes to this searchengine")
        return self._reader.view

    @property
    def manifests(self) -> tuple[Manifest, ...]:
        """The manifests of the served view; empty until there is one."""
        return self._reader.view.manifests if self._reader else ()

    @property
    def ready(self) -> bool:
        """True if all shards of a layout are installed, and none of their segments is damaged."""
        return self._reader is not None and not self._reader.view.left_out

    @property
    def damaged(self) -> int:
        """The number of damaged segments, which are not searched until they have been received again."""
        return len(self._reader.view.left_out) if self._reader else 0

    @property
    def info(self) -> IndexInfo:
        """The index that answers."""
        return self._info

    @property
    def state(self) -> bytes:
        """What answers depend on: equal for equal answers, on every replica of this version."""
        view, words_of = self._reader.view if self._reader else None, self._words_of
        if self._state[0] is not view or self._state[1] is not words_of:
            told = (__version__, self.layout, self.damaged, *_versions(view), "words", *_versions(words_of))
            self._state = (view, words_of, repr(told).encode())
        return self._state[2]

    @property
    def changed(self) -> float:
        """When what is served was made, in seconds since the epoch; 0 if nothing is."""
        return max((manifest.made for manifest in self.manifests), default=0.0)

    def fresh_as_of(self, manifest: Manifest) -> float:
        """Return the time (seconds since the epoch) up to which all changes of the manifest's shard are served."""
        return max(self._fresh.get(manifest.shard, 0.0), manifest.fresh_as_of)

    def has_reached(self, reached: Reached) -> bool:
        """Return True if the served view contains every change up to `reached`.

        Raises InvalidInputError if it is from another log.
        """
        return has_reached(self.manifests, reached)

    async def wait_until(self, reached: Reached, seconds: float) -> None:
        """Wait until the served view has every change up to `reached`; `follow` must be called in the same event loop.

        Raises InvalidInputError if the served view is from another log, UnavailableError after `seconds`.
        """
        try:
            async with asyncio.timeout(seconds):
                while not self.has_reached(reached):
                    await self._next.wait()
        except TimeoutError as error:
            raise UnavailableError(
                f"index did not reach min_position within {seconds:g} s: its indexer is behind or down; try again"
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


def _versions(view: View | None) -> list[object]:
    return [(manifest.shard, manifest.log_id, manifest.version) for manifest in view.manifests] if view else []
