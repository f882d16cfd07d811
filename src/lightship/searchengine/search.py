"""Answers a search request from the served view."""

from __future__ import annotations

import time

from lightship.index.compiler import Compiled, compile_query
from lightship.index.query import parse_query
from lightship.index.reader import Found, View, find
from lightship.index.snippet import Highlighter
from lightship.searchengine.answer import Answer, Hit, SearchRequest
from lightship.searchengine.replica import Replica
from lightship.searchengine.request import is_reachable


def search(replica: Replica, request: SearchRequest) -> Answer:
    """Return the answer to `request`; raises UnavailableError when nothing is installed yet."""
    started = time.perf_counter()
    info, view = replica.info, replica.view
    query = parse_query(request.query)
    hits: list[Hit] = []
    total = 0
    if not query.is_empty:
        compiled = compile_query(query, view.languages, request.lang)
        first = (request.page - 1) * request.size if is_reachable(request) else 0
        found = find(view, compiled, first, first + request.size, by_date=request.sort == "date")
        total = found.total
        hits = _hits(view, compiled, found) if is_reachable(request) else []
    return Answer(
        query=request.query,
        total=total,
        page=request.page,
        size=request.size,
        took_ms=round((time.perf_counter() - started) * 1000, 2),
        index=info,
        hits=hits,
        notice=query.notice,
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
