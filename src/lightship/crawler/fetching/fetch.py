"""One HTTP request at a time: limits of time and size, no redirects followed, private addresses guarded."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Mapping
from types import TracebackType
from typing import NamedTuple, Self

import aiohttp
from aiohttp.abc import AbstractResolver
from multidict import CIMultiDictProxy
from yarl import URL

from lightship.config import CrawlerSettings
from lightship.core import urls
from lightship.core.errors import InvalidInputError, UnavailableError
from lightship.crawler.fetching.address import SourceResolver, guarded_socket
from lightship.crawler.fetching.credentials import Credential, Credentials, read_credentials
from lightship.crawler.parsing.encodings.media import READABLE

logger = logging.getLogger(__name__)

TEXT_TYPES = READABLE  # that hold text to index
MAX_HEADERS = 128  # of one answer
MAX_HEADER = 16 << 10  # bytes of one of them, and of the status line; some sites' Content-Security-Policy has 9000
BOMB_RATIO = 20  # times that text hardly ever shrinks by; web pages shrink 4 to 8 times


class FetchError(UnavailableError):
    """There was no whole answer: no connection, a broken one, or out of time."""


class RefusedBodyError(InvalidInputError):
    """The answer's body is not one that can be read."""


class BombError(RefusedBodyError):
    """The answer's body is small, and becomes large when it is unpacked."""


class Response(NamedTuple):
    """An answer; `body` is decompressed, cut at the limit of its size (then `cut`), and empty unless the status is 200.

    `size` is how many bytes of a body came, as they were sent.
    """

    status: int
    headers: CIMultiDictProxy[str]
    body: bytes
    size: int = 0
    cut: bool = False

    @property
    def content_type(self) -> str:
        """The media type in lower case, without parameters; empty when none is given."""
        return self.headers.get("Content-Type", "").partition(";")[0].strip().lower()


class Fetcher:
    """An HTTP client for pages. `owned` are the (host, port) that the owner gave: those may be private."""

    def __init__(
        self,
        settings: CrawlerSettings,
        owned: Collection[tuple[str, int]],
        resolver: AbstractResolver | None = None,
    ) -> None:
        """Open the client, which looks names up in `resolver` (the system's, if None); needs a running event loop.

        Raises ConfigurationError for a file of credentials that can't be used.
        """
        self._settings = settings
        self._owned = frozenset(owned)
        self._credentials: Credentials = read_credentials(settings.credentials)
        self._told: set[str] = set()  # sites whose credentials were withheld
        names = resolver or aiohttp.ThreadedResolver()
        limit = settings.concurrency
        self._open = _session(settings, aiohttp.TCPConnector(limit=limit, resolver=SourceResolver(names)))
        self._guarded = _session(
            settings, aiohttp.TCPConnector(limit=limit, resolver=names, socket_factory=guarded_socket)
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
        self,
        url: str,
        headers: Mapping[str, str] | None = None,
        types: Collection[str] = TEXT_TYPES,
        max_bytes: int | None = None,
    ) -> Response:
        """Return the answer for a normal url; `types` are the media types whose body is read ("" for an absent one).

        The body is cut at `max_bytes` (the setting, if None). Raises FetchError, RefusedBodyError (another media type),
        or BombError.
        """
        session = self._open if urls.address(url) in self._owned else self._guarded
        seconds = self._settings.timeout
        credential = self._credential(url)
        try:
            async with (
                asyncio.timeout(seconds),
                session.get(
                    URL(url, encoded=True),
                    headers={**(headers or {}), **(credential.headers if credential else {})},
                    ssl=(credential and credential.tls) or True,
                    allow_redirects=False,
                ) as answer,
            ):
                if answer.status != 200:
                    return Response(answer.status, answer.headers, b"")
                return await self._body(answer, types, max_bytes or self._settings.max_bytes)
        except TimeoutError as error:
            raise FetchError(f"no whole answer within {seconds:g} s") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise FetchError(" ".join(str(error).split())[:500] or type(error).__name__) from error

    def _credential(self, url: str) -> Credential | None:
        if self._credentials.withheld(url) and (site := urls.site(url)) not in self._told:
            self._told.add(site)
            logger.warning("%s: its credentials are not sent over plain http; plain_http = true allows it", site)
        return self._credentials.of(url)

    async def _body(self, answer: aiohttp.ClientResponse, types: Collection[str], limit: int) -> Response:
        kind = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if types and kind not in types:
            raise RefusedBodyError(f"content type {kind[:100]!r} holds no text to index")
        body = bytearray()
        async for chunk in answer.content.iter_any():
            body += chunk
            if len(body) > limit:
                answer.close()
                _refuse_bomb(answer, len(body))
                logger.warning("%s: more than %d bytes: cut there", answer.url, limit)
                break
        cut = len(body) > limit
        del body[limit:]  # no copy: some are large, and many come at once
        return Response(answer.status, answer.headers, bytes(body), answer.content.total_raw_bytes, cut)


def _refuse_bomb(answer: aiohttp.ClientResponse, size: int) -> None:
    received = answer.content.total_compressed_bytes
    if received and size > BOMB_RATIO * received:
        raise BombError(f"decompression bomb: {received} compressed bytes became more than {size}")


def user_agent(settings: CrawlerSettings) -> str:
    """Return the User-Agent header: whose crawler this is, and whom to write to."""
    return f"{settings.user_agent} (+{settings.contact})" if settings.contact else settings.user_agent


def _session(settings: CrawlerSettings, connector: aiohttp.TCPConnector) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None),
        max_line_size=MAX_HEADER,
        max_field_size=MAX_HEADER,
        max_headers=MAX_HEADERS,
        headers={"User-Agent": user_agent(settings), "Accept": "text/html,text/*;q=0.8,*/*;q=0.1"},
        trust_env=False,
    )
