"""Credentials go only to the host of their entry, over TLS: not to another host, a log or a message."""

from __future__ import annotations

import asyncio
import base64
import logging
import os
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from lightship.config import CrawlerSettings
from lightship.core import urls
from lightship.core.errors import ConfigurationError
from lightship.crawler.fetching.credentials import read_credentials
from lightship.crawler.fetching.fetch import Fetcher, FetchError
from mockweb.crawling import Crawl
from mockweb.raw import RawServer, says
from mockweb.site import MockSite

EMPTY = says(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 0\r\n\r\n")
AUTHORITY = trustme.CA()


def write(folder: Path, text: str, mode: int = 0o600) -> str:
    path = folder / "credentials.toml"
    path.write_text(text)
    path.chmod(mode)
    return str(path)


@pytest.fixture
def server_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ssl.SSLContext]:
    """A TLS context for servers on the loopback, whose authority this test's clients trust."""
    AUTHORITY.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    monkeypatch.setattr("aiohttp.connector._SSL_CONTEXT_VERIFIED", ssl.create_default_context())
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    AUTHORITY.issue_cert("127.0.0.1", "localhost").configure_cert(context)
    AUTHORITY.configure_trust(context)
    yield context


async def heads(settings: CrawlerSettings, server: RawServer, *links: str) -> str:
    """Return the requests to `server` when `links` are fetched."""
    async with Fetcher(settings, {urls.address(link) for link in links}) as fetcher:
        for link in links:
            await fetcher.get(link)
    return b"".join(server.heads).decode()


@pytest.mark.parametrize(
    ("entry", "header"),
    [
        ('basic = "me:pässword"', f"Authorization: Basic {base64.b64encode('me:pässword'.encode()).decode()}"),
        ('bearer = "t0ken"', "Authorization: Bearer t0ken"),
        ('cookie = "session=s3cret; b=c"', "Cookie: session=s3cret; b=c"),
    ],
)
def test_each_kind_is_sent_over_tls(entry: str, header: str, tmp_path: Path, server_tls: ssl.SSLContext) -> None:
    async def run() -> str:
        async with RawServer(EMPTY, tls=server_tls) as server:
            path = write(tmp_path, f'["127.0.0.1:{server.port}"]\n{entry}\n')
            return await heads(CrawlerSettings(credentials=path), server, server.url())

    assert f"{header}\r\n" in asyncio.run(run())


def test_a_client_certificate_is_shown(tmp_path: Path, server_tls: ssl.SSLContext) -> None:
    server_tls.verify_mode = ssl.CERT_REQUIRED
    client = AUTHORITY.issue_cert("me@example.org")
    (tmp_path / "keys").mkdir()
    client.cert_chain_pems[0].write_to_path(tmp_path / "keys" / "me.pem")
    client.private_key_pem.write_to_path(tmp_path / "keys" / "me.key")

    async def run(entry: str) -> str:
        async with RawServer(EMPTY, tls=server_tls) as server:
            path = write(tmp_path, f'["127.0.0.1:{server.port}"]\n{entry}\n')
            return await heads(CrawlerSettings(credentials=path), server, server.url())

    assert asyncio.run(run('certificate = "keys/me.pem"\nkey = "keys/me.key"')).startswith("GET / HTTP/1.1\r\n")
    with pytest.raises(FetchError):
        asyncio.run(run('bearer = "x"'))


def test_they_are_for_one_host_and_port_only(tmp_path: Path, server_tls: ssl.SSLContext) -> None:
    async def run() -> tuple[str, str]:
        async with RawServer(EMPTY, tls=server_tls) as right, RawServer(EMPTY, tls=server_tls) as wrong:
            path = write(
                tmp_path, f'["127.0.0.1:{right.port}"]\nbearer = "s3cret"\n["example.org"]\ncookie = "s3cret"\n'
            )
            settings = CrawlerSettings(credentials=path)
            other_name = f"https://localhost:{right.port}/"
            return await heads(settings, right, other_name), await heads(settings, wrong, wrong.url())

    assert "s3cret" not in str(asyncio.run(run()))


