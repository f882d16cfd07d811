"""Both clients against real programs, with the same tests: a thread's and a coroutine's calls do the same."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from lightship import AsyncClient, Client, Document
from lightship.core.errors import (
    ConfigurationError,
    InvalidInputError,
    NotFoundError,
    UnauthorizedError,
    UnavailableError,
)
from support import Program, free_port

SECRET = "a secret of these tests"


class InALoop:
    """An AsyncClient whose coroutines are run to their end, each in the same loop."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        self._client = AsyncClient(*arguments, **more)
        self._loop = asyncio.new_event_loop()

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._client, name)
        return lambda *arguments, **more: self._loop.run_until_complete(method(*arguments, **more))

    def end(self) -> None:
        self.close()
        self._loop.close()


@pytest.fixture(params=["blocking", "awaiting"])
def connect(request: pytest.FixtureRequest) -> Iterator[Callable[..., Any]]:
    """Return what makes a client of each kind."""
    made: list[Any] = []

    def connect(*arguments: Any, **more: Any) -> Any:
        made.append((Client if request.param == "blocking" else InALoop)(*arguments, **more))
        return made[-1]

    yield connect
    for client in made:
        getattr(client, "end", client.close)()


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Start a searchengine and an indexer with an intake; yield their addresses."""
    folder, search, intake = tmp_path_factory.mktemp("system"), free_port(), free_port()
    secret = {"LIGHTSHIP_TOKEN": SECRET}
    programs = {
        "searchengine": [f"-addr=127.0.0.1:{search}", "-workers=1", "-drain=0"],
        "indexer": [
            f"-searchengine=127.0.0.1:{search}", "-log=sqlite://log.sqlite", f"-listen=127.0.0.1:{intake}",
            "-fields=price:number,brand:keyword,stock:boolean",
        ],
    }  # fmt: skip
    with ExitStack() as stack:
        for name, arguments in programs.items():
            program = Program(name, *arguments, folder=folder, log=folder / f"{name}.log", env=secret)
            stack.callback(program.kill)
        program.wait_for("accepting documents")
        yield {"url": f"http://127.0.0.1:{search}", "intake": f"http://127.0.0.1:{intake}"}


def lamps(count: int) -> Iterator[Document | dict[str, Any]]:
    for number in range(count):
        document: dict[str, Any] = {
            "url": f"https://example.org/{number}", "title": f"Lamp {number}", "text": f"A lamp with {number} lights. " * 9,
            "fields": {"price": number, "brand": f"brand {number % 3}", "stock": number % 2 == 0},
        }  # fmt: skip
        yield document if number % 2 else Document(**document)


def test_what_is_added_is_found_read_and_deleted(connect: Callable[..., Any], system: dict[str, str]) -> None:
    client = connect(**system, token=SECRET)
    position = client.add(lamps(2500))
    client.wait(position)
    answer = client.search(
        "lamp", size=5, facets="brand", filters={"price": "10..20", "stock": True}, exclude={"brand": ["brand 0"]}
    )
    assert (answer.total, len(answer.hits), list(answer.facets)) == (4, 4, ["brand"])
    assert {hit.fields["price"] for hit in answer.hits} == {10, 14, 16, 20}
    assert client.search(filters={"brand": ["brand 1", "brand 2"]}, size=1, group="brand").total == 2
    assert client.search("lamp", page=2, size=100, sort="-price").hits[0].fields["price"] == 2399
    assert client.text("https://example.org/7") == "A lamp with 7 lights. " * 9
    gone = client.delete("https://example.org/7", *(f"https://example.org/{number}" for number in range(100, 350)))
    assert client.search("lamp", min_position=gone).total == 2500 - 251
    with pytest.raises(NotFoundError, match="not in the index"):
        client.text("https://example.org/7")
    assert client.add([]) == ""
    client.wait("")
    client.close()
    assert client.search("lamp").total == 2249  # connects again


def test_errors_say_what_was_wrong(connect: Callable[..., Any], system: dict[str, str]) -> None:
    client = connect(**system, token=SECRET)
    with pytest.raises(InvalidInputError, match="weight"):
        client.search("lamp", sort="weight")
    with pytest.raises(InvalidInputError, match="line 2: "):
        client.add([{"url": "https://example.org/1", "text": "x"}, {"url": "https://example.org/2", "text": 5}])
    with pytest.raises(UnauthorizedError):
        connect(**system, token="another secret than that").add([{"url": "https://example.org/1", "text": "x"}])
    with pytest.raises(InvalidInputError, match="position"):
        client.wait("nonsense")


def test_nobody_answers(connect: Callable[..., Any]) -> None:
    client = connect(f"http://127.0.0.1:{free_port()}", timeout=0.3)
    with pytest.raises(UnavailableError, match=r"127\.0\.0\.1"):
        client.search("lamp")


@pytest.mark.parametrize(
    "url",
    [
        "localhost:8080",
        "ftp://localhost",
        "http://",
        "http://localhost/search",
        "http://[::1",
        "http://localhost:99999",
    ],
)
def test_what_is_no_address(connect: Callable[..., Any], url: str) -> None:
    with pytest.raises(ConfigurationError, match="http://localhost:8080"):
        connect(url)


class Busy(BaseHTTPRequestHandler):
    """Is busy twice, then answers; closes each connection after one request, without saying so."""

    left = 2
    asked: list[str]

    def do_GET(self) -> None:
        type(self).asked.append(self.path)
        self.close_connection = True
        busy = type(self).left > 0
        type(self).left -= busy
        body = b'{"error": "busy"}' if busy else b'{"query": "", "suggestions": [{"text": "lamp", "kind": "word"}]}'
        self.send_response(503 if busy else 200)
        self.send_header("Content-Length", str(len(body)))
        if busy:
            self.send_header("Retry-After", "0")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def test_a_busy_server_is_asked_again(connect: Callable[..., Any]) -> None:
    Busy.left, Busy.asked, Busy.protocol_version = 2, [], "HTTP/1.1"
    with ThreadingHTTPServer(("127.0.0.1", 0), Busy) as server:
        threading.Thread(target=server.serve_forever).start()
        try:
            client = connect(f"http://127.0.0.1:{server.server_port}")
            assert [each.text for each in client.suggest("la")] == ["lamp"]
            assert [each.text for each in client.suggest("lam")] == ["lamp"]
            assert Busy.asked == ["/suggest?q=la"] * 3 + ["/suggest?q=lam"]
        finally:
            server.shutdown()


def test_threads_share_a_client(system: dict[str, str]) -> None:
    with Client(system["url"], intake=system["intake"], token=SECRET) as client:
        client.wait(
            client.add({"url": f"https://threads.example/{number}", "text": "a thread"} for number in range(10))
        )
        found: list[int] = []
        threads = [threading.Thread(target=lambda: found.append(client.search("thread").total)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert found == [10] * 8
