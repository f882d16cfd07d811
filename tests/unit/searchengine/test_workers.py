"""How many workers there are, what each is given, and how they end."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import ssl
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec
import pytest
import trustme

from lightship.config import SearchengineSettings
from lightship.runtime.limits import Limits
from lightship.searchengine.main import workers
from support import Program, free_port, wait_until

SEARCHENGINE = "lightship.searchengine.main"
Spawn = Callable[..., Program]
Connections = Sequence[http.client.HTTPConnection]
GIB = 1 << 30


@pytest.mark.parametrize(
    ("setting", "processors", "memory", "expected"),
    [
        (0, 1, GIB, 1), (0, 2, GIB, 2), (0, 1.5, GIB, 2), (0, 0.25, GIB, 1), (0, 8, 64 * GIB, 8), (0, 8, GIB // 2, 4),
        (0, 8, 1 << 20, 1), (0, 192, 512 * GIB, 64), (3, 1, GIB, 3), (1, 8, GIB, 1),
    ],
)  # fmt: skip
def test_there_is_one_for_each_processor_that_memory_allows(
    setting: int, processors: float, memory: int, expected: int
) -> None:
    assert workers(SearchengineSettings(workers=setting), Limits(processors, memory)) == expected


def test_by_default_they_are_as_many_as_the_processors_that_it_may_use(spawn: Spawn) -> None:
    with running(spawn, SEARCHENGINE) as (_, port), connected(port, 3 * len(os.sched_getaffinity(0))) as connections:
        assert len(processes(connections)) == len(os.sched_getaffinity(0))


@contextlib.contextmanager
def running(
    spawn: Spawn, *arguments: str, port: int = 0, context: ssl.SSLContext | None = None
) -> Iterator[tuple[Program, int]]:
    """Start a searchengine, and wait until it answers; yields it and its port."""
    port = port or free_port()
    program = spawn(*arguments, f"-addr=127.0.0.1:{port}", "-data=data", "-drain=0")

    def answers() -> bool:
        with connected(port, 1, context) as connections:
            return bool(processes(connections))

    wait_until(answers, 30, "it answers")
    yield program, port


@contextlib.contextmanager
def connected(
    port: int, count: int, context: ssl.SSLContext | None = None
) -> Iterator[list[http.client.HTTPConnection]]:
    """Open so many connections, one after the other."""
    with contextlib.ExitStack() as stack:
        connections = []
        for _ in range(count):
            connection = (
                http.client.HTTPSConnection("localhost", port, timeout=20, context=context)
                if context
                else http.client.HTTPConnection("127.0.0.1", port, timeout=20)
            )
            connections.append(stack.enter_context(contextlib.closing(connection)))
            connection.connect()
        yield connections


def processes(connections: Connections) -> Counter[int]:
    """Return how many of `connections` each worker has, by its process."""
    return Counter(process(connection) for connection in connections)


def process(connection: http.client.HTTPConnection) -> int:
    connection.request("GET", "/status")
    return int(msgspec.json.decode(connection.getresponse().read())["process"])


def wait_until_even(
    port: int, count: int, expected: list[int], context: ssl.SSLContext | None = None, kept: Connections = ()
) -> None:
    """Open `count` more connections than `kept` until each worker has as many of them as `expected`.

    The workers notice a little later that the connections of the attempt before are closed.
    """

    def is_even() -> bool:
        time.sleep(0.2)
        with connected(port, count, context) as more:
            return sorted(processes([*kept, *more]).values()) == expected

    wait_until(is_even, 60, f"the workers have {expected} connections")


@pytest.mark.parametrize("count", [3, 9, 60])
def test_each_has_as_many_connections_as_the_others(spawn: Spawn, count: int) -> None:
    with running(spawn, SEARCHENGINE, "-workers=3") as (_, port):
        wait_until_even(port, count, [count // 3] * 3)


def test_one_whose_connections_were_closed_gets_the_next(spawn: Spawn) -> None:
    with running(spawn, SEARCHENGINE, "-workers=2") as (_, port), connected(port, 10) as connections:
        first, kept = process(connections[0]), []
        for connection in connections:
            if process(connection) == first:
                connection.close()
            else:
                kept.append(connection)
        wait_until_even(port, 10 - len(kept), [5, 5], kept=kept)


def test_failed_handshakes_do_not_count(spawn: Spawn, tmp_path: Path) -> None:
    authority, context = trustme.CA(), ssl.create_default_context()
    authority.configure_trust(context)
    (tmp_path / "chain.pem").write_bytes(authority.issue_cert("localhost").private_key_and_cert_chain_pem.bytes())
    arguments = (SEARCHENGINE, "-workers=2", f"-tls-cert={tmp_path / 'chain.pem'}")
    with running(spawn, *arguments, context=context) as (_, port), connected(port, 1, context) as first:
        for _ in range(5):
            with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
                connection.sendall(b"GET / HTTP/1.1\r\n\r\n")
                with contextlib.suppress(ConnectionError):
                    assert b"HTTP" not in connection.recv(1000)
        wait_until_even(port, 5, [3, 3], context, first)


def test_a_killed_program_leaves_no_worker_behind(spawn: Spawn) -> None:
    with running(spawn, SEARCHENGINE, "-workers=3") as (program, port):
        with connected(port, 6) as connections:
            left = processes(connections)
            os.kill(program.process.pid, signal.SIGKILL)
            wait_until(lambda: not any(map(lives, left)), 30, "all workers have ended")
        with running(spawn, SEARCHENGINE, "-workers=3", port=port) as (again, _):
            assert again.stop() == 0


def lives(number: int) -> bool:
    """Return True unless the process has ended; one that nobody has waited for has."""
    with contextlib.suppress(FileNotFoundError):
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def test_ctrl_c_in_a_terminal_finishes_what_is_in_flight(spawn: Spawn) -> None:
    with running(spawn, SEARCHENGINE, "-workers=2", "-position-wait=1") as (program, port):
        wait_until_even(port, 4, [2, 2])
        with connected(port, 2) as waiting, connected(port, 2) as others:
            for connection in waiting:
                connection.request("GET", "/?q=x&format=json&min_position=00000000-0.1")
            wait_until_even(port, 2, [2, 2], kept=others)  # both workers have begun what came before
            os.killpg(program.process.pid, signal.SIGINT)
            statuses = [connection.getresponse().status for connection in waiting]
        assert program.process.wait(60) == 0
        assert statuses == [503, 503]
        assert "Traceback" not in program.output