def test_plain_http_needs_a_word(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def run(entry: str) -> str:
        async with RawServer(EMPTY) as server:
            path = write(tmp_path, f'["127.0.0.1:{server.port}"]\nbasic = "me:s3cret"\n{entry}')
            return await heads(CrawlerSettings(credentials=path), server, server.url(), server.url("/2"))

    assert "Authorization" not in asyncio.run(run(""))
    assert caplog.text.count("credentials not sent over plain http; plain_http = true in their entry allows it") == 1
    assert asyncio.run(run("plain_http = true")).count("Authorization: Basic bWU6czNjcmV0") == 2


def test_a_host_without_port_means_its_usual_ports(tmp_path: Path) -> None:
    known = read_credentials(
        write(tmp_path, '["Docs.Example.org"]\nbearer = "x"\n["b.org"]\nbearer = "y"\nplain_http = true')
    )
    assert known.of("https://docs.example.org/a")
    assert known.of("http://b.org/")
    for url in (
        "http://docs.example.org/",
        "https://docs.example.org:8443/",
        "https://example.org/",
        "https://a.docs.example.org/",
    ):
        assert known.of(url) is None


def test_a_redirect_takes_no_credentials_elsewhere_and_nothing_is_logged(
    site: MockSite, other: MockSite, crawl: Crawl, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    entry = 'basic = "me:s3cret-basic"\ncookie = "c=s3cret-cookie"\nplain_http = true'
    path = write(tmp_path, f'["{site.address}"]\n{entry}\n')
    site.redirect("/", other.url("/landing"))
    other.page("/landing", "<title>Landing</title>")
    other.page("/", "<title>Other</title>")
    crawl.once(site.url("/"), other.url("/"), credentials=path)
    assert crawl.documents() == {other.url("/landing"), other.url("/")}
    assert all("Authorization" in headers and "Cookie" in headers for _, _, headers in site.requests)
    assert not any("Authorization" in headers or "Cookie" in headers for _, _, headers in other.requests)
    encoded = base64.b64encode(b"me:s3cret-basic").decode()
    assert "s3cret" not in caplog.text
    assert encoded not in caplog.text
    for file in (path for path in tmp_path.rglob("*") if path.is_file() and path.suffix != ".toml"):
        assert b"s3cret" not in file.read_bytes()
        assert encoded.encode() not in file.read_bytes()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[docs.example.org]\nbearer = 's3cret'", r"unknown field.*a host is a table with its name in quotes"),
        (
            "['a.org']\npassword = 's3cret'",
            "host 'a.org'.*unknown field `password`.*basic, bearer, cookie, certificate",
        ),
        ("['a.org']\nbearer = 5", "Expected `str`, got `int`"),
        ("'a.org' = 's3cret'", "Expected `object`, got `str`"),
        ("['a.org']\n", "set basic, bearer, cookie or certificate"),
        ("['a.org']\nkey = 'x'", "set basic, bearer, cookie or certificate"),
        ("['a.org']\nbasic = 's3cret'", "basic must be user:password"),
        ("['a.org']\nbearer = 's3cret'\nbasic = 'me:s3cret'", "both basic and bearer"),
        ("['a.org']\ncookie = \"a=s3cret\\r\\nX: y\"", "characters that are not allowed in a header"),
        ("['https://a.org/']\nbearer = 's3cret'", "'https://a.org/' is not a host"),
        ("['']\nbearer = 's3cret'", "'' is not a host"),
        ("['a.org']\ncertificate = 'missing.pem'", "host 'a.org': .*No such file"),
        ("['a.org']\nbearer = s3cret", r"not valid TOML \(at line 2"),
    ],
)
def test_a_wrong_file_is_an_error_without_secrets(text: str, problem: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=problem) as caught:
        read_credentials(write(tmp_path, text))
    assert "s3cret" not in str(caught.value)
    assert "s3cret" not in repr(caught.value.__cause__)


def test_a_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    for mode in (0o640, 0o604, 0o660, 0o644, 0o620):
        with pytest.raises(ConfigurationError, match=r"readable by other users; run: chmod 600"):
            read_credentials(write(tmp_path, "['a.org']\nbearer = 'x'", mode))
    assert read_credentials(write(tmp_path, "['a.org']\nbearer = 'x'", 0o400)).of("https://a.org/")
    with pytest.raises(ConfigurationError, match=r"can't read credentials .*missing\.toml: No such file"):
        read_credentials(str(tmp_path / "missing.toml"))
    assert read_credentials("").of("https://a.org/") is None
    assert os.listdir(tmp_path) == ["credentials.toml"]
