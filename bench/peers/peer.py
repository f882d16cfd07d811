"""What a search engine is asked to do, each in its own words."""

from __future__ import annotations

import http.client
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import sha256
from typing import Any, NamedTuple, Protocol
from urllib.parse import urlsplit

import msgspec

from bench.progress import BenchmarkError
from lightship.core.model import Document

HITS = 10
SNIPPET = 240  # characters
TIMEOUT = 300.0  # seconds for one request
BUSY = (429, 503)
_PAUSES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)  # seconds before it is asked again

encode = msgspec.json.encode
JSON = {"Content-Type": "application/json"}


class Request(NamedTuple):
    """An HTTP request."""

    method: str
    target: str
    body: bytes = b""
    headers: Mapping[str, str] = {}

    def raw(self, host: str) -> str:
        """Return it as it is sent; its body is UTF-8."""
        named = {"Host": host, "Content-Length": str(len(self.body)), **self.headers}
        lines = "".join(f"{name}: {value}\r\n" for name, value in named.items())
        return f"{self.method} {self.target} HTTP/1.1\r\n{lines}\r\n{self.body.decode()}"


def rows(documents: Sequence[Document]) -> bytes:
    """Return documents as JSON lines with an `id` that has letters and digits only, where a url may not be one."""
    return b"\n".join(
        encode({"id": sha256(each.url.encode()).hexdigest(), "url": each.url, "title": each.title, "text": each.text})
        for each in documents
    )


class Peer(Protocol):
    """A search engine that runs, and is empty."""

    def prepare(self) -> Sequence[Request]:
        """Return what makes an index for documents with `url`, `title` and `text`, as its manual recommends."""

    def put(self, documents: Sequence[Document]) -> Request:
        """Return what puts `documents`, in place of those with the same urls."""

    def count(self) -> Request:
        """Return what tells how many documents are found."""

    def counted(self, answer: Any) -> int:
        """Return that number."""

    def search(self, query: str, *, marked: bool) -> Request:
        """Return a search for HITS documents with their urls and titles, and with marked snippets if `marked`."""

    def found(self, answer: Any) -> int:
        """Return how many documents a search has found."""

    def merge(self) -> Sequence[Request]:
        """Return what makes later searches faster, once; empty if nothing does."""


class Address:
    """Where a peer listens."""

    def __init__(self, url: str) -> None:
        """Call the program at `url`, like http://localhost:9200."""
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname:
            raise BenchmarkError(f"{url!r} is not an address; write it like http://localhost:9200")
        self.host, self.port = parts.hostname, parts.port or 80

    @contextmanager
    def connection(self) -> Iterator[http.client.HTTPConnection]:
        """Connect."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=TIMEOUT)
        try:
            yield connection
        finally:
            connection.close()


def call(connection: http.client.HTTPConnection, request: Request) -> Any:
    """Return the answer to a request, decoded, which is sent again while the peer says that it is busy.

    Raises BenchmarkError if the answer is not in the two hundreds.
    """
    for pause in (*_PAUSES, 0.0):
        status, body = _answer(connection, request)
        if status not in BUSY:
            break
        time.sleep(pause)
    if status >= 300:
        raise BenchmarkError(f"{request.method} {request.target}: {status} {body[:300]!r}")
    return msgspec.json.decode(body) if body.strip()[:1] in (b"{", b"[") else body


def _answer(connection: http.client.HTTPConnection, request: Request) -> tuple[int, bytes]:
    try:
        connection.request(request.method, request.target, request.body, dict(request.headers))
        response = connection.getresponse()
        return response.status, response.read()
    except (OSError, http.client.HTTPException) as error:
        raise BenchmarkError(f"{connection.host}:{connection.port} does not answer: {error}") from error
