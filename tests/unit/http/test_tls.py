"""TLS: which certificates are used and trusted, and the messages about bad ones."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import aiohttp
import pytest
import trustme

from lightship.cli.system.status import read_status
from lightship.core.errors import ConfigurationError, NotFoundError, UnavailableError
from lightship.core.manifest import Layout
from lightship.http import tls
from lightship.http.tls import Certificate, listener_options, trust, trusted
from lightship.rpc.addresses import Addresses, base_url
from lightship.rpc.client import RpcClient
from lightship.searchengine.store.peers import _check
from support import Program, free_port, wait_until

PATIENCE = 60.0  # seconds for several programs to start at once on a busy machine

Spawn = Callable[..., Program]


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def ca(authority: trustme.CA, tmp_path: Path) -> Iterator[str]:
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    yield str(tmp_path / "ca.pem")
    trust("")


def issue(authority: trustme.CA, folder: Path, *names: str) -> tuple[str, str]:
    """Write a certificate for `names` and its key; return their paths."""
    issued = authority.issue_cert(*names)
    certificate, key = folder / "cert.pem", folder / "key.pem"
    issued.private_key_pem.write_to_path(folder / "new")
    (folder / "new").replace(key)
    (folder / "new").write_bytes(b"".join(pem.bytes() for pem in issued.cert_chain_pems))
    (folder / "new").replace(certificate)
    return str(certificate), str(key)


@contextlib.contextmanager
def shown(certificate: Certificate) -> Iterator[int]:
    """Serve TLS with `certificate`; yields the port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection = listener.accept()[0]
                    with contextlib.suppress(OSError), certificate.context.wrap_socket(connection, server_side=True):
                        pass

        thread = threading.Thread(target=accept)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def serial(port: int, ca: str) -> int:
    """Return the serial number of the certificate at `port`."""
    context = ssl.create_default_context(cafile=ca)
    with (
        socket.create_connection(("127.0.0.1", port), 5) as connection,
        context.wrap_socket(connection, server_hostname="localhost") as secured,
    ):
        found = secured.getpeercert()
        assert found
        assert secured.version() in ("TLSv1.2", "TLSv1.3")
        return int(str(found["serialNumber"]), 16)


