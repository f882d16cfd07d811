"""A server made of noise: every answer is drawn from a seed, from almost right to bytes that nobody would call HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import random
import weakref
import zlib
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Self

HEADERS = (
    b"Content-Type", b"Content-Length", b"Transfer-Encoding", b"Content-Encoding", b"Location", b"Set-Cookie", b"ETag",
    b"Last-Modified", b"Connection", b"Retry-After", b"X-Robots-Tag", b"Upgrade", b"Trailer", b"Content-Range", b"Link", b"",
)  # fmt: skip
VALUES = (
    b"text/html", b"text/html; charset=gb18030", b"text/plain;charset=\xff", b"image/png", b"0", b"5", b"-1", b"99999999999999999999",
    b"chunked", b"gzip", b"deflate", b"br", b"gzip, gzip", b"identity", b"close", b"keep-alive", b"websocket", b"noindex",
    b"http://127.0.0.1:1/", b"http://[::1]/", b"//", b"/\xff\xfe", b"?" * 5000, b"a=b; Domain=.", b"Thu, 99 Foo 0000", b"1e999", b"",
)  # fmt: skip
WORDS = (
    b"<html>", b"<title>", b"<a href='/%d'>", b"<base href=//x>", b"<meta charset=utf-7>", b"<script>", b"</p>", b"<!--", b"&#x110000;",
    b"<meta http-equiv=refresh content='0;url=/%d'>", b"\x00", b"\xff\xfe", "中文".encode("gb18030"), b"text ", b"<" * 50, b"<b>" * 200,
)  # fmt: skip


class HostileServer:
    """Answers each connection with noise; `path` seeds it, so that one request can be repeated."""

    def __init__(self, seed: int) -> None:
        self.port = 0
        self.answers = 0
        self.normal: dict[str, bytes] = {}  # whole answers, by path: those that are no noise
        self._seed = seed
        self._tasks: set[asyncio.Task[None]] = set()
        self._open: weakref.WeakSet[asyncio.WriteTransport] = weakref.WeakSet()  # also those that are being closed

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for transport in [*self._open]:  # one whose client reads nothing would never be closed
            transport.abort()
        await asyncio.sleep(0)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        self._open.add(writer.transport)
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                while True:  # connections are kept, so noise of one answer may run into the next
                    path = (await reader.readuntil(b"\r\n\r\n")).split(b" ")[1]
                    self.answers += 1
                    if (whole := self.normal.get(path.decode("latin-1"))) is not None:
                        writer.write(whole)
                        await writer.drain()
                        return
                    noise = random.Random(f"{self._seed} {path!r}")
                    for piece in pieces(noise):
                        await asyncio.sleep(piece) if isinstance(piece, float) else writer.write(piece)
                        await writer.drain()
                    if noise.random() < 0.9:
                        return
        except asyncio.CancelledError:
            pass
        finally:
            self._tasks.discard(task)
            writer.transport.abort() if self.answers % 2 else writer.close()


def pieces(noise: random.Random) -> Iterator[bytes | float]:
    """Yield what one answer is: bytes, and seconds to wait between them."""
    data = noise.choice(KINDS)(noise)
    while data:
        size = noise.choice((1, 7, 100, 5000, 1 << 20, 1 << 20)) if noise.random() < 0.3 else 1 << 20
        yield data[:size]
        data = data[size:]
        if noise.random() < 0.02:
            yield noise.choice((0.0, 0.001, 0.05, 0.5))


def _bytes(noise: random.Random) -> bytes:
    return noise.randbytes(noise.choice((0, 1, 10, 1000, 100_000)))


def _page(noise: random.Random) -> bytes:
    words = (noise.choice(WORDS) for _ in range(noise.choice((1, 20, 500))))
    return b" ".join(word.replace(b"%d", b"%d" % noise.randrange(1000)) for word in words)


def _body(noise: random.Random) -> tuple[bytes, bytes]:
    """Return a body, and the headers that belong to it, often."""
    body = noise.choice((_page, _page, _bytes))(noise)
    packings: list[tuple[bytes, Callable[[bytes], bytes]]] = [
        (b"gzip", gzip.compress), (b"deflate", zlib.compress), (b"gzip", lambda _: gzip.compress(bytes(1 << 24), 1)),
    ]  # fmt: skip
    head = b"Content-Type: text/html\r\n"
    if noise.random() < 0.3:
        name, pack = noise.choice(packings)
        body, head = pack(body), head + b"Content-Encoding: " + name + b"\r\n"
    if noise.random() < 0.4:
        sizes = [noise.choice((1, 10, 1000, 65536)) for _ in range(50)]
        chunks, start = b"", 0
        for size in sizes:
            chunk = body[start : start + size]
            chunks += b"%x\r\n%s\r\n" % (len(chunk), chunk) if chunk else b""
            start += size
        return chunks + b"0\r\n\r\n", head + b"Transfer-Encoding: chunked\r\n"
    return body, head + b"Content-Length: %d\r\n" % len(body)


def _answer(noise: random.Random) -> bytes:
    """Return HTTP that is right, or nearly."""
    status = noise.choice(
        (200, 200, 200, 200, 200, 200, 200, 200, 301, 302, 304, 307, 404, 410, 429, 500, 503, 100, 101, 204, 999, 0)
    )
    body, head = _body(noise)
    for _ in range(noise.choice((0, 0, 0, 1, 3, 150))):
        head += noise.choice(HEADERS) + b": " + noise.choice(VALUES) + b"\r\n"
    return b"HTTP/1.%d %d X\r\n%s\r\n%s" % (noise.choice((0, 1, 1, 1)), status, head, body)


def _redirect(noise: random.Random) -> bytes:
    target = noise.choice((b"/%d" % noise.randrange(1000), *VALUES))
    return b"HTTP/1.1 30%d X\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n" % (noise.randrange(10), target)


def _damaged(noise: random.Random) -> bytes:
    """Return an answer with some bytes changed, left out or doubled, or cut off."""
    data = bytearray(_answer(noise))
    for _ in range(noise.choice((1, 3, 30))):
        place = noise.randrange(min(len(data), noise.choice((50, 500, 1 << 30))))
        change = noise.randrange(3)
        data[place : place + 1] = (bytes([noise.randrange(256)]), b"", data[place : place + 9] * 3)[change]
    return bytes(data[: noise.choice((len(data), len(data), noise.randrange(len(data) + 1)))])


KINDS: tuple[Callable[[random.Random], bytes], ...] = (
    _answer,
    _answer,
    _answer,
    _answer,
    _redirect,
    _damaged,
    _damaged,
    _bytes,
)
