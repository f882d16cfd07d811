"""How a worker takes signals."""

from __future__ import annotations

import signal
import socket
from array import array
from types import FrameType

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import State

from lightship.http.draining import DrainingServer
from lightship.searchengine.inbox import Inbox, InboxServer


def test_ctrl_c_that_interrupts_the_handler_of_another_ends_no_request(monkeypatch: pytest.MonkeyPatch) -> None:
    handle, begun = DrainingServer.handle_exit, list[int]()

    def interrupted(server: DrainingServer, sig: int, frame: FrameType | None) -> None:
        begun.append(sig)
        if len(begun) == 1:
            server.handle_exit(sig, frame)
        handle(server, sig, frame)

    ours, theirs = socket.socketpair()
    with ours, theirs:
        server = InboxServer(uvicorn.Config(Starlette()), State(), 0.0, Inbox(0, ours, memoryview(array("Q", [0]))))
        monkeypatch.setattr(DrainingServer, "handle_exit", interrupted)
        server.handle_exit(signal.SIGINT, None)
    assert len(begun) == 2
    assert server.should_exit
    assert not server.force_exit
