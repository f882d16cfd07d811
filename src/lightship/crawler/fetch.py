"""One HTTP request at a time: limits of time and size, no redirects followed, private addresses guarded."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Mapping
from types import TracebackType
from typing import NamedTuple, Self

import aiohttp
from multidict import CIMultiDictProxy
from yarl import URL

from lightship.config import CrawlerSettings
from lightship.crawler import urls
from lightship.crawler.address import guarded_socket
from lightship.crawler.media import READABLE
from lightship.errors import InvalidInputError, UnavailableError

logger = logging.getLogger(__name__)

TEXT_TYPES = READABLE  # that hold text to index
BOMB_RATIO = 20  # times that text hardly ever shrinks by; web pages shrink 4 to 8 times


class FetchError(UnavailableError):
    """There was no whole answer: no connection, a broken one, or out of time."""


class RefusedBodyError(InvalidInputError):
    """The answer's body is not one that can be read."""


class Response(NamedTuple):
    """An answer; `body` is decompressed, cut at the limit of its size, and empty unless the status is 200.

    `size` is how many bytes of a body came, as they were sent.
    """

    status: int
    headers: CIMultiDictProxy[str]
    body: bytes
    size: int = 0

    @property
    def content_type(self) -> str:
        """The media type in lower case, without parameters; empty when none is given."""
        return self.headers.get("Content-Type", "").partition(";")[0].strip().lower()


class Fetcher:
    """An HTTP client for pages. `owned` are the (host, port) that the owner gave: those may be private."""

    def __init__(self, settings: CrawlerSettings, owned: Collection[tuple[str, int]]) -> None:
        """Open the client; needs a running event loop."""
        self._settings = settings
        self._owned = frozenset(owned)
        self._open = _session(settings, aiohttp.TCPConnector(limit=settings.concurrency))
        self._guarded = _session(
            settings, aiohttp.TCPConnector(limit=settings.concurrency, socket_factory=guarded_socket)
        )

    async def __aenter__(self) -> Self:
        """Return the client."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close its connections."""
        await self._open.close()
        await self._guarded.close()

    async def get(
        self, url: str, headers: Mapping[str, str] | None = None, types: Collection[str] = TEXT_TYPES
    ) -> Response:
        """Return the answer for a normal url; `types` are the media types whose body is read ("" for an absent one).

        Raises FetchError, RefusedBodyError (another media type, or a decompression bomb).
        """
        session = self._open if urls.address(url) in self._owned else self._guarded
        seconds = self._settings.timeout
        try:
            async with (
                asyncio.timeout(seconds),
                session.get(URL(url, encoded=True), headers=headers, allow_redirects=False) as answer,
            ):
                body = await self._body(answer, types) if answer.status == 200 else b""
                size = answer.content.total_raw_bytes if body else 0
                return Response(answer.status, answer.headers, body, size)
        except TimeoutError as error:
            raise FetchError(f"no whole answer within {seconds:g} s") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise FetchError(" ".join(str(error).split()) or type(error).__name__) from error

    async def _body(self, answer: aiohttp.ClientResponse, types: Collection[str]) -> bytes:
        kind = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if types and kind not in types:
            raise RefusedBodyError(f"content type {kind!r} holds no text to index")
        limit, body = self._settings.max_bytes, bytearray()
        async for chunk in answer.content.iter_any():
            body += chunk
            if len(body) > limit:
                answer.close()
                _refuse_bomb(answer, len(body))
                logger.warning("%s: more than %d bytes: cut there", answer.url, limit)
                break
        return bytes(body[:limit])


def _refuse_bomb(answer: aiohttp.ClientResponse, size: int) -> None:
    received = answer.content.total_compressed_bytes
    if received and size > BOMB_RATIO * received:
        raise RefusedBodyError(f"decompression bomb: {received} compressed bytes became more than {size}")


def _session(settings: CrawlerSettings, connector: aiohttp.TCPConnector) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None),
        headers={"User-Agent": settings.user_agent, "Accept": "text/html,text/*;q=0.8,*/*;q=0.1"},
        trust_env=False,
    )
