"""The HTTP client: limits on time and size, no automatic redirects, guarded private addresses."""

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
from lightship.crawler.parsing.encodings.media import READABLE, media_type
from lightship.crawler.parsing.html.extract import Page
from lightship.crawler.parsing.sandbox.pool import ParserPool
from lightship.crawler.parsing.sandbox.tasks import ReadPage

logger = logging.getLogger(__name__)

TEXT_TYPES = READABLE  # media types with text to index
MAX_HEADERS = 128  # per answer
MAX_HEADER = 16 << 10  # bytes per header and status line; some sites' Content-Security-Policy has 9000
BOMB_RATIO = 20  # compression ratio that text hardly ever reaches; web pages have 4 to 8


class FetchError(UnavailableError):
    """No complete answer: the connection failed or was broken, or it timed out."""


class RefusedBodyError(InvalidInputError):
    """The answer's body is of a type that can't be read."""


class BombError(RefusedBodyError):
    """The answer's body is a decompression bomb: small, but large when decompressed."""


class Response(NamedTuple):
    """An answer; `body` is decompressed, truncated at the size limit (then `cut`), and empty unless the status is 200.

    `size` is the number of received bytes of the body, before decompression.
    """

    status: int
    headers: CIMultiDictProxy[str]
    body: bytes
    size: int = 0
    cut: bool = False

    @property
    def content_type(self) -> str:
        """The media type in lower case, without parameters; empty if there is none."""
        return self.headers.get("Content-Type", "").partition(";")[0].strip().lower()


class Fetcher:
    """An HTTP client for pages. `owned` are the (host, port) pairs given by the owner, which may be private."""

    def __init__(
        self,
        settings: CrawlerSettings,
        owned: Collection[tuple[str, int]],
        resolver: AbstractResolver | None = None,
    ) -> None:
        """Open the client, which resolves names with `resolver` (None: the system's); needs a running event loop.

        Raises ConfigurationError for an unusable credentials file.
        """
        self._settings = settings
        self._owned = frozenset(owned)
        self._credentials: Credentials = read_credentials(settings.credentials)
        self._warned: set[str] = set()  # sites whose credentials were withheld
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
        """Return the answer for a normal URL; `types` are the media types whose body is read ("": without one).

        The body is truncated at `max_bytes` (None: the setting). Raises FetchError, RefusedBodyError (another media
        type), or BombError.
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
            raise FetchError(f"no complete answer within {seconds:g} s") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise FetchError(" ".join(str(error).split())[:500] or type(error).__name__) from error

    async def read(self, site: str, task: ReadPage, response: Response, pool: ParserPool) -> tuple[Page, Response]:
        """Parse a page in `pool` for `site`; return it, and the response that it is from. Raises what the pool raises."""
        return await pool.read(site, task, response.body), response

    def _credential(self, url: str) -> Credential | None:
        if self._credentials.withheld(url) and (site := urls.site(url)) not in self._warned:
            self._warned.add(site)
            logger.warning("%s: credentials not sent over plain http; plain_http = true in their entry allows it", site)
        return self._credentials.of(url)

    async def _body(self, answer: aiohttp.ClientResponse, types: Collection[str], limit: int) -> Response:
        kind = media_type(answer.headers.get("Content-Type", ""), str(answer.url))
        if types and kind not in types:
            raise RefusedBodyError(f"content type {kind[:100]!r} has no text to index")
        body = bytearray()
        async for chunk in answer.content.iter_any():
            body += chunk
            if len(body) > limit:
                answer.close()
                _refuse_bomb(answer, len(body))
                logger.warning("%s: truncated to %d bytes (-max-bytes)", answer.url, limit)
                break
        cut = len(body) > limit
        del body[limit:]  # no copy: some are large, and many arrive at once
        return Response(answer.status, answer.headers, bytes(body), answer.content.total_raw_bytes, cut)


def _refuse_bomb(answer: aiohttp.ClientResponse, size: int) -> None:
    received = answer.content.total_compressed_bytes
    if received and size > BOMB_RATIO * received:
        raise BombError(f"decompression bomb: {received} compressed bytes became more than {size}")


def user_agent(settings: CrawlerSettings) -> str:
    """Return the User-Agent header, with the contact if configured."""
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
