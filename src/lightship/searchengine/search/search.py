"""Answers a search request from the served view."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Protocol

import msgspec

from lightship.index.cost import seconds_of
from lightship.index.highlight.snippet import Highlighter
from lightship.index.query.compiler import Compiled, compile_query
from lightship.index.query.language.parser import Query, parse_query
from lightship.index.reader import Found, ManyTiesError, find
from lightship.searchengine.search.admission import CHEAP_SECONDS, QueryExecutor
from lightship.searchengine.search.api import Answer, Corrected, FacetRanges, FacetValue, SearchRequest
from lightship.searchengine.search.correcting import corrected, mistyped, with_completed
from lightship.searchengine.search.hits import Page
from lightship.searchengine.search.request import is_reachable
from lightship.searchengine.search.seen import Seen
from lightship.searchengine.search.selecting import Selecting

# About a hundred ordinary pages. Counted rather than timed, so that cheap queries stay in the loop on a busy machine,
# too
CHEAP_EFFORT = 8 << 20
_TIE_SECONDS = 2e-6  # per document of equal score
_MOST_HITS = 20  # of an answer that is kept
_IN_MEMORY = 3  # times the bytes of its JSON


class Searcher(Protocol):
    """Answers search requests. A cache, a trace or a fan-out is another Searcher around one."""

    async def search(self, request: SearchRequest, until: float) -> Answer:
        """Return the answer by `until` (time.monotonic); raises UnavailableError, InvalidInputError."""


class _ExpensiveError(Exception):
    """The corrected query is estimated to be too expensive for the event loop."""


class ReplicaSearcher:
    """Searches the current view of a replica, or of what is seen of it."""

    def __init__(self, seen: Seen, executor: QueryExecutor) -> None:
        """Search what is `seen`, as `executor` admits it."""
        self._seen, self._executor = seen, executor

    async def search(self, request: SearchRequest, until: float) -> Answer:
        """Return the answer by `until` (time.monotonic); raises UnavailableError if nothing is installed or it is late."""
        seen, started = self._seen, time.perf_counter()
        state, key = seen.state, (seen.filters, request)
        if kept := seen.answers.get(state, key):
            return msgspec.structs.replace(kept, index=seen.info, took_ms=_milliseconds_since(started))
        answer = await Plan(seen, request).answer(self._executor, until)
        keeps = seen.answers.keeps and request.size <= _MOST_HITS and not request.text
        if keeps and state == seen.state:  # the index may have changed meanwhile
            seen.answers.put(state, key, answer, _IN_MEMORY * len(msgspec.json.encode(answer)))
        return answer


def search(seen: Seen, request: SearchRequest) -> Answer:
    """Return the answer to `request`; raises UnavailableError if nothing is installed yet."""
    return Plan(seen, request).run()


class Plan:
    """A search that is ready to run in any thread; `cost` is its estimated seconds."""

    def __init__(self, seen: Seen, request: SearchRequest) -> None:
        """Compile `request` for the current view; raises UnavailableError if nothing is installed yet."""
        self._started = time.perf_counter()
        self._facets: dict[str, list[FacetValue] | FacetRanges] | msgspec.UnsetType = msgspec.UNSET
        self._request, self._info, self._view, self._words = request, seen.info, seen.view, seen.words
        self._instead: Corrected | None = None
        self._selecting = Selecting(self._view, request)
        self._query = parse_query(self._selecting.typed.text)
        if request.prefix:
            self._query = self._query.with_last_begun(request.query)
            self._query = with_completed(self._query, request.query, self._view, self._words)
        self._compiled = None if self._is_empty else self._compile(self._query)
        self.cost = self._selecting.cost
        if self._compiled:
            self.cost += seconds_of(self._view, self._query, self._compiled)
        self._mistyped = mistyped(self._query, self._view, self._words) if self._words and request.corrections else {}
        self.cost += len(self._mistyped) * self._words.seconds if self._words else 0.0

    @property
    def _is_empty(self) -> bool:
        """Whether nothing is asked for: a query, conditions, facets, an order or groups."""
        request = self._request
        return self._query.is_empty and not (
            self._selecting.conditions or request.facets or self._selecting.order or request.group
        )

    def _compile(self, query: Query) -> Compiled:
        view = self._view
        compiled = compile_query(query, view.version, view.languages, self._request.lang, view)
        return replace(compiled, filters=self._selecting.filters) if self._selecting.conditions else compiled

    async def answer(self, executor: QueryExecutor, until: float) -> Answer:
        """Search and read the documents found, as `executor` admits it, by `until` (time.monotonic)."""
        try:
            page = await executor.run(lambda: self._find(patient=False), self.cost, until)
        except (ManyTiesError, _ExpensiveError):
            cost = max(self.cost, self._view.documents * _TIE_SECONDS, CHEAP_SECONDS)
            page = await executor.run(lambda: self._find(patient=True), cost, until)
        if not page.read(most=CHEAP_EFFORT):
            await executor.read(lambda: page.read(until), page.cost, until)
        return self._answer(page)

    def run(self) -> Answer:
        """Search, however long it takes."""
        page = self._find(patient=True)
        page.read()
        return self._answer(page)

    def _find(self, *, patient: bool) -> Page:
        """Return the page of results, not read yet; raises ManyTiesError, _ExpensiveError, unless `patient`."""
        if self._compiled is None:
            return Page(None, Found(0, [], [], self._view.searcher))
        request, reachable = self._request, is_reachable(self._request)
        first = request.first if reachable else 0
        last = first + request.size
        found = self._corrected(first, last, patient=patient) or self._found(
            self._compiled, first, last, patient=patient
        )
        relaxed = None if found.total or self._request.exact else self._query.without_phrases()
        if relaxed:  # it costs less than the phrases, which `cost` is for
            compiled = self._compile(relaxed)
            instead = self._found(compiled, first, last, patient=patient)
            if instead.total:
                self._query, self._compiled, found = relaxed, compiled, instead
        self._facets = self._selecting.count(self._compiled, found.total) if request.facets else msgspec.UNSET
        if not reachable:
            found = Found(found.total, [], [], found.searcher)
        return Page(Highlighter(self._compiled, self._view.frequency, request.snippet), found, request.text)

    def _corrected(self, first: int, last: int, *, patient: bool) -> Found | None:
        """Return what the corrected query finds; None if there is nothing to correct, or it finds nothing."""
        if not (self._mistyped and self._words):
            return None
        instead = corrected(self._selecting.typed.text, self._mistyped, self._words)
        if instead is None:
            return None
        query = replace(parse_query(instead.text), typed=instead.typed)
        compiled = self._compile(query)
        seconds = seconds_of(self._view, query, compiled)
        if seconds >= CHEAP_SECONDS and not patient:
            self.cost += seconds
            raise _ExpensiveError
        found = self._found(compiled, first, last, patient=patient)
        if not found.total:
            return None
        self._query, self._compiled = query, compiled
        self._instead = Corrected(asked=self._selecting.typed.text, instead=instead.text)
        return found

    def _found(self, compiled: Compiled, first: int, last: int, *, patient: bool) -> Found:
        if self._selecting.order or self._selecting.grouping:
            return self._selecting.find(compiled, first, last)
        return find(self._view, compiled, first, last, by_date=self._request.sort == "date", patient=patient)

    def _notices(self, page: Page) -> tuple[str | None, ...]:
        return (
            *self._selecting.typed.notices,
            self._query.notice,
            self._compiled.notice if self._compiled else None,
            page.notice,
        )

    def _answer(self, page: Page) -> Answer:
        return Answer(
            query=self._request.query,
            total=page.found.total,
            page=self._request.page,
            size=self._request.size,
            offset=self._request.first,
            took_ms=_milliseconds_since(self._started),
            index=self._info,
            hits=page.hits,
            notice=" ".join(filter(None, self._notices(page))) or None,
            corrected=self._instead,
            facets=self._facets,
        )


def _milliseconds_since(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 2)
