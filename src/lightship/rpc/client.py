"""The client of a searchengine's RPC: one call a method, each with a deadline."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import msgspec

from lightship.errors import (
    InvalidInputError,
    LightshipError,
    NotFoundError,
    OutOfSpaceError,
    SupersededError,
    TooLargeError,
    UnauthorizedError,
    UnavailableError,
    status_of,
)
from lightship.manifest import File, Manifest
from lightship.rpc.messages import Installed, Missing, Problem

CALL_SECONDS = 10.0
SLOWEST_LINK = 1 << 20  # bytes a second; a file may take this much longer than a call
_CHUNK = 1 << 18

_ERRORS: dict[int, type[LightshipError]] = {
    status_of(kind("")): kind
    for kind in (
        InvalidInputError, UnauthorizedError, NotFoundError, TooLargeError, UnavailableError,
        OutOfSpaceError,
    )
}  # fmt: skip


class RpcClient:
    """Calls one searchengine at `base` (like http://10.0.0.7:8080). Errors that it answers are raised as ours."""

    def __init__(self, session: aiohttp.ClientSession, base: str, token: str) -> None:
        """Use `session` (shared by many clients) and show `token`, unless it is empty."""
        self._session, self._base = session, base
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    async def put_manifest(self, manifest: Manifest) -> Installed | Missing:
        """Offer `manifest`; return what was installed, or the files that are missing."""
        body = msgspec.json.encode(manifest)
        status, answer = await self._put(f"/rpc/v1/shards/{manifest.shard}", body, CALL_SECONDS, {})
        try:
            if status == 202:
                return msgspec.json.decode(answer, type=Missing)
            return msgspec.json.decode(answer, type=Installed)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise UnavailableError(f"{self._base} does not answer like a searchengine: {error}") from error

    async def put_file(self, manifest: Manifest, file: File, path: str) -> None:
        """Send `file`, which is at `path`."""
        query = {"layout": manifest.layout.name, "digest": file.digest, "size": str(file.size)}
        seconds = CALL_SECONDS + file.size / SLOWEST_LINK
        await self._put(f"/rpc/v1/shards/{manifest.shard}/files/{file.name}", _chunks(path), seconds, query)

    async def _put(self, path: str, body: Any, seconds: float, query: dict[str, str]) -> tuple[int, bytes]:
        timeout = aiohttp.ClientTimeout(total=seconds)
        call = self._session.put(
            self._base + path, data=body, params=query, headers=self._headers, timeout=timeout, allow_redirects=False
        )
        async with call as response:
            answer = await response.read()
            if response.status >= 300:
                raise _error(response.status, answer)
            return response.status, answer


def _error(status: int, answer: bytes) -> LightshipError:
    try:
        problem = msgspec.json.decode(answer, type=Problem)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        problem = Problem(f"HTTP status {status}")
    if status == status_of(SupersededError("")):
        installed = (problem.epoch, problem.generation) if problem.epoch and problem.generation else None
        return SupersededError(problem.error, installed)
    return _ERRORS.get(status, LightshipError)(problem.error)


async def _chunks(path: str) -> AsyncIterator[bytes]:
    with open(path, "rb") as file:
        while chunk := file.read(_CHUNK):
            yield chunk
