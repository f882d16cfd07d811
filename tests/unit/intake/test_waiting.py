"""The intake while the log is slow, fails or is held up: what waits, what it is answered, and in which order."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import zstandard

from lightship.core.errors import LightshipError, OutOfSpaceError, TooLargeError, UnavailableError
from lightship.core.model import Change, Document, partition_of
from lightship.core.position import Reached
from lightship.doclog import Position, Span
from lightship.doclog.protocol.fence import Fence
from lightship.doclog.sqlite import SqliteLog
from lightship.intake import arrival, backpressure, server, web
from lightship.intake.server import taking_in
from made import Caller, Reply
from support import wait_until
from unit.intake.calls import delete, line, post, stored

Mount = Callable[..., Path]


class HeldLog(SqliteLog):
    """A log that can be made to block or fail; it records the changes of each put."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.folder = os.path.dirname(path)
        self.free = threading.Event()
        self.free.set()
        self.trouble: LightshipError | None = None
        self.puts: list[list[str]] = []

    def put(self, changes: Sequence[Change], fences: Sequence[Fence] = ()) -> list[Position]:
        self.free.wait()
        self.puts.append([change.url for change in changes])
        if self.trouble is not None:
            raise self.trouble
        if any("refused" in change.url for change in changes):
            raise TooLargeError("a server's limit")
        return super().put(changes, fences)

    def span(self, partition: int) -> Any:
        if self.trouble is not None:
            raise self.trouble
        return super().span(partition)


@pytest.fixture
def held(tmp_path: Path) -> HeldLog:
    return HeldLog(str(tmp_path / "held.sqlite"))


def in_threads(calls: list[Any]) -> tuple[list[threading.Thread], dict[int, Reply]]:
    """Make all calls concurrently; return the threads, and the replies as they arrive."""
    replies: dict[int, Reply] = {}

    def call(number: int) -> None:
        replies[number] = calls[number]()

    threads = [threading.Thread(target=call, args=(number,)) for number in range(len(calls))]
    for thread in threads:
        thread.start()
    return threads, replies


def test_requests_that_wait_share_one_put_and_keep_their_own_errors(held: HeldLog) -> None:
    with taking_in("127.0.0.1:0", held, held.folder) as port:
        caller = Caller(port)
        held.free.clear()
        names = [*map(str, range(20)), "refused"]
        threads, replies = in_threads([lambda name=name: post(caller, line(name)) for name in names])
        wait_until(lambda: caller.get("/status").json["waiting_requests"] == 21, 30, "all wait")
        held.free.set()
        for thread in threads:
            thread.join()
    assert [replies[number].status for number in range(21)] == [200] * 20 + [413]
    assert max(map(len, held.puts)) > 1
    assert len(stored(held)) == 20
    for number in range(20):  # each one's own position
        url = f"https://ex.org/{number}"
        (sequence,) = (entry.sequence for entry in held.read(partition_of(url), 0) if entry.url == url)
        assert Reached.parse(replies[number].json["position"]).sequences == {partition_of(url): sequence}
    held.close()


def test_one_client_s_changes_keep_their_order(held: HeldLog) -> None:
    with taking_in("127.0.0.1:0", held, held.folder) as port:
        caller = Caller(port)
        for number in range(30):
            assert post(caller, line("a", text=str(number))).status == 200
    assert stored(held) == {"a": "29"}
    held.close()


@pytest.mark.parametrize(
    ("trouble", "status"), [(UnavailableError("the log is away"), 503), (OutOfSpaceError("the disk is full"), 507)]
)
def test_the_log_s_trouble_is_told(held: HeldLog, trouble: LightshipError, status: int) -> None:
    with taking_in("127.0.0.1:0", held, held.folder) as port:
        caller = Caller(port)
        held.trouble = trouble
        reply = post(caller, line("a"))
        assert (reply.status, reply.json) == (status, {"error": str(trouble)})
        assert ("retry-after" in reply.headers) == (status == 503)
        assert (caller.get("/readyz").status, caller.get("/readyz").json) == (503, {"error": str(trouble)})
        held.trouble = None
        assert post(caller, line("a")).status == 200
        assert caller.get("/readyz").status == 200
    held.close()


