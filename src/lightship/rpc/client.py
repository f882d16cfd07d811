"""The client of a searchengine's RPC: one method per call, each with a deadline."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import math
import os
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any

import aiohttp
import msgspec
from yarl import URL

from lightship.core.errors import (
    InvalidInputError,
    LightshipError,
    NotFoundError,
    OutOfSpaceError,
    RetiredError,
    SupersededError,
    TooLargeError,
    UnauthorizedError,
    UnavailableError,
    status_of,
)
from lightship.core.manifest import MAX_MANIFEST_BYTES, File, Layout, LayoutName, Manifest, check_manifest
from lightship.http.problem import Problem
from lightship.http.tls import trusted
from lightship.http.tokens import authorization, clock_hint
from lightship.rpc.checked_copy import copy_verified
from lightship.rpc.messages import Installed, Missing, Served
from lightship.rpc.multipart import write_enclosed
from lightship.runtime.files import space_errors

CALL_SECONDS = 10.0
SLOWEST_LINK = 1 << 20  # bytes per second; extends the deadline of a call that transfers a file
PEER_LINK = 10 << 20  # bytes per second; a slower peer is not worth waiting for
_CHUNK = 1 << 18
_MAX_ANSWER = MAX_MANIFEST_BYTES

CALL_ERRORS = (LightshipError, aiohttp.ClientError, OSError, TimeoutError)  # what a call may raise

_ERRORS: dict[int, type[LightshipError]] = {
    status_of(kind("")): kind
    for kind in (
        InvalidInputError, NotFoundError, TooLargeError, UnavailableError,
        OutOfSpaceError,
    )
}  # fmt: skip


class RpcClient:
    """Calls one searchengine at `base` (like http://10.0.0.7:8080). Its error answers are raised as LightshipErrors."""

    def __init__(self, session: aiohttp.ClientSession, base: str, token: str) -> None:
        """Use `session` (shared by many clients), and sign each call with the secret `token`, unless it is empty.

        The certificate must be valid for the fragment of `base` (see `Addresses`), or for its host without a fragment.
        """
        self._session, self._base, self._token = session, URL(base), token
        self._name = self._base.fragment or None

    async def put_manifest(self, manifest: Manifest, enclosed: Sequence[str] = ()) -> Installed | Missing:
        """Offer `manifest`, with its files at the paths `enclosed`; return what was installed, or the missing files."""
        body = msgspec.json.encode(manifest)
        query = {"digest": hashlib.sha256(body).hexdigest()}
        if enclosed:
            query["enclosed"] = ",".join(map(os.path.basename, enclosed))
            body = write_enclosed(body, await asyncio.to_thread(_contents, enclosed))
        status, answer = await self._put(f"/rpc/v1/shards/{manifest.shard}", _body(body), CALL_SECONDS, query)
        try:
            if status == 202:
                return msgspec.json.decode(answer, type=Missing)
            return msgspec.json.decode(answer, type=Installed)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise UnavailableError(f"{self._base} is not a searchengine: unexpected answer ({error})") from error

    async def put_file(self, manifest: Manifest, file: File, path: str, pace: float = math.inf) -> None:
        """Send `file`, which is at `path`, at no more than `pace` bytes per second."""
        query = {"layout": manifest.layout.name, "digest": file.digest, "size": str(file.size)}
        seconds = CALL_SECONDS + file.size / SLOWEST_LINK
        target = f"/rpc/v1/shards/{manifest.shard}/files/{file.name}"
        await self._put(target, _chunks(path, pace), seconds, query, file.size)

    async def fetch_file(self, manifest: Manifest, file: File, source: str) -> None:
        """Make the searchengine fetch `file` from the one at `source` (like http://10.0.0.8:8080)."""
        query = {"layout": manifest.layout.name, "digest": file.digest, "size": str(file.size), "source": source}
        seconds = CALL_SECONDS + file.size / PEER_LINK
        await self._put(f"/rpc/v1/shards/{manifest.shard}/files/{file.name}", b"", seconds, query)

    async def get_manifest(self, shard: int, layout: Layout | LayoutName) -> Manifest:
        """Return the manifest of `shard` that is installed in `layout`, whether that is served or not.

        Raises NotFoundError when there is none, UnavailableError when the answer is unusable.
        """
        async with self._get(f"/rpc/v1/shards/{shard}", CALL_SECONDS, layout) as response:
            answer = await _read(response, MAX_MANIFEST_BYTES)
        try:
            manifest = check_manifest(msgspec.json.decode(answer, type=Manifest), shard)
        except (msgspec.MsgspecError, UnicodeDecodeError, InvalidInputError) as error:
            raise UnavailableError(f"{self._base} sent an invalid manifest: {error}") from error
        if manifest.layout != layout:
            raise UnavailableError(f"{self._base} sent layout {manifest.layout.name} instead of {layout.name}")
        return manifest

    async def get_file(self, manifest: Manifest, file: File, path: str) -> None:
        """Fetch `file` of `manifest` to `path`, where it appears once it is complete, verified and durable.

        Raises NotFoundError when the searchengine does not have it (any more), UnavailableError when it sends other
        bytes, OutOfSpaceError.
        """
        part, seconds = f"{path}.part", CALL_SECONDS + file.size / SLOWEST_LINK
        target = f"/rpc/v1/shards/{manifest.shard}/files/{file.name}"
        try:
            with space_errors(os.path.dirname(path)):
                async with self._get(target, seconds, manifest.layout) as response:
                    await self._receive(response, file, part)
                os.rename(part, path)
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(part)

    async def read_file(self, shard: int, layout: Layout | LayoutName, file: File) -> AsyncIterator[bytes]:
        """Yield the bytes of `file` as they arrive, unverified."""
        seconds = CALL_SECONDS + file.size / PEER_LINK
        async with self._get(f"/rpc/v1/shards/{shard}/files/{file.name}", seconds, layout) as response:
            async for chunk in response.content.iter_chunked(_CHUNK):
                yield chunk

    async def _receive(self, response: aiohttp.ClientResponse, file: File, part: str) -> None:
        with open(part, "wb") as out:
            try:
                await copy_verified(out, file, response.content.iter_chunked(_CHUNK))
            except InvalidInputError as error:
                raise UnavailableError(f"{self._base} sent a {file.name} that does not match its manifest") from error

    async def promote(self, layout: Layout | LayoutName) -> Served:
        """Make the searchengine serve `layout`, at once or as soon as it is complete."""
        return await self._administer("/admin/v1/promote", {"layout": layout.name})

    async def roll_back(self) -> Served:
        """Make the searchengine serve the former layout again; raises NotFoundError when it keeps none."""
        return await self._administer("/admin/v1/rollback", {})

    async def _administer(self, path: str, query: dict[str, str]) -> Served:
        async with self._call("POST", path, query, timeout=aiohttp.ClientTimeout(total=CALL_SECONDS)) as response:
            answer = await _read(response, _CHUNK)
        try:
            return msgspec.json.decode(answer, type=Served)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise UnavailableError(f"{self._base} is not a searchengine: unexpected answer ({error})") from error

    def _get(
        self, path: str, seconds: float, layout: Layout | LayoutName
    ) -> contextlib.AbstractAsyncContextManager[aiohttp.ClientResponse]:
        """Return the response to a GET, which must be read within `seconds`."""
        timeout = aiohttp.ClientTimeout(total=seconds, sock_read=CALL_SECONDS)
        return self._call("GET", path, {"layout": layout.name}, timeout=timeout)

    async def _put(
        self, path: str, body: Any, seconds: float, query: dict[str, str], size: int | None = None
    ) -> tuple[int, bytes]:
        """Send `body`; if its `size` is known, an iterator is sent with a Content-Length instead of chunked."""
        headers = None if size is None else {"Content-Length": str(size)}
        timeout = aiohttp.ClientTimeout(total=seconds)
        async with self._call("PUT", path, query, headers, data=body, timeout=timeout) as response:
            return response.status, await _read(response, _MAX_ANSWER)

    @contextlib.asynccontextmanager
    async def _call(
        self, method: str, path: str, query: dict[str, str], headers: Mapping[str, str] | None = None, **options: Any
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        url = self._base.with_path(path).with_query(query)
        signed = {**(headers or {}), **authorization(self._token, method, url.raw_path_qs)}
        call = self._session.request(
            method, url, headers=signed, allow_redirects=False, ssl=trusted() or True, server_hostname=self._name,
            **options,
        )  # fmt: skip
        with self._tls_errors():
            async with call as response:
                if response.status >= 300:
                    raise _error(response.status, await _read(response, _CHUNK), response.headers.get("Date"))
                yield response

    @contextlib.contextmanager
    def _tls_errors(self) -> Iterator[None]:
        try:
            yield
        except aiohttp.ClientConnectorCertificateError as error:
            reason = getattr(error.certificate_error, "verify_message", "") or error.certificate_error
            raise UnavailableError(
                f"the certificate of {self._base} is not trusted: {reason}; check -tls-ca"
            ) from error
        except aiohttp.ClientConnectorSSLError as error:
            raise UnavailableError(
                f"TLS handshake with {self._base} failed ({error.strerror}); check its -tls-cert"
            ) from error


async def _read(response: aiohttp.ClientResponse, limit: int) -> bytes:
    answer = bytearray()
    async for chunk in response.content.iter_chunked(_CHUNK):
        answer += chunk
        if len(answer) > limit:
            raise UnavailableError(f"the answer is longer than {limit} bytes")
    return bytes(answer)


def _error(status: int, answer: bytes, date: str | None = None) -> LightshipError:
    try:
        problem = msgspec.json.decode(answer, type=Problem)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        problem = Problem(f"HTTP status {status}")
    if status == status_of(SupersededError("")):
        if problem.retired:
            return RetiredError(problem.error)
        installed = (problem.epoch, problem.generation) if problem.epoch and problem.generation else None
        return SupersededError(problem.error, installed)
    if status == status_of(UnauthorizedError("")):
        return UnauthorizedError(problem.error + clock_hint(date))
    return _ERRORS.get(status, LightshipError)(problem.error)


def _contents(paths: Sequence[str]) -> list[bytes]:
    contents = []
    for path in paths:
        with open(path, "rb") as file:
            contents.append(file.read())
    return contents


def _body(content: bytes) -> bytes | AsyncIterator[bytes]:
    """Return `content`, in pieces if aiohttp would warn about its size."""
    return content if len(content) < _CHUNK else _pieces(content)


async def _pieces(content: bytes) -> AsyncIterator[bytes]:
    for begin in range(0, len(content), _CHUNK):
        yield content[begin : begin + _CHUNK]


async def _chunks(path: str, pace: float) -> AsyncIterator[bytes]:
    due = time.monotonic()
    with open(path, "rb") as file:
        while chunk := file.read(_CHUNK):
            due += len(chunk) / pace
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            yield chunk  # after the pause: the call ends with the last chunk
