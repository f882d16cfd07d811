"""Answers a search request from the served view."""

from __future__ import annotations

import time

from lightship.index.compiler import Compiled, compile_query
from lightship.index.cost import seconds_of
from lightship.index.query import parse_query
from lightship.index.reader import Found, ManyTiesError, View, find
from lightship.index.snippet import Highlighter
from lightship.searchengine.answer import Answer, Hit, SearchRequest
from lightship.searchengine.line import CHEAP_SECONDS, Line
from lightship.searchengine.replica import Replica
from lightship.searchengine.request import is_reachable

_TIE_SECONDS = 2e-6  # for each document of equal score


def search(replica: Replica, request: SearchRequest) -> Answer:
    """Return the answer to `request`; raises UnavailableError when nothing is installed yet."""
    return Plan(replica, request).run()


class Plan:
    """A search that is ready to run, in any thread; `cost` is about how many seconds it will take."""

    def __init__(self, replica: Replica, request: SearchRequest) -> None:
        """Compile `request` for what is served now; raises UnavailableError when nothing is installed yet."""
        self._started = time.perf_counter()
        self._request, self._info, self._view = request, replica.info, replica.view
        self._query = parse_query(request.query)
        self._compiled = (
            None
            if self._query.is_empty
            else compile_query(self._query, self._view.version, self._view.languages, request.lang)
        )
        self.cost = seconds_of(self._view, self._query, self._compiled) if self._compiled else 0.0

    async def answer(self, line: Line, until: float) -> Answer:
        """Search when `line` lets it, to be there by `until` (time.monotonic)."""
        try:
            return await line.run(lambda: self.run(patient=False), self.cost, until)
        except ManyTiesError:
            return await line.run(self.run, max(self.cost, self._view.documents * _TIE_SECONDS, CHEAP_SECONDS), until)

    def run(self, *, patient: bool = True) -> Answer:
        """Search; raises ManyTiesError, unless it may be `patient`."""
        request, hits, total = self._request, list[Hit](), 0
        if self._compiled:
            first = (request.page - 1) * request.size if is_reachable(request) else 0
            by_date, last = request.sort == "date", first + request.size
            found = find(self._view, self._compiled, first, last, by_date=by_date, patient=patient)
            total = found.total
            hits = _hits(self._view, self._compiled, found) if is_reachable(request) else []
        return Answer(
            query=request.query,
            total=total,
            page=request.page,
            size=request.size,
            took_ms=round((time.perf_counter() - self._started) * 1000, 2),
            index=self._info,
            hits=hits,
            notice=self._query.notice,
        )


def _hits(view: View, compiled: Compiled, found: Found) -> list[Hit]:
    highlighter = Highlighter(compiled, view.frequency)
    return [
        Hit(
            url=source.url,
            title=source.title,
            snippet=highlighter.snippet(source.text, source.language, source.description),
            score=None if score is None else round(score, 4),
            site=source.site,
            language=source.language,
            modified=source.modified_time,
            fields=source.fields,
        )
        for score, source in zip(found.scores, found.sources, strict=True)
    ]
