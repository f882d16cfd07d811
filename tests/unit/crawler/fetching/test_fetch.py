"""A request: truncation, refusals and timeouts, each with a real server."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import time
import zlib
from collections.abc import Awaitable, Callable
from typing import Any

import brotli
import pytest
import zstandard

from lightship.config import CrawlerSettings, parse_settings
from lightship.core.errors import ConfigurationError
from lightship.crawler.fetching.fetch import Fetcher, FetchError, RefusedBodyError, Response, user_agent
from mockweb.raw import RawServer, says

OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
LIMIT = 64 << 10


def fetch(
    handler: Callable[[bytes, asyncio.StreamWriter], Awaitable[None]], timeout: float = 5.0, **options: Any
) -> Response:
    """Return a Fetcher's result for the server's answer."""

    async def run() -> Response:
        async with RawServer(handler) as server:
            settings = CrawlerSettings(timeout=timeout, max_bytes=LIMIT)
            async with Fetcher(settings, {("127.0.0.1", server.port)}) as fetcher:
                return await fetcher.get(server.url(), **options)

    return asyncio.run(run())


def slowly(*pieces: bytes, times: int = 600) -> list[bytes | float]:
    return [each for _ in range(times) for piece in pieces for each in (piece, 0.1)]


def with_length(body: bytes, head: bytes = OK) -> bytes:
    return head + b"Content-Length: %d\r\n\r\n" % len(body) + body


def test_an_answer() -> None:
    response = fetch(says(with_length(b"hello", b"HTTP/1.1 200 OK\r\nContent-Type: Text/HTML; charset=x\r\n")))
    assert (response.status, response.body, response.content_type, response.cut) == (200, b"hello", "text/html", False)


@pytest.mark.parametrize("size", [LIMIT - 1, LIMIT, LIMIT + 1, 20 * LIMIT])
def test_a_long_body_is_cut(size: int) -> None:
    response = fetch(says(with_length(b"x" * size)))
    assert (len(response.body), response.cut) == (min(size, LIMIT), size > LIMIT)
    assert len(fetch(says(with_length(b"x" * size)), max_bytes=100).body) == 100


def test_an_endless_body_is_cut() -> None:
    async def endless(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(OK + b"Transfer-Encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"1000\r\n" + b"x" * 4096 + b"\r\n")
            await writer.drain()

    response = fetch(endless)
    assert (len(response.body), response.cut) == (LIMIT, True)


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": lambda data: brotli.compress(data, quality=5),
}


@pytest.mark.parametrize("encoding", PACKERS)
def test_packed_bodies_are_unpacked_and_bombs_refused(encoding: str) -> None:
    head = OK + b"Content-Encoding: %s\r\n" % encoding.encode()
    assert fetch(says(with_length(PACKERS[encoding](b"hello" * 100), head))).body == b"hello" * 100
    bomb = PACKERS[encoding](bytes(50 << 20))
    with pytest.raises(RefusedBodyError, match="decompression bomb"):
        fetch(says(with_length(bomb, head)), max_bytes=8 << 20)


def test_packed_twice_or_by_what_was_not_asked_for_is_an_error() -> None:
    head = OK + b"Content-Encoding: gzip, gzip\r\n"
    twice = fetch(says(with_length(gzip.compress(gzip.compress(bytes(1 << 20))), head)))
    assert len(twice.body) < LIMIT  # only what was packed is kept
    packed = zstandard.compress(b"hello")
    with contextlib.suppress(FetchError):
        assert fetch(says(with_length(packed, OK + b"Content-Encoding: zstd\r\n"))).body in (b"hello", packed)


@pytest.mark.parametrize("encoding", PACKERS)
def test_a_broken_packing_is_an_error(encoding: str) -> None:
    body = bytearray(PACKERS[encoding](bytes(range(256)) * 99))
    body[5:] = b"\xff" * 500
    with pytest.raises(FetchError):
        fetch(says(with_length(bytes(body), OK + b"Content-Encoding: %s\r\n" % encoding.encode())))


@pytest.mark.parametrize(
    "head",
    [
        OK + b"X: " + b"a" * (20 << 10) + b"\r\n\r\n",
        OK + b"".join(b"X-%d: a\r\n" % n for n in range(200)) + b"\r\n",
        OK + b"".join(b"X-%d: %s\r\n" % (n, b"a" * 8000) for n in range(5000)) + b"\r\n",
        b"HTTP/1.1 200 " + b"a" * (20 << 10) + b"\r\n\r\n",
        OK + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        OK + b"Content-Length: -1\r\n\r\nhello",
        OK + b"Content-Length: 4000000000000000000000000\r\n\r\nhello",
        OK + b"Transfer-Encoding: chunked\r\n\r\nzzz\r\nhello",
        OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        OK + b"Content-Length: 10\r\n\r\nhello",
        OK + b"X\r\n: y\r\n\r\n",
        b"HTTP/9.9 200 OK\r\n\r\n",
        b"HTTP/1.1 999999 OK\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"220 smtp.example.org ESMTP\r\n",
        b"",
    ],
)  # fmt: skip
def test_an_answer_that_is_none_is_an_error(head: bytes) -> None:
    with pytest.raises(FetchError) as caught:
        fetch(says(head))
    assert len(str(caught.value)) <= 500


def test_many_bytes_of_headers_within_the_limits_pass() -> None:
    head = OK + b"".join(b"X-%d: %s\r\n" % (n, b"a" * 9000) for n in range(100))
    assert fetch(says(with_length(b"hello", head))).body == b"hello"


@pytest.mark.parametrize(
    "handler",
    [
        says(end=False),
        says(OK, end=False),
        says(OK + b"Content-Length: 10\r\n\r\nhello", end=False),
        says(*slowly(*(bytes([byte]) for byte in OK), times=1)),
        says(OK, *slowly(b"X: y\r\n")),
        says(OK + b"Content-Length: 600\r\n\r\n", *slowly(b"x")),
        says(OK + b"Transfer-Encoding: chunked\r\n\r\n", *slowly(b"1\r\nx\r\n")),
        says(*slowly(b"HTTP/1.1 100 Continue\r\n\r\n")),
    ],
    ids=["silent", "no end of headers", "half a body", "head by byte", "header by header", "body by byte", "chunk by chunk",
         "continue"],
)  # fmt: skip
def test_a_slow_server_is_cut(handler: Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]) -> None:
    began = time.monotonic()
    with pytest.raises(FetchError, match=r"no complete answer within 0\.5 s"):
        fetch(handler, timeout=0.5)
    assert time.monotonic() - began < 30  # of the minute that the slow ones take


def test_only_text_is_read() -> None:
    with pytest.raises(RefusedBodyError, match="'image/png' has no text"):
        fetch(says(with_length(b"x", b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n")))
    assert fetch(says(with_length(b"x", b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n")), types=()).body == b"x"


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "file:///etc/passwd", "gopher://127.0.0.1/", "ws://127.0.0.1/"])
def test_only_http_is_spoken(url: str) -> None:
    async def run() -> None:
        async with Fetcher(CrawlerSettings(), {("127.0.0.1", 21)}) as fetcher:
            await fetcher.get(url)

    with pytest.raises(FetchError):
        asyncio.run(run())


def test_no_cookie_is_kept() -> None:
    async def run() -> list[bytes]:
        cookie = OK + b"Set-Cookie: a=secret; Path=/; Domain=127.0.0.1\r\nContent-Length: 0\r\n\r\n"
        async with RawServer(says(cookie)) as server:
            async with Fetcher(CrawlerSettings(), {("127.0.0.1", server.port)}) as fetcher:
                for _ in range(2):
                    await fetcher.get(server.url())
            return server.heads

    heads = asyncio.run(run())
    assert len(heads) == 2
    assert b"cookie" not in b"".join(heads).lower()


def test_a_redirect_is_told_and_not_followed() -> None:
    response = fetch(says(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"))
    assert (response.status, response.headers["Location"]) == (302, "http://127.0.0.1:1/")


def test_the_user_agent_says_whom_to_write_to() -> None:
    assert user_agent(CrawlerSettings()) == "Lightship/0.1"
    settings, _ = parse_settings(CrawlerSettings, "crawler", ["-contact=https://example.org/bot"])
    assert user_agent(settings) == "Lightship/0.1 (+https://example.org/bot)"
    with pytest.raises(ConfigurationError, match="printable ASCII"):
        parse_settings(CrawlerSettings, "crawler", ["-contact=a\r\nX: y"])

    async def run() -> bytes:
        async with RawServer(says(OK + b"Content-Length: 0\r\n\r\n")) as server:
            async with Fetcher(settings, {("127.0.0.1", server.port)}) as fetcher:
                await fetcher.get(server.url())
            return server.heads[0]

    assert b"User-Agent: Lightship/0.1 (+https://example.org/bot)\r\n" in asyncio.run(run())