def test_a_replaced_certificate_is_shown_and_a_half_replaced_one_is_not(
    authority: trustme.CA, ca: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(tls, "FOLLOW_SECONDS", 0.0)
    with shown(Certificate(*issue(authority, tmp_path, "localhost"))) as port:
        first = serial(port, ca)
        before = (tmp_path / "cert.pem").read_bytes()
        issue(authority, tmp_path, "localhost")
        after = (tmp_path / "cert.pem").read_bytes()
        (tmp_path / "cert.pem").write_bytes(before)
        assert serial(port, ca) == first
        assert "the private key does not match the certificate" in caplog.text
        (tmp_path / "cert.pem").write_bytes(after)
        assert serial(port, ca) != first
        os.unlink(tmp_path / "key.pem")
        assert serial(port, ca) != first
        assert "No such file" in caplog.text


def test_what_is_old_is_not_spoken(authority: trustme.CA, ca: str, tmp_path: Path) -> None:
    trust(ca)
    found = trusted()
    assert found
    assert found.minimum_version == ssl.TLSVersion.TLSv1_2
    certificate = Certificate(*issue(authority, tmp_path, "localhost"))
    assert certificate.context.minimum_version == ssl.TLSVersion.TLSv1_2
    assert certificate._current.minimum_version == ssl.TLSVersion.TLSv1_2


def test_files_that_can_not_be_used_are_told(authority: trustme.CA, ca: str, tmp_path: Path) -> None:
    certificate, key = issue(authority, tmp_path, "localhost")
    other = tmp_path / "other"
    other.mkdir()
    wrong = issue(authority, other, "localhost")[1]
    (tmp_path / "empty").touch()
    for settings, said in {
        ("", key): "without -tls-cert",
        ("nowhere", key): "-tls-cert=nowhere.*No such file",
        (certificate, "nowhere"): "-tls-key=nowhere.*No such file",
        (certificate, wrong): "does not match the certificate",
        (certificate, str(tmp_path / "empty")): "not readable as PEM",
        (certificate, ""): "not readable as PEM",
    }.items():
        with pytest.raises(ConfigurationError, match=said):
            listener_options(*settings)
    assert listener_options("", "") == {}
    for authorities, said in {
        "nowhere": "-tls-ca=nowhere: No such file",
        str(tmp_path / "empty"): "PEM",
        key: "PEM",
    }.items():
        with pytest.raises(ConfigurationError, match=said):
            trust(authorities)
        assert trusted() is None
    trust("system")
    assert trusted()
    trust("")
    assert trusted() is None


def test_an_encrypted_key_asks_nobody_for_its_password(authority: trustme.CA, ca: str, tmp_path: Path) -> None:
    from cryptography.hazmat.primitives import serialization as written

    certificate, key = issue(authority, tmp_path, "localhost")
    plain = written.load_pem_private_key(Path(key).read_bytes(), None)
    secret = written.BestAvailableEncryption(b"password")
    Path(key).write_bytes(plain.private_bytes(written.Encoding.PEM, written.PrivateFormat.PKCS8, secret))
    with pytest.raises(ConfigurationError, match="encrypted"):
        listener_options(certificate, key)


def call(base: str) -> str:
    """Ask the searchengine at `base` for a manifest; return the client's error message."""

    async def ask() -> None:
        async with aiohttp.ClientSession() as session:
            await RpcClient(session, base, "").get_manifest(0, Layout(1, 2))

    with pytest.raises((NotFoundError, UnavailableError)) as answered:
        asyncio.run(ask())
    return str(answered.value)


def test_who_is_not_who_the_name_says_is_not_called(
    spawn: Spawn, authority: trustme.CA, ca: str, tmp_path: Path
) -> None:
    certificate, key = issue(authority, tmp_path, "search.example")
    searchengine = spawn(
        "searchengine", "-addr=127.0.0.1:0", "-data=store", f"-tls-cert={certificate}", f"-tls-key={key}"
    )
    searchengine.wait_for("listening on https://127.0.0.1:")
    port = int(searchengine.output.partition("https://127.0.0.1:")[2].split(",")[0])
    trust(ca)
    right = base_url("127.0.0.1", port, "search.example")
    assert right == f"https://127.0.0.1:{port}#search.example"
    wait_until(lambda: "not installed here" in call(right), 30, "the searchengine answers")
    for wrong in (base_url("127.0.0.1", port, "other.example"), f"https://127.0.0.1:{port}"):
        assert "is not trusted" in call(wrong)
    with pytest.raises(UnavailableError, match="CERTIFICATE_VERIFY_FAILED"):
        read_status(f"127.0.0.1:{port}")
    trustme.CA().cert_pem.write_to_path(tmp_path / "other.pem")
    trust(str(tmp_path / "other.pem"))
    said = call(right)
    assert "is not trusted" in said
    assert "-tls-ca" in said


def test_addresses_carry_the_name_that_was_looked_up(ca: str) -> None:
    trust(ca)
    found = asyncio.run(Addresses(["localhost:99", "[::1]:98"]).look_up())
    assert "https://[::1]:98#::1" in found
    assert "https://127.0.0.1:99#localhost" in found
    trust("")
    assert asyncio.run(Addresses(["127.0.0.1:99"]).look_up()) == {"http://127.0.0.1:99"}


def test_a_replica_takes_such_an_address_for_a_peer(ca: str) -> None:
    trust(ca)
    _check(base_url("10.0.0.7", 99, "search.example"))
    _check(base_url("::1", 99, "search.example"))


def serves(name: str, documents: int) -> bool:
    """Return True if the worker that answers serves that many documents, and answers in time."""
    try:
        return bool(read_status(name)["documents"] == documents)
    except UnavailableError:
        return False


@pytest.mark.parametrize("workers", [1, 2])
def test_from_an_indexer_to_people_over_tls(
    spawn: Spawn, authority: trustme.CA, ca: str, tmp_path: Path, workers: int
) -> None:
    certificate, key = issue(authority, tmp_path, "localhost")
    secret, port = {"LIGHTSHIP_TOKEN": "new secret of enough letters,former secret of enough letters"}, free_port()
    listening = (f"-addr=127.0.0.1:{port}", f"-tls-cert={certificate}", f"-tls-key={key}", f"-workers={workers}")
    spawn("searchengine", *listening, "-data=store", env=secret).wait_for("listening", PATIENCE)
    names = f"-searchengine=localhost:{port}"
    wrong = tmp_path / "wrong.pem"
    trustme.CA().cert_pem.write_to_path(wrong)
    stranger = spawn("indexer", names, f"-tls-ca={wrong}", env=secret)
    stranger.wait_for("is not trusted", PATIENCE)
    stranger.stop()
    former = {"LIGHTSHIP_TOKEN": "former secret of enough letters"}  # still accepted during a rotation
    spawn("indexer", names, f"-tls-ca={ca}", env=former).wait_for("up to date", PATIENCE)
    trust(ca)
    wait_until(lambda: serves(f"localhost:{port}", 2), PATIENCE, "two documents")
    told = spawn("lightship", "status", names, f"-tls-ca={ca}")
    told.wait_for(": ready, layout s1v2", PATIENCE)
