"""The specifics of the log on NATS: its URL, permissions, and its servers' limits."""

from __future__ import annotations

import gc
import random
import socket
import ssl
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import trustme

from lightship.core.errors import ConfigurationError, TooLargeError
from lightship.core.model import Change, Document
from lightship.doclog import open_log
from lightship.doclog.jetstream import JetStreamLog, sessions
from lightship.doclog.jetstream.client import kv
from lightship.doclog.jetstream.client.address import Address, parse_address
from nats_servers import Nats, running

USERS = """
authorization {
    users: [
        { user: "good", password: "pass:w@rd/é" }
        { user: "reader", password: "secret", permissions: { publish: { deny: "log.docs.>" } } }
    ]
}
"""
GOOD = "good:pass%3Aw%40rd%2F%C3%A9@"


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("nats://host/log", Address("nats", ("host:4222",), "log", 1)),
        ("nats://a:1,b:2,c/log", Address("nats", ("a:1", "b:2", "c:4222"), "log", 3)),
        ("nats://a,b,c/log?replicas=1", Address("nats", ("a:4222", "b:4222", "c:4222"), "log", 1)),
        ("tls://u:p%40@[::1]:5/my-log?replicas=3", Address("tls", ("[::1]:5",), "my-log", 3, "u", "p@")),
    ],
)
def test_a_url_names_servers_log_and_copies(url: str, address: Address) -> None:
    assert parse_address(url) == address


def test_a_password_that_the_url_lacks_is_that_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIGHTSHIP_LOG_PASSWORD", "p%40")
    assert parse_address("nats://u@host/log").password == "p%40"
    assert parse_address("nats://u:own@host/log").password == "own"
    assert parse_address("nats://host/log").password == ""


@pytest.mark.parametrize(
    "url",
    [
        "nats://", "nats://host", "nats://host/", "nats:///log", "nats://host/a.b", "nats://host/a/b", "nats://host/a b",
        "nats://host:99999/log", "nats://u:secret@ho st/log", "nats://host,/log", "nats://u:secret@host/log?replicas=2",
        "nats://u:secret@host/log?copies=3", "nats://u:secret@host/log?replicas=", "nuts://u:secret@host/log",
    ],
)  # fmt: skip
def test_a_wrong_url_is_told_without_its_password(url: str) -> None:
    with pytest.raises(ConfigurationError) as told:
        open_log(url)
    assert "secret" not in str(told.value)


def test_the_password_is_never_shown() -> None:
    address = parse_address("nats://someone:secret@host/log")
    assert "secret" not in f"{address} {address!r}"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nats]:
    with running(tmp_path_factory.mktemp("guarded"), more=USERS) as nats:
        open_log(nats.url("log", user=GOOD)).close()
        yield nats


@pytest.mark.nats
@pytest.mark.parametrize("user", ["", "good:wrong@", "nobody:wrong@"])
def test_a_wrong_password_is_told(guarded: Nats, user: str) -> None:
    with pytest.raises(ConfigurationError, match="refused user and password") as told:
        open_log(guarded.url("log", user=user))
    assert "wrong" not in str(told.value)


@pytest.mark.nats
def test_what_a_user_may_not_do_is_told(guarded: Nats) -> None:
    log = open_log(guarded.url("log", user="reader:secret@"))
    assert log.read(0, 0) == []
    with pytest.raises(ConfigurationError, match=r"denies this user an operation: .*log\.docs") as told:
        log.put([Change.delete("https://example.org/")])
    assert "secret" not in str(told.value)
    log.close()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def encrypted(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nats]:
    folder = tmp_path_factory.mktemp("tls")
    certificate = authority.issue_cert("localhost", "127.0.0.1")
    certificate.private_key_pem.write_to_path(str(folder / "key.pem"))
    certificate.cert_chain_pems[0].write_to_path(str(folder / "cert.pem"))
    files = f'tls {{ cert_file: "{folder}/cert.pem", key_file: "{folder}/key.pem" }}'
    with running(folder, more=files) as nats:
        yield nats


