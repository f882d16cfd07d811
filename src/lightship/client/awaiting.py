"""The client for programs with an event loop (asyncio)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar

import aiohttp
from yarl import URL

from lightship.client import calls
from lightship.client.address import place
from lightship.client.calls import Filter, Reply, Request, Steps
from lightship.core.errors import words
from lightship.core.model import Document
from lightship.searchengine.search.api import Answer
from lightship.searchengine.search.suggesting import Suggestion

Result = TypeVar("Result")


class AsyncClient:
    """Like `Client`, with the same methods as coroutines: `async with AsyncClient() as client: await client.search(…)`."""

    def __init__(
        self,
        url: str = "http://localhost:8080",
        *,
        intake: str = "",
        token: str | None = None,
        key: str = "",
        timeout: float = 10.0,
    ) -> None:
        """Ask the searchengine at `url`; the arguments are those of `Client`."""
        self._place = place(url, intake, token, key, timeout)
        self._session: aiohttp.ClientSession | None = None

    async def search(
        self,
        query: str = "",
        *,
        filters: Mapping[str, Filter] | None = None,
        exclude: Mapping[str, Filter] | None = None,
        facets: str | Sequence[str] | None = None,
        size: int | None = None,
        page: int | None = None,
        sort: str | None = None,
        lang: str | None = None,
        min_position: str | None = None,
        **more: str | float | bool | None,
    ) -> Answer:
        """Return the answer to a search. `more` are other parameters of the HTTP API, like `group="site"`."""
        given = {
            "filters": filters, "exclude": exclude, "facets": facets, "size": size, "page": page, "sort": sort, "lang": lang,
            "min_position": min_position or None, **more,
        }  # fmt: skip
        return await self._run(calls.search(query, given, self._place.timeout))

    async def suggest(self, query: str) -> list[Suggestion]:
        """Return how what was typed may go on: words and titles."""
        return await self._run(calls.suggest(query, self._place.timeout))

    async def text(self, url: str) -> str:
        """Return the text of a document as it is indexed; raises NotFoundError."""
        return await self._run(calls.text(url, self._place.timeout))

    async def add(self, documents: Iterable[Document | Mapping[str, Any]]) -> str:
        """Put documents, a thousand at a time; return the position for `wait`. A document replaces that with its url."""
        return await self._run(calls.add(documents, self._place.timeout))

    async def delete(self, *urls: str) -> str:
        """Delete documents; return the position for `wait`."""
        return await self._run(calls.delete(urls, self._place.timeout))

    async def wait(self, position: str, seconds: float = 30.0) -> None:
        """Return once searches see all changes up to `position`; raises UnavailableError after `seconds`."""
        await self._run(calls.wait(position, seconds))

    async def close(self) -> None:
        """Close all connections."""
        if self._session:
            await self._session.close()
            self._session = None

    async def __aenter__(self) -> Self:
        """Return itself."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close all connections."""
        await self.close()

    async def _run(self, steps: Steps[Result]) -> Result:
        reply: Reply | None = None
        while True:
            try:
                step = steps.send(reply)
            except StopIteration as end:
                result: Result = end.value
                return result
            if isinstance(step, Request):
                reply = await self._reply(step)
            else:
                await asyncio.sleep(step)
                reply = None

    async def _reply(self, request: Request) -> Reply:
        base = self._place.intake if request.is_change else self._place.search
        shown = calls.headers(request, self._place.token, self._place.key)
        if self._session is None:
            limit = aiohttp.ClientTimeout(self._place.timeout)
            self._session = aiohttp.ClientSession(timeout=limit, requote_redirect_url=False)
        url = URL(f"{base}{request.target}", encoded=True)
        try:
            asked = self._session.request(
                request.method, url, data=request.body or None, headers=shown, allow_redirects=False
            )
            async with asked as response:
                body = await response.read()
                return Reply(response.status, body, calls.seconds_of(response.headers.get("Retry-After")))
        except (OSError, aiohttp.ClientError, TimeoutError) as error:
            return Reply(0, f"{base}: {words(error)}".encode())
