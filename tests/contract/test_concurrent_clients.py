"""Clients that put one url at the same time, through two intakes: all are answered, and the later put wins."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest

from contract.doclog_helpers import tail
from lightship.core.model import partition_of
from lightship.core.position import Reached
from lightship.doclog import Entry, Log, open_log
from lightship.doclog.protocol.fence import FRESH_SECONDS
from lightship.intake import stalls
from lightship.intake.server import taking_in
from made import Caller
from support import wait_until

URL = "https://example.org/hot"
PARTITION = partition_of(URL)
SECONDS = 2.0
LONGER = 20.0  # for a client that was overtaken each time


class Put(NamedTuple):
    """A request that was answered: how long that took, and where the log has it."""

    text: str
    status: int
    seconds: float
    sequence: int
    said: str


@pytest.fixture
def ports(log: Log, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    monkeypatch.setattr(stalls, "STALL_SECONDS", 300.0)  # a busy machine has not been suspended
    with contextlib.ExitStack() as stack:
        other = stack.enter_context(contextlib.closing(open_log(url)))
        yield [stack.enter_context(taking_in("127.0.0.1:0", each, str(tmp_path))) for each in (log, other)]


def puts(port: int, client: int, until: float) -> list[Put]:
    """Put new versions, one after the other."""
    caller, done = Caller(port), list[Put]()
    while time.monotonic() < until or (time.monotonic() < until + LONGER and all(put.status != 200 for put in done)):
        text, began = f"{client}-{len(done)}", time.monotonic()
        answer = caller.call("POST", "/documents", json.dumps({"url": URL, "text": text}).encode())
        seconds = time.monotonic() - began
        stored = Reached.parse(answer.json["position"]).sequences[PARTITION] if answer.status == 200 else 0
        done.append(Put(text, answer.status, seconds, stored, str(answer.json)))
    return done


@pytest.mark.parametrize("clients", [2, 8])
def test_all_are_answered_and_the_later_one_wins(log: Log, ports: list[int], clients: int) -> None:
    until = time.monotonic() + SECONDS
    with ThreadPoolExecutor(clients) as threads:
        each = [threads.submit(puts, ports[client % 2], client, until) for client in range(clients)]
        done = [put for one in each for put in one.result()]
    refused = [put for put in done if put.status != 200]
    assert [put for put in refused if put.seconds < FRESH_SECONDS] == []
    assert {put.status for put in refused} <= {503}  # overtaken, or the log did not answer in time
    assert all(any(put.status == 200 for put in one.result()) for one in each)

    def only_one() -> Entry | None:
        first, *more = tail(log, PARTITION)
        return None if more else first  # a server that lags behind may show an older one before it, for a moment

    entry = wait_until(only_one, 10, "one entry")
    assert entry
    last = max(put.sequence for put in done)
    assert entry.sequence == last
    assert entry.document
    assert entry.document.text in {put.text for put in done if put.sequence == last}
