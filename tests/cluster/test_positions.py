"""Texts that repeat a word: a query that compares positions never holds up others, however many there are."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from urllib.parse import quote

import pytest

from cluster.test_attacks import ATTACKER, LIVE, PROBE
from made import Caller, MadeShard, page
from support import Program, free_port, wait_until

LONGEST = 990_000  # characters, as a crawler keeps of a page
QUERIES = {
    "one phrase": "/search?format=json&q=" + quote('"lamp lamp lamp"'),
    "a long phrase": "/search?format=json&q=" + quote('"' + "lamp " * 60 + '"'),
    "phrases": "/search?format=json&q=" + quote(" ".join(['"lamp lamp lamp"'] * 64)),
    "different phrases": "/search?format=json&q=" + quote(" ".join(f'"{"lamp " * n}light"' for n in range(2, 16))),
    "a required phrase": "/search?format=json&q=" + quote('light +"lamp lamp" -"light lamp light"'),
    "words": "/search?format=json&q=" + quote("lamp light"),
    "many words": "/search?format=json&q=" + quote("lamp light " * 100),
    "suggest": "/suggest?q=" + quote("lamp " * 1500),
    "explain": "/lookup?url=https%3A%2F%2Fexample.org%2F1&q=" + quote('"lamp lamp lamp"'),
}


@pytest.fixture(scope="module")
def shard(tmp_path_factory: pytest.TempPathFactory) -> MadeShard:
    made = MadeShard(tmp_path_factory.mktemp("shard"))
    for number in range(30):
        text = "lamp " * 200_000 if number % 2 else "lamp light " * 90_000
        made.writer.put(page(number, text[:LONGEST], title="lamp"))
    made.writer.commit()
    return made


@pytest.fixture
def port(spawn: Callable[..., Program], shard: MadeShard) -> int:
    port = free_port()
    spawn(
        "lightship.searchengine.main", f"-addr=127.0.0.1:{port}", "-data=data", "-drain=0", "-answers=0", "-workers=1"
    )
    caller = Caller(port)
    wait_until(lambda: caller.get(LIVE).status == 200, 20, "it answers")
    caller.push(shard)
    return port


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_over_many_positions_holds_up_nobody(name: str, port: int) -> None:
    found: list[float] = []
    asking = threading.Thread(target=lambda: found.append(seconds(port, QUERIES[name], ATTACKER)))
    asking.start()
    time.sleep(0.1)
    slowest = 0.0
    while asking.is_alive():
        slowest = max(slowest, seconds(port, LIVE, PROBE))
    asking.join()
    print(f"\n{name}: answered after {found[0]:.2f} s, /livez after {slowest:.2f} s at most")
    assert slowest < 1
    assert found[0] < 3  # the deadline of 2 s, and what a busy machine adds


def seconds(port: int, target: str, host: str) -> float:
    """Return how long `target` takes, asked from the address `host`."""
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", port), 60, (host, 0)) as connection:
        connection.sendall(f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        while connection.recv(1 << 20):
            pass
    return time.monotonic() - began
