"""The private parts of uvicorn that we use: when one of these fails after an upgrade, its name says what has changed.

`http/protocol.py`, `http/answers/writing.py` and `http/draining.py` use them. Raise the bound in pyproject.toml when all pass.
"""

from __future__ import annotations

import inspect

import httptools
import pytest
from uvicorn import Server
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

OVERRIDDEN = {
    "connection_made": ["transport"], "connection_lost": ["exc"], "data_received": ["data"], "resume_writing": [],
    "on_message_begin": [], "on_url": ["url"], "on_headers_complete": [], "on_message_complete": [],
    "on_response_complete": [], "_start_asgi_task": ["cycle", "app"], "send_400_response": ["msg"],
}  # fmt: skip


@pytest.mark.parametrize("name", OVERRIDDEN)
def test_what_is_overridden_is_there_and_takes_the_same(name: str) -> None:
    assert list(inspect.signature(getattr(HttpToolsProtocol, name)).parameters)[1:] == OVERRIDDEN[name]


@pytest.mark.parametrize(
    ("where", "uses"),
    [
        (HttpToolsProtocol.__init__, ["self.tasks = server_state.tasks", "self.pipeline: deque[tuple["]),
        (HttpToolsProtocol.connection_made, ["self.transport = transport", "self.client = ", "self.flow = "]),
        (HttpToolsProtocol.data_received, ["except httptools.HttpParserError", "self.send_400_response(msg)"]),
        (HttpToolsProtocol.on_message_begin, ["self.url = b", "self.scope = {"]),
        (HttpToolsProtocol.on_headers_complete, ["self.cycle = ", "on_response=self.on_response_complete",
                                                 "self.pipeline.appendleft((self.cycle, app))", "self._start_asgi_task("]),
        (HttpToolsProtocol._start_asgi_task, ["self.tasks.add(task)", "self.tasks.discard"]),
        (HttpToolsProtocol.on_response_complete, ["self.pipeline.pop()", "self._start_asgi_task(cycle, app)"]),
        (RequestResponseCycle.__init__, ["self.keep_alive = ", "self.response_started", "self.response_complete",
                                         "self.disconnected = False", "self.message_event = ", "self.flow = ",
                                     "self.default_headers = ", "self.on_response = "]),
        (RequestResponseCycle.send, ["self.response_started = True", 'self.transport.write(b"".join(content))',
                                     "self.transport.write(body)", "self.flow.write_paused", "self.response_complete = True",
                                     "self.message_event.set()", "self.transport.close()", "self.on_response()"]),
        (FlowControl.__init__, ["self.read_paused = False"]),
        (ServerState.__init__, ["self.default_headers", "self.total_requests"]),
        (Server.on_tick, ["self.should_exit", "self.server_state.default_headers = "]),
    ],
)  # fmt: skip
def test_what_is_read_and_written_is_there(where: object, uses: list[str]) -> None:
    source = inspect.getsource(where)  # type: ignore[arg-type]
    assert [use for use in uses if use not in source] == []


def test_an_error_in_a_callback_stops_the_parser() -> None:
    """Limits are kept by raising in the middle of a head."""
    urls = list[bytes]()

    class Stops:
        def on_url(self, url: bytes) -> None:
            urls.append(url)
            raise ValueError("enough")

    parser = httptools.HttpRequestParser(Stops())
    with pytest.raises(httptools.HttpParserError):
        parser.feed_data(b"GET /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\n")
    assert urls == [b"/a"]
