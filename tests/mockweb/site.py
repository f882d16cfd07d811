"""A small web site on the loopback, for tests of the crawler: real HTTP, whatever a page is to be."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from types import TracebackType
from typing import Self

from aiohttp import web
from multidict import CIMultiDictProxy

from lightship.crawler.fetching.soft404 import PROBE

Stream = Callable[[], AsyncIterator[bytes]]
HTML = "text/html; charset=utf-8"
ASKED_OF_ALL = ("/robots.txt", "/sitemap.xml", PROBE)


class Answer:
    """What a path answers: a body, or a stream of bytes that may never end."""

    def __init__(
        self, body: str | bytes | Stream = b"", status: int = 200, content_type: str | None = HTML,
        headers: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        self.body = body.encode() if isinstance(body, str) else body
        self.status = status
        self.headers = {**({"Content-Type": content_type} if content_type else {}), **(headers or {})}


class MockSite:
    """A web site whose `pages` (path with query -> Answer) may change while it runs; an absent one is a 404."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self._host = host
        self.pages: dict[str, Answer] = {}
        self.requests: list[tuple[str, int, CIMultiDictProxy[str]]] = []  # path, status, request headers
        self.endless: list[Callable[[str], Answer | None]] = []  # what answers for a path that is not in `pages`
        self.times: dict[str, list[float]] = {}  # when each path was asked for, in seconds since the epoch
        self.address = ""
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="mockweb")

    def page(self, path: str, body: str | bytes | Stream, **answer: object) -> str:
        """Set the answer of `path`, and return its url."""
        self.pages[path] = Answer(body, **answer)  # type: ignore[arg-type]
        return self.url(path)

    def redirect(self, path: str, location: str, status: int = 301) -> str:
        """Let `path` redirect, and return its url."""
        self.pages[path] = Answer(status=status, headers={"Location": location})
        return self.url(path)

    def url(self, path: str) -> str:
        """Return the url of `path`."""
        return f"http://{self.address}{path}"

    def counts(self) -> Counter[str]:
        """Return how often each path was asked for, but for those that every site is asked for."""
        return Counter(path for path, _, _ in self.requests if not path.startswith(ASKED_OF_ALL))

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _serve(self) -> None:
        runner = self._loop.run_until_complete(self._start())
        self._loop.run_forever()
        self._loop.run_until_complete(runner.cleanup())
        self._loop.close()

    async def _start(self) -> web.ServerRunner:
        runner = web.ServerRunner(web.Server(self._answer, handler_cancellation=True), shutdown_timeout=0.0)
        await runner.setup()
        site = web.TCPSite(runner, self._host, 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        self.address = f"{host}:{port}"
        self._ready.set()
        return runner

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        made = (answer for endless in self.endless if (answer := endless(request.path_qs)))
        answer = self.pages.get(request.path_qs) or next(made, Answer("not here", 404))
        etag = answer.headers.get("ETag")
        status = 304 if etag and request.headers.get("If-None-Match") == etag else answer.status
        self.times.setdefault(request.path_qs, []).append(time.time())
        self.requests.append((request.path_qs, status, request.headers))
        if isinstance(answer.body, bytes):
            return web.Response(body=b"" if status == 304 else answer.body, status=status, headers=answer.headers)
        response = web.StreamResponse(status=status, headers=answer.headers)
        await response.prepare(request)
        async for chunk in answer.body():
            await response.write(chunk)
        return response
