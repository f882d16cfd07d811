"""Requests that may have been sent long ago must not replace what their sender has stored since."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lightship.core.errors import UnavailableError
from lightship.core.model import Change, Document, partition_of
from lightship.doclog.protocol.fence import Fence
from lightship.doclog.sqlite import SqliteLog
from lightship.intake import arrival, stalls
from lightship.intake.server import taking_in
from lightship.intake.stalls import Stalls
from made import Caller
from support import wait_until

URL = "https://ex.org/a"
BODY = b'{"url": "https://ex.org/a", "text": "old"}'
REQUEST = b"POST /documents HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY


@pytest.fixture
def port(log: SqliteLog, tmp_path: Path) -> Iterator[int]:
    with taking_in("127.0.0.1:0", log, str(tmp_path)) as port:
        yield port


def text(log: SqliteLog) -> str | None:
    return next((e.document.text for e in log.read(partition_of(URL), 0) if e.document), None)


def put_elsewhere(folder: Path) -> None:
    with contextlib.closing(SqliteLog(str(folder / "log.sqlite"))) as other:
        other.put([Change.put(Document(url=URL, text="new"))])


def answer(connection: socket.socket) -> bytes:
    connection.settimeout(30)
    return connection.recv(1000)


def test_a_first_request_long_after_its_connection_is_sent_again(
    port: int, log: SqliteLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrival, "FRESH_SECONDS", 3.0)  # for the second request, on a busy machine
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        time.sleep(3.1)  # as if a cut cable had kept it
        connection.sendall(REQUEST)
        assert answer(connection).startswith(b"HTTP/1.1 503 ")
        connection.sendall(REQUEST)  # this one was sent after that answer
        assert answer(connection).startswith(b"HTTP/1.1 200 ")
    assert text(log) == "old"


def test_a_body_that_was_long_on_its_way_replaces_nothing_newer(
    port: int, log: SqliteLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrival, "FRESH_SECONDS", 1.0)
    caller = Caller(port)
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(REQUEST[:-5])
        wait_until(lambda: caller.get("/status").json["waiting_requests"] == 1, 30, "it has begun")
        put_elsewhere(tmp_path)
        time.sleep(1.1)
        connection.sendall(REQUEST[-5:])
        assert answer(connection).startswith(b"HTTP/1.1 503 ")
    assert text(log) == "new"


def test_with_another_request_behind_it_nobody_knows_whether_the_sender_waits(
    port: int, log: SqliteLog, tmp_path: Path
) -> None:
    caller, held = Caller(port), log._database
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        with held.transaction() as db:
            connection.sendall(REQUEST)
            wait_until(lambda: caller.get("/status").json["waiting_requests"] == 1, 30, "it waits for the log")
            connection.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
            assert caller.get("/livez").status == 200  # and so the other connection was read too
            db.execute("update log set head = head + 1")
            sequence = db.execute("select head from log").get
            stored = Change.put(Document(url=URL, text="new"))
            partition, digest, url, value = log._row(stored)
            db.execute("insert into docs values (?, ?, ?, ?, 0, ?, null)", (sequence, partition, digest, url, value))
        assert answer(connection).startswith(b"HTTP/1.1 503 ")
    assert text(log) == "new"


def test_a_suspension_before_the_fence_is_noticed(
    port: int, log: SqliteLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Found by a SIGSTOP at that point: the request's own fence let it replace what was stored meanwhile."""
    monkeypatch.setattr(arrival, "FRESH_SECONDS", 1.0)
    fence = log.fence

    def suspended() -> Fence:
        time.sleep(1.1)
        put_elsewhere(tmp_path)
        return fence()

    monkeypatch.setattr(log, "fence", suspended)
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(REQUEST)
        assert answer(connection).startswith(b"HTTP/1.1 503 ")
    assert text(log) == "new"


def test_a_suspension_before_the_second_fence_is_noticed(
    port: int, log: SqliteLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrival, "FRESH_SECONDS", 1.0)
    fence = log.fence
    fences = 0

    def suspended() -> Fence:
        nonlocal fences
        fences += 1
        if fences > 1:
            time.sleep(1.1)
        taken = fence()
        put_elsewhere(tmp_path)
        return fence() if fences > 1 else taken  # the first one is overtaken

    monkeypatch.setattr(log, "fence", suspended)
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(REQUEST)
        assert answer(connection).startswith(b"HTTP/1.1 503 ")
    assert (fences, text(log)) == (2, "new")


def test_what_is_read_after_a_sleep_is_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stalls, "FRESH_SECONDS", 0.3)
    monkeypatch.setattr(stalls, "STALL_SECONDS", 0.5)

    async def stand_still() -> None:
        watch = Stalls()
        async with watch.watching():
            watch.check()
            time.sleep(stalls.STALL_SECONDS + 0.1)  # noqa: ASYNC251 (as a process that sleeps)
            with pytest.raises(UnavailableError, match="was suspended; send the request again"):
                watch.check()
            async with asyncio.timeout(30):
                while not passes(watch):  # noqa: ASYNC110 (nothing tells)
                    await asyncio.sleep(0.05)

    asyncio.run(stand_still())


def passes(watch: Stalls) -> bool:
    try:
        watch.check()
    except UnavailableError:
        return False
    return True