def test_what_has_no_room_is_told_so_at_once(held: HeldLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backpressure.InFlightLimit.__init__, "__defaults__", (3, 3000))
    with taking_in("127.0.0.1:0", held, held.folder) as port:
        caller = Caller(port)
        held.free.clear()
        threads, replies = in_threads([lambda: post(caller, line("a", text="a" * 2000))])
        wait_until(lambda: caller.get("/status").json["waiting_bytes"] > 2000, 30, "the first waits")
        started = time.monotonic()
        bomb = zstandard.compress(line("b", text="b" * 2000))
        refusals = [post(caller, line("b", text="b" * 2000)), post(caller, bomb, Content_Encoding="zstd")]
        more, others = in_threads([lambda: delete(caller, "c"), lambda: delete(caller, "d")])
        wait_until(lambda: caller.get("/status").json["waiting_requests"] == 3, 30, "three wait")
        refusals.append(delete(caller, "e"))
        assert [(reply.status, reply.headers["retry-after"]) for reply in refusals] == [(429, "1")] * 3
        assert time.monotonic() - started < 30  # the one that waits is not done before `free` is set
        held.free.set()
        for thread in (*threads, *more):
            thread.join()
        assert {replies[0].status, others[0].status, others[1].status} == {200}
        status = caller.get("/status").json
        assert (status["waiting_bytes"], status["waiting_requests"], status["refused"]) == (0, 0, 3)
    assert stored(held).keys() == {"a", "c", "d"}
    held.close()


def test_what_was_under_way_is_answered_when_it_stops(held: HeldLog) -> None:
    with taking_in("127.0.0.1:0", held, held.folder) as port:
        held.free.clear()
        threads, replies = in_threads([lambda: post(Caller(port), line("a"))])
        wait_until(lambda: Caller(port).get("/status").json["waiting_bytes"] > 0, 30, "it waits")
        threading.Timer(0.2, held.free.set).start()
    for thread in threads:
        thread.join()
    assert replies[0].status == 200
    assert stored(held).keys() == {"a"}
    held.close()


