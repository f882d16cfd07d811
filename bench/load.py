"""A load generator in a process of its own: asks all queries over some connections, and says how long each took.

Reads a `Load` as JSON from standard input, writes a `Measured` to standard output. Bytes on sockets, no HTTP client: it
has to cost far less than what it measures.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from typing import cast
from urllib.parse import quote_plus

import msgspec
import uvloop

from bench.progress import BenchmarkError
from bench.settings import ROOT

TIMEOUT = 120.0  # seconds for all queries


class Load(msgspec.Struct):
    """What is asked, where, and over how many connections at once."""

    host: str
    port: int
    connections: int
    requests: list[str]  # as they are sent


class Measured(msgspec.Struct):
    """Seconds that all queries took, and each of them; `hits` counts results."""

    seconds: float
    latencies: list[float]
    hits: int


def measure(
    address: str, connections: int, queries: Sequence[str], parameters: str = "", path: str = "/search"
) -> Measured:
    """Ask `queries` of `path`, each with `parameters`, at host:port in another process; raises BenchmarkError when an answer is not 200."""
    return measure_requests(address, connections, [_request(address, path, query, parameters) for query in queries])


def measure_requests(address: str, connections: int, requests: Sequence[str]) -> Measured:
    """Send `requests` to host:port from another process; raises BenchmarkError when an answer is not 200."""
    host, _, port = address.rpartition(":")
    load = msgspec.json.encode(Load(host, int(port), connections, list(requests)))
    done = subprocess.run([sys.executable, "-m", "bench.load"], input=load, capture_output=True, check=False, cwd=ROOT)
    if done.returncode:
        raise BenchmarkError(f"the load generator failed: {done.stderr.decode(errors='replace').strip()[-500:]}")
    return msgspec.json.decode(done.stdout, type=Measured)


class _Connection(asyncio.Protocol):
    """Sends the next request as soon as the answer to the last is whole."""

    def __init__(self, requests: Iterator[bytes], measured: Measured) -> None:
        self._requests, self._measured = requests, measured
        self._buffer, self._sent = b"", 0.0
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's has no such base
        self._next()

    def _next(self) -> None:
        request = next(self._requests, None)
        if request is None:
            self._finish(None)
            return
        self._sent = time.perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._buffer = self._buffer + data if self._buffer else data
        head, found, body = self._buffer.partition(b"\r\n\r\n")
        if not found or len(body) < _content_length(head):
            return
        self._measured.latencies.append(time.perf_counter() - self._sent)
        self._measured.hits += body.count(b'"snippet":')
        self._buffer = b""
        if head.startswith(b"HTTP/1.1 200"):
            self._next()
        else:
            self._finish(BenchmarkError(f"answer {head[:80]!r} {body[:200]!r}"))

    def connection_lost(self, error: Exception | None) -> None:
        self._finish(BenchmarkError(f"the connection was lost: {error}"))

    def _finish(self, error: Exception | None) -> None:
        if self.done.done():
            return
        if error:
            self.done.set_exception(error)
        else:
            self.done.set_result(None)


def _content_length(head: bytes) -> int:
    return int(head.lower().partition(b"content-length:")[2].split(b"\r", 1)[0])


async def _run(load: Load) -> Measured:
    measured = Measured(0.0, [], 0)
    requests = iter([request.encode() for request in load.requests])
    loop = asyncio.get_running_loop()
    started = time.perf_counter()
    pairs = [
        await loop.create_connection(lambda: _Connection(requests, measured), load.host, load.port)
        for _ in range(load.connections)
    ]
    async with asyncio.timeout(TIMEOUT):
        await asyncio.gather(*(connection.done for _, connection in pairs))
    measured.seconds = time.perf_counter() - started
    for transport, _ in pairs:
        transport.close()
    return measured


def _request(address: str, path: str, query: str, parameters: str) -> str:
    lines = (
        f"GET {path}?q={quote_plus(query)}&size=10{parameters} HTTP/1.1",
        f"Host: {address}",
        "Accept: application/json",
    )
    return "\r\n".join(lines) + "\r\n\r\n"


if __name__ == "__main__":
    sys.stdout.buffer.write(
        msgspec.json.encode(uvloop.run(_run(msgspec.json.decode(sys.stdin.buffer.read(), type=Load))))
    )