@pytest.mark.nats
def test_a_log_over_tls(encrypted: Nats, authority: trustme.CA) -> None:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    for scheme in ("tls://", "nats://"):
        log = open_log(encrypted.url("log").replace("nats://", scheme), tls=context)
        assert log.put([Change.delete("https://example.org/")])
        log.close()


@pytest.mark.nats
def test_a_certificate_that_is_not_trusted_is_told(encrypted: Nats) -> None:
    with pytest.raises(ConfigurationError, match=r"no TLS connection .* certificate verify failed.* -tls-ca"):
        open_log(encrypted.url("log").replace("nats://", "tls://"))


@pytest.mark.nats
def test_tls_is_never_given_up(guarded: Nats) -> None:
    with pytest.raises(ConfigurationError, match="does not offer TLS"):
        open_log(guarded.url("log", user=GOOD).replace("nats://", "tls://"))


@pytest.mark.nats
def test_a_document_over_the_servers_limit_is_refused_and_nothing_of_its_put_is_kept(tmp_path: Path) -> None:
    noise = random.Random(1).randbytes(800_000).hex()
    changes = [
        Change.put(Document(url="https://example.org/small")),
        Change.put(Document(url="https://example.org/large", text=noise)),
    ]
    with running(tmp_path, max_payload="256KB") as nats:
        log = open_log(nats.url("log"))
        with pytest.raises(TooLargeError, match=r"example\.org/large .*max_payload .* is 262144; set it to 8MB"):
            log.put(changes)
        assert all(log.span(partition).head == 0 for partition in range(64))
        log.close()


def test_a_key_stands_in_a_subject_with_no_sign_that_means_something_there() -> None:
    assert kv._escaped("s1v2/0-a_B") == "s1v2/0-a_B"
    assert kv._escaped("a.b *>=é") == "a=2eb=20=2a=3e=3d=c3=a9"


@pytest.mark.nats
def test_a_put_wakes_who_waits_for_its_own_log_though_no_server_tells_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(JetStreamLog, "_wake", lambda *_: None)
    with running(tmp_path) as nats, closing(JetStreamLog(nats.url("log"))) as log:
        log.wait(0)
        before = log._news
        log.put([Change.delete("https://example.org/")])
        assert log._news > before


@pytest.mark.nats
def test_who_read_before_the_oldest_session_that_is_kept_reads_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "KEPT", 3)
    read, histories = list[dict[int, int]](), list[int]()
    with running(tmp_path) as nats:
        for _ in range(4):
            with closing(open_log(nats.url("log"))) as log:
                (position,) = log.put([Change.delete("https://example.org/")])
                read.append({position.partition: position.sequence})
                histories.append(log.history(read[-1]))
        with closing(open_log(nats.url("log"))) as log:
            found = [log.history(sequences) for sequences in read]
    assert [now == then for now, then in zip(found, histories, strict=True)] == [False, True, True, True]


@pytest.mark.nats
def test_a_server_that_accepts_and_says_nothing_is_left_with_its_socket_closed(tmp_path: Path) -> None:
    """A socket left to the garbage collector causes a warning, which is an error here."""
    with socket.create_server(("127.0.0.1", 0)) as silent, running(tmp_path) as nats:
        silent.settimeout(30)
        host, port = silent.getsockname()
        log = open_log(nats.url("log").replace("nats://", f"nats://{host}:{port},"))
        nats.kill()
        for _ in range(3):  # once when it was opened, perhaps, and then again and again
            tried, _ = silent.accept()
            with tried:
                tried.settimeout(30)
                assert tried.recv(1) == b""  # the end: it was closed
        nats.start()
        assert log.put([Change.delete("https://example.org/")])
        log.close()
    gc.collect()
