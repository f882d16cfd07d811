"""What each tool does, by the same searches as the page and the JSON API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from lightship.core.declaration import BUILT_IN
from lightship.core.errors import InvalidInputError
from lightship.core.model import Scalar, clean_text
from lightship.index.columns.conditions import RANGE
from lightship.searchengine.mcp.plain import fitting
from lightship.searchengine.mcp.reading import read_part
from lightship.searchengine.mcp.results import counted, explained, shapes
from lightship.searchengine.mcp.tools import (
    ANSWER_BYTES,
    ARGUMENTS,
    MOST_FACETS,
    ExplainArguments,
    FacetsArguments,
    FetchArguments,
    SearchArguments,
)
from lightship.searchengine.search.admission import CHEAP_SECONDS, QueryExecutor
from lightship.searchengine.search.api import SearchRequest
from lightship.searchengine.search.lookup import look_up
from lightship.searchengine.search.search import ReplicaSearcher
from lightship.searchengine.search.seen import Seen

_NOT_COUNTED = {"length"}  # without being asked to


class Calls:
    """Calls of tools, answered from what is `seen`."""

    def __init__(self, seen: Seen, executor: QueryExecutor) -> None:
        """Search and read what `executor` admits."""
        self._seen, self._searcher, self._executor = seen, ReplicaSearcher(seen, executor), executor

    async def call(self, name: str, arguments: Mapping[str, Any], until: float) -> bytes:
        """Return the answer of the tool `name`, as JSON, by `until` (time.monotonic).

        Raises the errors of a search, InvalidInputError for `arguments` that do not fit.
        """
        given = {key: value for key, value in arguments.items() if value is not None}
        try:
            asked: Any = msgspec.convert(given, ARGUMENTS[name], strict=False)  # models write "5" for 5
        except msgspec.ValidationError as error:
            raise InvalidInputError(f"the arguments of {name} are wrong: {error}; see its input schema") from error
        answer: bytes = await getattr(self, f"_{name}")(asked, until)
        return answer

    async def _search(self, asked: SearchArguments, until: float) -> bytes:
        request = SearchRequest(
            query=_query(asked.query), page=asked.page, size=asked.n, conditions=_conditions(asked.filters, asked.since)
        )
        if not request.query and not request.conditions:
            raise InvalidInputError("nothing to search for; give a query, filters or since")
        answer = await self._searcher.search(request, until)
        return fitting(ANSWER_BYTES, shapes(answer, frozenset(self._seen.view.fields)))

    async def _fetch(self, asked: FetchArguments, until: float) -> bytes:
        view, fresh = self._seen.view, self._seen.info.fresh_as_of
        read = await self._executor.run(lambda: read_part(view, asked.url, asked.part), CHEAP_SECONDS, until)
        return msgspec.json.encode(msgspec.structs.replace(read, fresh_as_of=fresh))

    async def _explain(self, asked: ExplainArguments, until: float) -> bytes:
        query = _query(asked.query)
        found = await look_up(self._seen, self._executor, asked.url, query, until)
        if not found.served and "#" in asked.url:
            found = await look_up(self._seen, self._executor, asked.url.partition("#")[0], query, until)
        return fitting(ANSWER_BYTES, (explained(found, most) for most in (10, 0)))

    async def _facets(self, asked: FacetsArguments, until: float) -> bytes:
        kinds = self._seen.view.fields
        known = sorted((name for name, kind in kinds.items() if kind != "text"), key=BUILT_IN.__contains__)
        fields = asked.fields or [name for name in known if name not in _NOT_COUNTED]
        request = SearchRequest(
            query=_query(asked.query), size=1, conditions=_conditions(asked.filters, asked.since),
            facets=tuple(dict.fromkeys(fields))[:MOST_FACETS], facet_size=asked.n, facets_asked=bool(asked.fields),
        )  # fmt: skip
        answer = await self._searcher.search(request, until)
        most = (asked.n, *(n for n in (20, 10, 5, 2, 1, 0) if n < asked.n))
        return fitting(ANSWER_BYTES, (counted(answer, kinds, n) for n in most))


def _query(text: str) -> str:
    return " ".join(clean_text(text).split())


def _conditions(filters: Mapping[str, Scalar | list[Scalar]], since: str) -> tuple[tuple[str, str], ...]:
    """Return filters as a query string has them."""
    if since.strip() and "date" in filters:
        raise InvalidInputError("give either since or a filter on date")
    given = [*filters.items(), *([("date", f"{since.strip()}{RANGE}")] if since.strip() else [])]
    pairs = ((name, value) for name, values in given for value in (values if isinstance(values, list) else [values]))
    return tuple((name.strip(), clean_text(_written(value))) for name, value in pairs)


def _written(value: Scalar) -> str:
    return value if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else f"{value:.15g}"
