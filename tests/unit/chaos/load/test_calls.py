"""With a certificate authority, calls use TLS and verify the server; signed targets are sent exactly as signed."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest
import trustme
from aiohttp import web

from lightship.chaos.load.calls import new_session, url_at
from lightship.http.tls import trust

TIMEOUT = aiohttp.ClientTimeout(total=10)
TARGET = "/documents?url=https%3A%2F%2Fa.example%2F1&x=a+b"


@pytest.fixture(autouse=True)
def nobody_trusted() -> Iterator[None]:
    yield
    trust("")


async def asked(context: ssl.SSLContext | None) -> str:
    """Return the target of a request as received by a server with this TLS context."""
    targets = []

    async def answer(request: web.BaseRequest) -> web.Response:
        targets.append(request.raw_path)
        return web.Response()

    runner = web.ServerRunner(web.Server(answer))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    host, port = runner.addresses[0][:2]
    try:
        async with new_session(TIMEOUT) as session, session.get(url_at(f"{host}:{port}", TARGET)):
            return targets[0]
    finally:
        await runner.cleanup()


def test_a_target_is_sent_as_it_is() -> None:
    assert asyncio.run(asked(None)) == TARGET


def test_tls(tmp_path: Path) -> None:
    authority, stranger = trustme.CA(), trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    for name, each in (("ours.pem", authority), ("other.pem", stranger)):
        each.cert_pem.write_to_path(str(tmp_path / name))
    trust(str(tmp_path / "ours.pem"))
    assert asyncio.run(asked(context)) == TARGET
    trust(str(tmp_path / "other.pem"))
    with pytest.raises(aiohttp.ClientConnectorCertificateError):
        asyncio.run(asked(context))
