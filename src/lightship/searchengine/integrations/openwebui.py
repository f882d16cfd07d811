"""`POST /openwebui`: what Open WebUI's web search asks of an external search engine.

It sends `{"query": …, "count": …}`, and takes a list of links with their titles and snippets:
https://docs.openwebui.com/, *Web search, External*.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from starlette.requests import Request
from starlette.routing import Route

from lightship.core.errors import InvalidInputError
from lightship.core.model import clean_text
from lightship.http.answers.uncached import uncached
from lightship.http.answers.whole import Whole
from lightship.http.requests import header, read_body
from lightship.searchengine.mcp.plain import plain, unmarked
from lightship.searchengine.search.admission import QueryExecutor
from lightship.searchengine.search.api import MAX_SIZE, Hit, SearchRequest
from lightship.searchengine.search.replica import Replica
from lightship.searchengine.search.search import ReplicaSearcher
from lightship.searchengine.search.seen import Seen

MAX_BODY = 16 << 10  # bytes
COUNT = 10
SNIPPET = 1000  # characters: all that a model reads of a page, if Open WebUI does not fetch it


class ExternalSearch(msgspec.Struct, frozen=True):
    """A search for `count` results."""

    query: str
    count: int = COUNT


class ExternalResult(msgspec.Struct, frozen=True):
    """A result: `link` leads to the section that has the words of the query; `snippet` is its text, without markup."""

    link: str
    title: str
    snippet: str


_decode = msgspec.json.Decoder(ExternalSearch).decode
_encode = msgspec.json.Encoder().encode


class OpenWebUI:
    """Answers Open WebUI's searches of `replica`."""

    def __init__(self, replica: Replica, seen_by: Callable[[Request], Seen], executor: QueryExecutor) -> None:
        """Search what is `seen_by` a request, as `executor` admits it."""
        self._replica, self._seen_by, self._executor = replica, seen_by, executor

    def routes(self) -> list[Route]:
        """Return the route."""
        return [Route("/openwebui", self._post, methods=["POST"])]

    async def _post(self, request: Request) -> Whole:
        asked = read_search(await read_body(request, MAX_BODY))
        self._replica.catch_up()
        searcher = ReplicaSearcher(self._seen_by(request), self._executor)
        answer = await searcher.search(asked, self._executor.admit(request.scope))
        return uncached(_encode([_result(hit) for hit in answer.hits]), header(request.scope, b"accept-encoding"))


def read_search(body: bytes) -> SearchRequest:
    """Return the search in `body`; raises InvalidInputError. More results than a page may have are cut."""
    try:
        asked = _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidInputError(f'not a search: {error}; write {{"query": "lamp", "count": 5}}') from error
    if asked.count < 1:
        raise InvalidInputError(f"count is {asked.count}; it must be at least 1")
    query = " ".join(clean_text(asked.query).split())
    return SearchRequest(query=query, size=min(asked.count, MAX_SIZE), snippet=SNIPPET)


def _result(hit: Hit) -> ExternalResult:
    return ExternalResult(
        link=plain(hit.link), title=unmarked(hit.title_html) or plain(hit.url), snippet=unmarked(hit.snippet)
    )
