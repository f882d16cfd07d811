"""The intake over real sockets: what it stores, what it answers, and what it refuses completely."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import json
import os
import re
import socket
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import zstandard

from lightship.core.errors import ConfigurationError, LightshipError, OutOfSpaceError, TooLargeError, UnavailableError
from lightship.core.model import Change, Document, partition_of
from lightship.core.position import Reached, log_digest
from lightship.doclog import Position, Span
from lightship.doclog.protocol.fence import Fence
from lightship.doclog.sqlite import SqliteLog
from lightship.http.tokens import authorization
from lightship.intake import arrival, backpressure, body, server, web
from lightship.intake.server import taking_in
from made import Caller, Reply
from support import wait_until


def line(name: str, **keys: Any) -> bytes:
    return json.dumps({"url": f"https://ex.org/{name}", "text": f"text of {name}", **keys}).encode() + b"\n"


def stored(log: SqliteLog) -> dict[str, str | None]:
    """Return the texts in the log by name; None for deletes."""
    entries = [entry for partition in range(log.partitions) for entry in log.read(partition, 0, 20_000)]
    return {
        entry.url.removeprefix("https://ex.org/"): entry.document.text if entry.document else None for entry in entries
    }


def post(caller: Caller, content: bytes, **headers: str) -> Reply:
    return caller.call("POST", "/documents", content, **headers)


def delete(caller: Caller, *names: str) -> Reply:
    return caller.call("DELETE", "/documents?" + "&".join(f"url={quote(f'https://ex.org/{name}')}" for name in names))


def test_documents_are_in_the_log_when_it_answers(caller: Caller, log: SqliteLog) -> None:
    reply = post(caller, line("a", language="en", fields={"price": 2.5}) + b"\n" + line("b"))
    assert (reply.status, reply.json["documents"]) == (200, 2)
    assert stored(log) == {"a": "text of a", "b": "text of b"}
    a, b = (partition_of(f"https://ex.org/{name}") for name in "ab")
    assert Reached.parse(reply.json["position"]) == Reached(log_digest(log.span(0).log_id), {a: 1, b: 2})


@pytest.mark.parametrize("kind", ["identity", "gzip", "zstd", "GZIP"])
def test_a_body_may_be_compressed(caller: Caller, log: SqliteLog, kind: str) -> None:
    packs: dict[str, Callable[[bytes], bytes]] = {"identity": bytes, "gzip": gzip.compress, "zstd": zstandard.compress}
    pack = packs[kind.lower()]
    reply = post(caller, pack(line("a")) + pack(line("b")), Content_Encoding=kind)  # two frames
    assert (reply.status, set(stored(log))) == (200, {"a", "b"})


def test_short_documents_are_read_together_to_tell_their_language(caller: Caller, log: SqliteLog) -> None:
    titles = ["Mutter und Ring", "Dübel für Beton", "Anker aus Stahl", "Zange", "Hammer", "Nagel mit Kopf"]
    post(caller, b"".join(line(title.split()[0], title=title, text="") for title in titles))
    entries = [entry for partition in range(log.partitions) for entry in log.read(partition, 0, 20_000)]
    assert [entry.document.language for entry in entries if entry.document] == ["de"] * len(titles)


def test_deletes_are_stored_too(caller: Caller, log: SqliteLog) -> None:
    post(caller, line("a") + line("b") + line("c"))
    reply = delete(caller, "a", "b", "never-there")
    assert (reply.status, reply.json["documents"]) == (200, 3)
    assert stored(log) == {"a": None, "b": None, "c": "text of c", "never-there": None}


def test_the_last_of_equal_urls_wins(caller: Caller, log: SqliteLog) -> None:
    post(caller, line("a", text="old") + line("a", text="new"))
    assert stored(log) == {"a": "new"}


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (b"{", "line 2: not JSON"), (b"[]", "line 2: not a JSON object"), (b'{"text": "x"}', "line 2: .*`url`"),
        (line("b", colour="red"), "line 2: unknown key 'colour'.*`fields`"), (line("b", title=5), r"line 2: .*`\$.title`"),
        (b'{"url": "javascript:x"}', "line 2: url scheme 'javascript'"), (line("b", modified="x"), "line 2: .*modified"),
        (line("b", text="a" * (5 << 20)), "line 2: document https://ex.org/b has"), (b"\xff\xfe", "line 2: not JSON"),
    ],
)  # fmt: skip
def test_a_bad_line_is_named_and_nothing_is_stored(caller: Caller, log: SqliteLog, bad: bytes, said: str) -> None:
    reply = post(caller, line("a") + bad + b"\n" + line("c"))
    assert reply.status == 400
    assert reply.json["line"] == 2
    assert re.match(said, reply.json["error"])
    assert stored(log) == {}


@pytest.mark.parametrize(
    ("content", "encoding", "status", "said"),
    [
        (b"", "", 400, "no documents"), (b"\n \n", "", 400, "no documents"), (b"x", "br", 400, "identity, gzip, zstd"),
        (b"no gzip", "gzip", 400, "valid gzip"), (b"no zstd", "zstd", 400, "valid zstd"),
        (gzip.compress(line("a") * 99, mtime=0)[:-9], "gzip", 400, "is truncated"),
        (zstandard.compress(line("a") * 99)[:-9], "zstd", 400, "is truncated"),
    ],
)  # fmt: skip
def test_a_body_that_is_no_body(
    caller: Caller, log: SqliteLog, content: bytes, encoding: str, status: int, said: str
) -> None:
    reply = post(caller, content, **({"Content_Encoding": encoding} if encoding else {}))
    assert (reply.status, said in reply.json["error"]) == (status, True)
    assert stored(log) == {}
    assert post(caller, line("z")).status == 200


@pytest.mark.parametrize(
    ("content", "encoding", "said"),
    [
        (lambda: b"a" * (33 << 20), "identity", "larger than 33554432 bytes"),
        (lambda: gzip.compress(b" " * (400 << 20), 1), "gzip", "larger than 33554432 bytes"),
        (lambda: zstandard.compress(b" " * (400 << 20)), "zstd", "larger than 33554432 bytes"),
        (lambda: line("a") * 10_001, "identity", "more than 10000 documents"),
    ],
    ids=["large", "gzip", "zstd", "many"],
)
def test_a_body_that_is_too_large(
    caller: Caller, log: SqliteLog, content: Callable[[], bytes], encoding: str, said: str
) -> None:
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it answered before it had all
        reply = post(caller, content(), Content_Encoding=encoding)
        assert (reply.status, said in reply.json["error"]) == (413, True)
    assert stored(log) == {}
    assert post(caller, line("z")).status == 200


@pytest.mark.parametrize(
    ("target", "said"),
    [("?url=no+url", "not an absolute url"), ("", "parameter url is missing"), ("?urls=https://ex.org/a", "'urls'"),
     ("?url=https://ex.org/a&url=data:x", "'data'")],
)  # fmt: skip
def test_a_wrong_delete_deletes_nothing(caller: Caller, log: SqliteLog, target: str, said: str) -> None:
    post(caller, line("a"))
    reply = caller.call("DELETE", f"/documents{target}")
    assert (reply.status, said in reply.json["error"]) == (400, True)
    assert stored(log) == {"a": "text of a"}


@pytest.mark.parametrize("method", ["POST", "DELETE"])
@pytest.mark.parametrize("token", ["", "wrong", "secret2"])
def test_who_shows_no_token_changes_nothing(caller: Caller, log: SqliteLog, method: str, token: str) -> None:
    reply = Caller(caller.port, token).call(method, "/documents?url=https://ex.org/a", line("a"))
    assert reply.status == 401
    assert stored(log) == {}
    assert Caller(caller.port).get("/status").status == 200  # which tells nothing secret


def test_a_signed_request_is_good_once_and_for_its_body_only(caller: Caller, log: SqliteLog) -> None:
    target = f"/documents?digest={hashlib.sha256(line('a')).hexdigest()}"
    anyone = Caller(caller.port)
    signed = authorization("secret", "POST", target)
    assert anyone.call("POST", target, line("b"), **signed).status == 400
    assert anyone.call("POST", target, line("a"), **signed).status == 401  # it was used
    assert anyone.call("POST", target, line("a"), **authorization("secret", "POST", target)).status == 200
    assert set(stored(log)) == {"a"}


def test_it_tells_how_it_is(caller: Caller) -> None:
    post(caller, line("a") + line("b"))
    post(caller, b"x")
    assert (caller.get("/livez").text, caller.get("/readyz").text) == ("alive\n", "ready\n")
    status = caller.get("/status").json
    assert (status["stored"], status["refused"], status["waiting_requests"], status["waiting_bytes"]) == (2, 1, 0, 0)
    document = caller.get("/openapi.json").json
    assert set(document["paths"]) == {"/documents", "/livez", "/metrics", "/readyz", "/status"}
    assert caller.get("/nothing").status == 404
    assert caller.get("/documents").status == 405


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
        assert caller.get("/readyz").status == status
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


def test_a_body_that_does_not_come_is_given_up(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body, "RECEIVE_SECONDS", 0.2)
    with socket.create_connection(("127.0.0.1", caller.port), timeout=30) as connection:
        head = "POST /documents HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer secret\r\nContent-Length: 99\r\n\r\n{"
        connection.sendall(head.encode())
        assert connection.recv(1000).startswith(b"HTTP/1.1 408 ")
    assert caller.get("/status").json["waiting_requests"] == 0


def test_a_client_that_leaves_leaves_nothing_behind(caller: Caller, log: SqliteLog) -> None:
    with socket.create_connection(("127.0.0.1", caller.port), timeout=30) as connection:
        head = b"POST /documents HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer secret\r\nContent-Length: 9999\r\n\r\n"
        connection.sendall(head + line("a"))
        wait_until(lambda: caller.get("/status").json["waiting_bytes"] > 0, 30, "it has begun")
    wait_until(lambda: caller.get("/status").json["waiting_bytes"] == 0, 30, "it is forgotten")
    assert stored(log) == {}


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


def test_a_taken_port_is_a_clear_error(log: SqliteLog, caller: Caller, tmp_path: Path) -> None:
    with (
        pytest.raises(ConfigurationError, match="can't listen on"),
        taking_in(f"127.0.0.1:{caller.port}", log, str(tmp_path)),
    ):
        pass


def test_without_an_address_nothing_is_served(log: SqliteLog) -> None:
    with taking_in("", log, "nowhere") as port:
        assert port == 0
        log.put([Change.delete("https://ex.org/a")])


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