def test_all_that_wait_for_a_log_are_answered_in_time(held: HeldLog, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second group waited for 30 s after the first had waited for 30 s, and so on."""
    monkeypatch.setattr(arrival, "ANSWER_SECONDS", 0.5)
    with taking_in("127.0.0.1:0", held, held.folder) as port:
        caller = Caller(port)
        held.free.clear()
        threads, replies = in_threads([lambda name=name: post(caller, line(name)) for name in "abc"])
        gone, deletes = in_threads([lambda: delete(caller, "d")])
        wait_until(lambda: len(replies) + len(deletes) == 4, 15, "all are answered while the log is held")
        answers = [*replies.values(), *deletes.values()]
        assert [(reply.status, reply.headers["retry-after"]) for reply in answers] == [(503, "1")] * 4
        assert all("did not store this within 0.5 s; send it again" in reply.json["error"] for reply in answers)
        status = caller.get("/status").json
        assert status["waiting_requests"] == 4, "their changes are in memory"
        held.free.set()
        wait_until(lambda: caller.get("/status").json["waiting_requests"] == 0, 30, "the places are free")
        assert caller.get("/status").json["waiting_bytes"] == 0
        for thread in (*threads, *gone):
            thread.join()
    assert stored(held) == {}
    held.close()


def test_an_answer_does_not_wait_for_the_position_either(held: HeldLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrival, "ANSWER_SECONDS", 0.5)
    go = threading.Event()

    def span(_: HeldLog, partition: int) -> Span:
        go.wait(60)
        return SqliteLog.span(held, partition)

    with taking_in("127.0.0.1:0", held, held.folder) as port:
        with monkeypatch.context() as patch:
            patch.setattr(HeldLog, "span", span)
            threads, replies = in_threads([lambda: post(Caller(port), line("a"))])
            wait_until(lambda: replies, 15, "the answer")
            assert replies[0].status == 503
        go.set()
        threads[0].join()
        wait_until(lambda: post(Caller(port), line("a")).status == 200, 30, "it is stored again")
    assert stored(held) == {"a": "text of a"}
    held.close()


def test_who_waits_longer_than_it_takes_to_stop_is_told_to_send_it_again(
    held: HeldLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "GRACE_SECONDS", 1)
    with taking_in("127.0.0.1:0", held, held.folder) as port:
        held.free.clear()
        threads, replies = in_threads([lambda: post(Caller(port), line("a"))])
        wait_until(lambda: Caller(port).get("/status").json["waiting_bytes"] > 0, 30, "it waits")
        threading.Timer(3, held.free.set).start()
    for thread in threads:
        thread.join()
    assert (replies[0].status, replies[0].headers["retry-after"]) == (503, "1")
    assert "send it again" in replies[0].json["error"]
    held.close()


def while_it_waits(held: HeldLog, sent: Callable[[Caller], Any], meanwhile: Callable[[Caller], None]) -> Reply | None:
    """Send a request, and do something while the log blocks it; return the answer."""
    with taking_in("127.0.0.1:0", held, held.folder) as port:
        caller = Caller(port)
        held.free.clear()
        threads, replies = in_threads([lambda: sent(caller)])
        wait_until(lambda: caller.get("/status").json["waiting_requests"] == 1, 30, "it waits")
        meanwhile(caller)
        held.free.set()
        for thread in threads:
            thread.join()
    return replies.get(0)


def put_elsewhere(held: HeldLog, name: str, text: str) -> None:
    other = SqliteLog(f"{held.folder}/held.sqlite")
    other.put([Change.put(Document(url=f"https://ex.org/{name}", text=text))])
    other.close()


def test_of_two_that_change_the_same_both_are_answered_and_the_later_wins(held: HeldLog) -> None:
    reply = while_it_waits(
        held, lambda caller: post(caller, line("a") + line("b")), lambda _: put_elsewhere(held, "a", "x")
    )
    assert reply
    assert (reply.status, reply.json["documents"]) == (200, 2)
    assert stored(held) == {"a": "text of a", "b": "text of b"}
    assert [len(urls) for urls in held.puts] == [2, 1]  # what was not overtaken is put once
    sequences = {entry.url[-1]: entry.sequence for p in range(held.partitions) for entry in held.read(p, 0)}
    expected = {partition_of(f"https://ex.org/{name}"): sequence for name, sequence in sequences.items()}
    assert Reached.parse(reply.json["position"]).sequences == expected
    held.close()


def test_what_was_overtaken_long_after_it_came_is_not_put_over_what_is_newer(
    held: HeldLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    def meanwhile(_: Caller) -> None:
        put_elsewhere(held, "a", "x")
        monkeypatch.setattr(arrival, "FRESH_SECONDS", -1.0)  # as if it had waited for longer

    reply = while_it_waits(held, lambda caller: post(caller, line("a") + line("b")), meanwhile)
    assert reply
    assert (reply.status, reply.headers["retry-after"]) == (503, "1")
    assert "https://ex.org/a: overtaken by a newer change" in reply.json["error"]
    assert stored(held) == {"a": "x", "b": "text of b"}
    held.close()


def test_what_nobody_waits_for_any_more_is_not_put(held: HeldLog) -> None:
    def send_and_leave(caller: Caller) -> None:
        head = f"POST /documents HTTP/1.1\r\nHost: x\r\nContent-Length: {len(line('a'))}\r\n\r\n"
        with socket.create_connection(("127.0.0.1", caller.port), timeout=30) as connection:
            connection.sendall(head.encode() + line("a"))
            wait_until(lambda: caller.get("/status").json["waiting_requests"] == 2, 30, "it waits behind another")
        for _ in range(2):  # its event loop reads that the sender left before it answers these
            caller.get("/status")

    while_it_waits(held, lambda caller: delete(caller, "b"), send_and_leave)
    assert stored(held) == {"b": None}
    held.close()


def test_a_log_that_does_not_answer_is_told_soon_and_holds_up_nothing_else(
    held: HeldLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web, "READY_SECONDS", 0.2)
    go, looks = threading.Event(), list[int]()

    def span(_: HeldLog, partition: int) -> Span:
        looks.append(partition)
        go.wait(20)
        return SqliteLog.span(held, partition)

    with taking_in("127.0.0.1:0", held, held.folder) as port:
        caller = Caller(port)
        monkeypatch.setattr(HeldLog, "span", span)
        for _ in range(5):
            reply = caller.get("/readyz")
            assert (reply.status, "did not answer within 0.2 s" in reply.json["error"]) == (503, True)
        assert len(looks) == 1
        assert caller.get("/status").status == 200
        go.set()
        wait_until(lambda: caller.get("/readyz").status == 200, 30, "the log answers")
    held.close()
