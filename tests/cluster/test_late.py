"""A change that its sender gave up, and that comes late, never undoes what was acknowledged since: real intakes, held and let go."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import random
import signal
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from urllib.parse import quote

import pytest

from lightship.core.model import partition_of
from lightship.doclog import open_log
from lightship.doclog.protocol.fence import FRESH_SECONDS
from made import Caller
from nats_servers import Nats, running
from support import Program, free_port, wait_until

URL = "https://ex.org/1"
# Not compressible, more than all else that an indexer sends to a NATS server in a second, and less than a socket holds
LARGE_URL, LARGE = "https://ex.org/large", base64.b85encode(random.Random(1).randbytes(32_000)).decode()
LEAVES_AFTER = FRESH_SECONDS + 1  # seconds, as docs/intake.md asks


def change(version: str | None, url: str = URL) -> tuple[str, str, bytes]:
    """Return method, target and body of the request that puts a version, or deletes."""
    if version is None:
        return "DELETE", f"/documents?url={quote(url, safe='')}", b""
    return "POST", "/documents", json.dumps({"url": url, "text": version}).encode()


def send(port: int, version: str | None, url: str = URL) -> socket.socket:
    """Send a change and wait for no answer."""
    method, target, body = change(version, url)
    connection = socket.create_connection(("127.0.0.1", port), timeout=10)
    connection.sendall(f"{method} {target} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
    return connection


def ask(port: int, version: str | None, url: str = URL) -> int:
    return Caller(port).call(*change(version, url)).status


class Intakes:
    """Two programs with an intake, over one log; the first is the one that is held."""

    def __init__(self, spawn: Callable[..., Program], urls: Sequence[str]) -> None:
        self.ports = [free_port(), free_port()]
        self.programs = [
            spawn("indexer", f"-log={url}", f"-listen=127.0.0.1:{port}", "-searchengine=127.0.0.1:9", f"-data=ix{port}")
            for url, port in zip(urls, self.ports, strict=True)
        ]
        for port in self.ports:
            wait_until(lambda port=port: Caller(port).get("/readyz").status == 200, 30, "an intake")  # type: ignore[misc]

    def suspend(self) -> None:
        """Suspend the first intake. On a busy machine it runs on for a while after the signal."""
        pid = self.programs[0].process.pid
        os.kill(pid, signal.SIGSTOP)
        os.waitid(os.P_PID, pid, os.WSTOPPED | os.WNOWAIT)

    def resume(self) -> None:
        os.kill(self.programs[0].process.pid, signal.SIGCONT)

    def waiting(self) -> int:
        """Return how many requests of the first intake are not answered."""
        return int(Caller(self.ports[0]).get("/status").json["waiting_requests"])

    def settle(self) -> None:
        """Return when the first intake has done with all that it held, and the log takes what it writes."""
        wait_until(lambda: ask(self.ports[0], "other", "https://ex.org/other") == 200, 40, "it stores something")
        wait_until(lambda: not self.waiting(), 40, "nothing waits")


class Held:
    """A log whose writer is held up: in a file by a transaction of ours, on NATS by its server's sleep."""

    def __init__(self, urls: list[str], nats: Nats | None) -> None:
        self.urls, self.nats, self._stack = urls, nats, contextlib.ExitStack()
        self.log = open_log(urls[1])

    def begin(self) -> None:
        if self.nats is None:
            self._stack.enter_context(self.log._database.transaction())  # type: ignore[attr-defined]
        else:
            self.nats.servers[0].pause()

    def has_received(self, size: int) -> bool:
        """Whether the held NATS server has that many bytes in a socket's buffer; a file has none."""
        return self.nats is None or self.nats.servers[0].unread_bytes() >= size

    def let_others_write(self) -> None:
        self._stack.close()  # the servers that are awake take what others write, soon

    def end(self) -> None:
        if self.nats is not None:
            self.nats.servers[0].resume()

    def newest(self) -> str | None:
        """Return the text that the log has of URL, None when it is deleted."""
        entries = {entry.url: entry for partition in range(64) for entry in self.log.read(partition, 0)}
        document = entries[URL].document
        return document.text if document else None


@pytest.fixture(params=["sqlite", "nats"])
def held(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Held]:
    with contextlib.ExitStack() as stack:
        if request.param == "sqlite":
            made = Held([f"sqlite://{tmp_path}/log"] * 2, None)
        else:
            nats = stack.enter_context(running(tmp_path / "nats", 3))
            open_log(nats.url("log")).close()
            leader = nats.leader(f"log-{partition_of(URL)}")
            nats.servers.sort(key=lambda server: server is leader)  # a former leader would store nothing when it wakes
            names = [f"127.0.0.1:{server.port}" for server in nats.servers]
            made = Held([f"nats://{names[0]}/log?replicas=1", f"nats://{names[1]},{names[2]}/log?replicas=1"], nats)
        stack.callback(made.log.close)
        yield made


def put_until_stored(port: int, version: str | None, url: str = URL) -> None:
    """Send a change again until it is acknowledged, as a client does."""
    wait_until(lambda: ask(port, version, url) == 200, 40, f"{version} is acknowledged")


@pytest.mark.parametrize(("late", "closes"), [(None, True), ("late", False)], ids=["delete-closed", "put-open-still"])
def test_a_request_that_an_intake_reads_after_a_sleep(
    held: Held, spawn: Callable[..., Program], late: str | None, *, closes: bool
) -> None:
    intakes = Intakes(spawn, held.urls)
    asleep, awake = intakes.ports
    put_until_stored(awake, "first")
    intakes.suspend()
    with send(asleep, late) as given_up:
        if closes:
            given_up.close()  # that the sender left can be seen
        else:
            time.sleep(LEAVES_AFTER)
        put_until_stored(awake, late)
        put_until_stored(awake, "next")
        intakes.resume()
        intakes.settle()
        assert held.newest() == "next"


@pytest.mark.parametrize(("late", "sleeps"), [(None, False), ("late", True)], ids=["delete-awake", "put-asleep"])
def test_a_request_that_was_about_to_be_stored(
    held: Held, spawn: Callable[..., Program], late: str | None, *, sleeps: bool
) -> None:
    intakes = Intakes(spawn, held.urls)
    asleep, awake = intakes.ports
    for url in (URL, LARGE_URL):  # this opens the sessions: from now on a change is sent at once
        put_until_stored(asleep, "zero", url)
    put_until_stored(awake, "first")
    held.begin()
    with send(asleep, late):  # never closed: a cut cable tells nobody
        wait_until(lambda: intakes.waiting() == 1, 60, "it waits for the log")
        with send(asleep, LARGE, LARGE_URL):
            wait_until(lambda: held.has_received(len(LARGE)), 60, "both are in the buffer of the server's socket")
            if sleeps:
                intakes.suspend()
            time.sleep(LEAVES_AFTER)
            held.let_others_write()
            put_until_stored(awake, late)
            put_until_stored(awake, "next")
            held.end()
            intakes.resume()
            intakes.settle()
            assert held.newest() == "next"
