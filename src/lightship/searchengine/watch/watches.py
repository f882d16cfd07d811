"""The clients that watch queries, and the events they get when the index changes."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor

from lightship.core.errors import UnavailableError, words
from lightship.core.position import Reached
from lightship.index.fields.schema import SCHEMA_VERSION
from lightship.index.reader import View
from lightship.searchengine.search.api import Filters, SearchRequest
from lightship.searchengine.search.replica import Replica
from lightship.searchengine.watch.changes import Changes
from lightship.searchengine.watch.events import FAILED, FORGOTTEN, TOO_MANY, missed, reached
from lightship.searchengine.watch.matching import told
from lightship.searchengine.watch.rounds import MOST_CHANGES, Round, Rounds
from lightship.searchengine.watch.standing import StandingQuery
from lightship.searchengine.watch.watcher import Watcher

logger = logging.getLogger("searchengine")

STEP_SECONDS = 0.5  # between two looks at the index: changes in between are matched together

_Key = tuple[SearchRequest, Filters]


class Watches:
    """The watchers of one process, at most `most`; 0: none may. For use in one event loop."""

    def __init__(self, replica: Replica, most: int, *, is_draining: Callable[[], bool] = lambda: False) -> None:
        """Watch the index of `replica`; watchers are sent away while it `is_draining`."""
        self._replica, self._most, self._is_draining = replica, most, is_draining
        self._changes, self._rounds = Changes(), Rounds()
        self._view: View | None = None  # up to which all watchers have all events
        self._watchers: dict[_Key, list[Watcher]] = {}
        self._count = 0
        self._indexing = asyncio.Lock()
        self._next = asyncio.Event()  # set and replaced when `_view` is
        self._thread = ThreadPoolExecutor(1, "watch")

    async def step(self) -> None:
        """Tell watchers what the index has got since the last call."""
        if not self._most:
            return
        if self._is_draining():
            for watcher in self._all():
                watcher.close()
        if self._replica.layout is not None and self._replica.view is not self._view:
            await self._follow(self._replica.view)

    async def _follow(self, view: View) -> None:
        former, before = self._view, self._changes.position
        changes = self._changes.follow(view.manifests) if former is not None else None
        if changes is None or len(changes) > MOST_CHANGES:
            self._rounds.begin(*self._changes.begin(view.manifests))
            if former is not None:
                self._tell_all(missed(TOO_MANY, self._changes.position))
        elif changes:
            latest = Round(before, changes, former, view)
            self._rounds.add(latest)
            await self._tell(latest, view)
        self._view = view
        position = self._changes.position
        text = reached(position)
        for watcher in self._all():
            watcher.pass_to(position, text)
        self._next.set()
        self._next = asyncio.Event()

    async def _tell(self, latest: Round, view: View) -> None:
        """Send events to the present watchers; `_since` sends `latest` to those that begin meanwhile."""
        watching = {watchers[0].standing: list(watchers) for watchers in self._watchers.values()}
        if not watching:
            return
        try:
            work = self._thread.submit(told, list(watching), [latest], latest.before, view)
            for query, events in (await asyncio.wrap_future(work)).items():
                for watcher in watching[query]:
                    watcher.tell(events)
        except Exception as error:
            logger.error("can't match changes with watched queries: %s", words(error))  # noqa: TRY400 (says all)
            self._tell_all(missed(FAILED, self._changes.position))

    def _tell_all(self, events: bytes) -> None:
        for watcher in self._all():
            watcher.tell(events)

    def _all(self) -> list[Watcher]:
        return [watcher for watchers in self._watchers.values() for watcher in watchers]

    @contextlib.asynccontextmanager
    async def watching(
        self, request: SearchRequest, filters: Filters, position: Reached | None, seconds: float
    ) -> AsyncIterator[Watcher]:
        """Watch a query within the `filters` of a key, from `position` or from now on.

        Waits for `seconds` until `position` is reached. Raises InvalidInputError for a wrong query, UnavailableError.
        """
        if self._is_draining() or self._count >= self._most:
            raise UnavailableError("no more queries can be watched here; use another replica, or set -watchers")
        self._count += 1
        watcher: Watcher | None = None
        try:
            await self._wait_for(position, seconds)
            watcher = await self._begin(request, filters, position)
            yield watcher
        finally:
            self._count -= 1
            if watcher is not None:
                self._leave(watcher)

    async def _begin(self, request: SearchRequest, filters: Filters, position: Reached | None) -> Watcher:
        rounds = await self._rounds_after(position) if position is not None else []
        view, now = self._view, self._changes.position  # from here on, nothing else runs until the watcher is known
        if view is None or view.version != SCHEMA_VERSION:
            raise UnavailableError("the index of this version is not installed yet; try again in a moment")
        known = self._watchers.get((request, filters))
        watcher = Watcher(known[0].standing if known else StandingQuery(request, filters, view))
        if rounds is None:
            watcher.tell(missed(FORGOTTEN, now))
        elif position is not None:
            before = Reached(now.log, {**now.sequences, **position.sequences})
            watcher.tell(told([watcher.standing], rounds, before, view).get(watcher.standing) or reached(now))
        watcher.pass_to(now)
        self._watchers.setdefault((request, filters), []).append(watcher)
        return watcher

    async def _rounds_after(self, position: Reached) -> list[Round] | None:
        """Return what happened after `position`, indexed; None if that is not known."""
        while (rounds := self._rounds.after(position)) and not all(each.is_indexed for each in rounds):
            async with self._indexing:  # others wait for the same rounds
                for run in self._rounds.unindexed(self._rounds.after(position) or []):
                    work = self._thread.submit(run[0].indexed_with, run[1:])
                    self._rounds.replace(run, await asyncio.wrap_future(work))
        return rounds

    async def _wait_for(self, position: Reached | None, seconds: float) -> None:
        """Wait until watchers have been told everything up to `position`, and more may be after it."""
        try:
            async with asyncio.timeout(seconds):
                while self._view is None or (position is not None and self._is_behind(position)):
                    await self._next.wait()
        except TimeoutError as error:
            raise UnavailableError("this replica is behind the one that was watched before; try again") from error

    def _is_behind(self, position: Reached) -> bool:
        known = self._changes.position
        return position.log == known.log and any(
            known.sequences.get(partition, 0) < sequence for partition, sequence in position.sequences.items()
        )

    def _leave(self, watcher: Watcher) -> None:
        key = watcher.standing.request, watcher.standing.filters
        watchers = self._watchers.get(key, [])
        if watcher in watchers:
            watchers.remove(watcher)
        if not watchers:
            self._watchers.pop(key, None)
