"""A program that starts while the log is down waits for it, and can be stopped meanwhile."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lightship.core.errors import ConfigurationError
from lightship.doclog import wait_for_log
from lightship.doclog.jetstream.client import connection
from nats_servers import Nats, NatsServer
from support import wait_until


@pytest.mark.nats
def test_a_log_whose_servers_start_later_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(connection, "PATIENCE", 0.5)
    server = NatsServer(tmp_path / "nats")
    with ThreadPoolExecutor() as pool:
        opening = pool.submit(wait_for_log, Nats([server]).url("log"), None, threading.Event())
        wait_until(lambda: "waiting for the log: no server of the log" in caplog.text, 30, "a first failure, and told")
        monkeypatch.setattr(connection, "PATIENCE", 30.0)
        server.start()
        log = opening.result(60)
    assert log
    assert log.partitions == 64
    log.close()
    server.stop()


def test_a_program_that_waits_for_the_log_can_be_stopped(tmp_path: Path) -> None:
    server, stop = NatsServer(tmp_path / "nats"), threading.Event()
    with ThreadPoolExecutor() as pool:
        opening = pool.submit(wait_for_log, Nats([server]).url("log"), None, stop)
        stop.set()
        assert opening.result(5) is None, "long before its patience with the servers ends"


def test_what_waiting_does_not_help_is_told_at_once() -> None:
    with pytest.raises(ConfigurationError, match="unknown document log"):
        wait_for_log("redis://there", None, threading.Event())
