"""The private parts of nats-py that `doclog/jetstream/client/connection.py` uses: what fails after an upgrade has changed."""

from __future__ import annotations

import inspect

from nats.aio.client import Client


def test_what_is_overridden_is_there_and_takes_the_same() -> None:
    assert list(inspect.signature(Client._connect_to_server).parameters) == ["self", "s"]
    assert list(inspect.signature(Client._process_info).parameters) == ["self", "info", "initial_connection"]


def test_what_they_do_is_done_when_it_was() -> None:
    assert "self._transport" in inspect.getsource(Client._connect_to_server)
    tells = inspect.getsource(Client._process_connect_init)
    assert tells.index("self._process_info(") < tells.index("_connect_command()")  # before a password is sent
