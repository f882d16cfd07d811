"""The client for programs without an event loop."""

from __future__ import annotations

import contextlib
import http.client
import time
from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit

from lightship.client import calls
from lightship.client.address import place
from lightship.client.calls import Filter, Reply, Request, Steps
from lightship.core.errors import words
from lightship.core.model import Document
from lightship.searchengine.search.api import Answer
from lightship.searchengine.search.suggesting import Suggestion

Result = TypeVar("Result")


class Client:
    """Searches, adds and deletes documents. Its methods may be called from any thread.

    Each raises an error of `lightship.core.errors`: InvalidInputError, UnauthorizedError, NotFoundError, or
    UnavailableError if there is no answer.
    """

    def __init__(
        self,
        url: str = "http://localhost:8080",
        *,
        intake: str = "",
        token: str | None = None,
        key: str = "",
        timeout: float = 10.0,
    ) -> None:
        """Ask the searchengine at `url`, and change documents through `intake`, by default 1,010 ports beyond.

        `token` signs changes, by default LIGHTSHIP_TOKEN of the environment; `key` is shown with searches. An answer may
        take `timeout` seconds, and a busy server is asked again for as long.
        """
        self._place = place(url, intake, token, key, timeout)
        self._idle: dict[str, list[http.client.HTTPConnection]] = {base: [] for base in self._place[:2]}

    def search(
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
        return self._run(calls.search(query, given, self._place.timeout))

    def suggest(self, query: str) -> list[Suggestion]:
        """Return how what was typed may go on: words and titles."""
        return self._run(calls.suggest(query, self._place.timeout))

    def text(self, url: str) -> str:
        """Return the text of a document as it is indexed; raises NotFoundError."""
        return self._run(calls.text(url, self._place.timeout))

    def add(self, documents: Iterable[Document | Mapping[str, Any]]) -> str:
        """Put documents, a thousand at a time; return the position for `wait`. A document replaces that with its url."""
        return self._run(calls.add(documents, self._place.timeout))

    def delete(self, *urls: str) -> str:
        """Delete documents; return the position for `wait`."""
        return self._run(calls.delete(urls, self._place.timeout))

    def wait(self, position: str, seconds: float = 30.0) -> None:
        """Return once searches see all changes up to `position`; raises UnavailableError after `seconds`."""
        self._run(calls.wait(position, seconds))

    def close(self) -> None:
        """Close the connections that are not in use."""
        for idle in self._idle.values():
            while idle:
                idle.pop().close()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        self.close()

    def _run(self, steps: Steps[Result]) -> Result:
        reply: Reply | None = None
        while True:
            try:
                step = steps.send(reply)
            except StopIteration as end:
                result: Result = end.value
                return result
            if isinstance(step, Request):
                reply = self._reply(step)
            else:
                time.sleep(step)
                reply = None

    def _reply(self, request: Request) -> Reply:
        base = self._place.intake if request.is_change else self._place.search
        shown = calls.headers(request, self._place.token, self._place.key)
        while True:
            connection, was_kept = self._connection(base)
            try:
                connection.request(request.method, request.target, request.body or None, shown)
                response = connection.getresponse()
                body = response.read()
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                if was_kept:
                    continue  # the server closes connections that nobody uses
                return Reply(0, f"{base}: {words(error)}".encode())
            self._idle[base].append(connection)
            return Reply(response.status, body, calls.seconds_of(response.getheader("Retry-After")))

    def _connection(self, base: str) -> tuple[http.client.HTTPConnection, bool]:
        """Return a connection to a server, and whether it was used before."""
        with contextlib.suppress(IndexError):  # another thread may take the last one
            return self._idle[base].pop(), True
        parts = urlsplit(base)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        return kind(parts.hostname or "", parts.port, timeout=self._place.timeout), False
