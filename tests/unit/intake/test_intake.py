"""The intake over real sockets: what it stores, what it answers, and what it refuses completely."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import re
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from lightship.core.errors import ConfigurationError
from lightship.core.model import Change, partition_of
from lightship.core.position import Reached, log_digest
from lightship.doclog.sqlite import SqliteLog
from lightship.http.tokens import authorization
from lightship.intake import body
from lightship.intake.server import taking_in
from made import Caller
from support import filled, wait_until
from unit.intake.calls import delete, line, post, stored

Mount = Callable[..., Path]


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


def test_a_value_that_does_not_fit_its_declaration_is_refused_with_its_line(log: SqliteLog, tmp_path: Path) -> None:
    with taking_in("127.0.0.1:0", log, str(tmp_path), declaration="price:number") as port:
        reply = post(Caller(port), line("a", fields={"price": 1, "size": "XL"}) + line("b", fields={"price": "1"}))
    assert reply.status == 400
    assert reply.json["error"] == "line 2: field 'price': '1' is not a number; price is declared as a number"
    assert stored(log) == {}


def test_all_documents_of_a_request_may_be_put_in_a_collection(log: SqliteLog, tmp_path: Path, caller: Caller) -> None:
    with taking_in("127.0.0.1:0", log, str(tmp_path), declaration="collection:keyword") as port:
        body = line("a", fields={"collection": "blog", "b": 1}) + line("b")
        assert Caller(port).call("POST", "/documents?collection=docs", body).status == 200
        wrong = Caller(port).call("POST", "/documents?collection=Docs", body)
    assert (wrong.status, "'Docs': a name has lower-case letters" in wrong.json["error"]) == (400, True)
    entries = [entry for partition in range(log.partitions) for entry in log.read(partition, 0, 20_000)]
    fields = [entry.document.fields for entry in entries if entry.document]
    assert sorted(fields, key=len) == [{"collection": "docs"}, {"collection": "docs", "b": 1}]
    undeclared = caller.call("POST", "/documents?collection=docs", body)
    assert (undeclared.status, "no collections are declared" in undeclared.json["error"]) == (400, True)


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
    [media] = document["paths"]["/documents"]["post"]["requestBody"]["content"].values()
    assert set(media) == {"schema"}  # a description there makes the document invalid (OpenAPI 3.1, Media Type Object)
    assert caller.get("/nothing").status == 404
    assert caller.get("/documents").status == 405


def test_a_log_that_is_full_is_not_ready_until_it_has_room(mount: Mount) -> None:
    """It can still be read, and nobody may send anything to one that is not ready."""
    disk = mount("log", 32)
    log = SqliteLog(str(disk / "log.sqlite"))
    with taking_in("127.0.0.1:0", log, str(disk)) as port:
        caller = Caller(port)
        assert post(caller, line("a")).status == 200
        with filled(disk):
            assert post(caller, line("b", text="b" * 100_000)).status == 507
            assert log.span(0).head == 1
            for _ in range(20):
                ready = caller.get("/readyz")
                assert (ready.status, "no space left to write to" in ready.text) == (503, True)
            assert "no space left" in caller.get("/status").json["no_room"]
        wait_until(lambda: caller.get("/readyz").status == 200, 30, "it is ready again without a put")
        assert post(caller, line("b")).status == 200
    log.close()


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
