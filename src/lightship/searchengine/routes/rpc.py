"""The routes of the RPC: indexers put manifests and files, and can read them back. See `rpc/DESIGN.md`."""

from __future__ import annotations

import errno
import logging
import os
from collections.abc import AsyncIterator

import anyio
import msgspec
from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from lightship.core.errors import InvalidInputError, LightshipError, NotFoundError, TooLargeError
from lightship.core.manifest import MAX_MANIFEST_BYTES, MAX_SHARDS, File, LayoutName, Manifest, check_file
from lightship.http.auth import guarded
from lightship.http.tokens import Accepted, Guard, check_body
from lightship.rpc.messages import Missing
from lightship.rpc.multipart import MAX_ENCLOSED_BYTES, read_enclosed, split_enclosed
from lightship.searchengine.search.replica import Replica
from lightship.searchengine.store.peers import Peers
from lightship.searchengine.web.metrics import Metrics

logger = logging.getLogger("searchengine")

_CHUNK = 1 << 20  # bytes read at once in a thread; with 64 KiB, the thread switches would cost more than sending

_manifest_decoder = msgspec.json.Decoder(Manifest)


class Rpc:
    """The endpoints of the RPC for `replica`, which require a secret in `accepted`."""

    def __init__(self, replica: Replica, accepted: Accepted, metrics: Metrics) -> None:
        """Serve `replica`."""
        self._replica, self._guard = replica, Guard(accepted.push, replica.store.folder, trusted=accepted.trusted)
        self._peers = Peers(replica.store, next(iter(accepted.push), ""))
        self._metrics = metrics

    def routes(self) -> list[Route]:
        """Return the routes under /rpc/v1."""
        shard, file = "/rpc/v1/shards/{shard}", "/rpc/v1/shards/{shard}/files/{name}"
        return [
            Route(shard, guarded(self._guard, self._put_manifest), methods=["PUT"]),
            Route(shard, guarded(self._guard, self._get_manifest), methods=["GET"]),
            Route(file, guarded(self._guard, self._put_file), methods=["PUT"]),
            Route(file, guarded(self._guard, self._get_file), methods=["GET"]),
        ]

    async def _put_manifest(self, request: Request) -> Response:
        names = request.query_params.get("enclosed", "")
        body = await _body(request, MAX_MANIFEST_BYTES + (MAX_ENCLOSED_BYTES if names else 0))
        line, content, listed = split_enclosed(body, names)
        check_body(request.query_params.get("digest"), line)
        manifest = decode_manifest(line)
        enclosed = read_enclosed(manifest, content, listed)
        answer = await run_sync(self._replica.store.install, manifest, _shard(request), enclosed)
        self._metrics.received(len(content))
        if isinstance(answer, Missing):
            return _json(answer, 202)
        try:
            self._replica.follow()
        except (LightshipError, OSError) as error:  # it is installed; serving it is retried soon
            logger.warning("installed, but not served yet: %s", error)
        self._metrics.installed(manifest.shard, manifest.version)
        return _json(answer)

    async def _get_manifest(self, request: Request) -> Response:
        return _json(await self._installed(request))

    async def _put_file(self, request: Request) -> Response:
        shard, source = _shard(request), request.query_params.get("source", "")
        layout, file = LayoutName.of(request.query_params.get("layout", "")), _announced(request)
        if source:
            await self._peers.fetch(source, shard, layout, file)
        else:
            await self._replica.store.receive(layout, shard, file, request.stream())
        self._metrics.received(file.size)
        return _json(file, 201)

    async def _get_file(self, request: Request) -> Response:
        name, layout = request.path_params["name"], request.query_params.get("layout", "")
        if not await self._feeds(layout, _shard(request), name):
            manifest = await self._installed(request)
            layout = manifest.layout.name
            if name not in manifest.files:
                raise NotFoundError(f"file {name[:80]!r} is not in the installed manifest of shard {manifest.shard}")
        path = os.path.join(self._replica.store.layout_folder(layout), name)
        try:
            # Opened now: an open file is sent whole, even if it is replaced meanwhile
            file = await anyio.open_file(path, "rb", opener=_open)
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.ELOOP):
                raise
            raise NotFoundError(f"file {name} has just been replaced; get the manifest again") from error
        size = os.fstat(file.wrapped.fileno()).st_size
        return StreamingResponse(
            _content(file), media_type="application/octet-stream", headers={"Content-Length": str(size)}
        )

    async def _feeds(self, layout: str, shard: int, name: str) -> bool:
        """Return True if a peer may read a file before it is installed: it must be verified, and needs a secret."""
        return self._guard.guards and await run_sync(self._replica.store.has_offered, layout, shard, name)

    async def _installed(self, request: Request) -> Manifest:
        """Return the manifest that a GET asks for: from the layout in the query, by default the served one."""
        shard, name = _shard(request), request.query_params.get("layout")
        if name is None or name == self._replica.layout:  # in memory, so that many calls do not delay queries
            found = next((manifest for manifest in self._replica.manifests if manifest.shard == shard), None)
        else:
            found = await run_sync(self._replica.store.manifest, shard, LayoutName.of(name).name)
        if found is None:
            raise NotFoundError(f"shard {shard} is not installed here{f' in {name}' if name else ''}")
        return found


def decode_manifest(body: bytes) -> Manifest:
    """Decode the manifest in `body`; raises InvalidInputError naming a wrong or unknown field."""
    try:
        return _manifest_decoder.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidInputError(f"malformed manifest: {error}") from error


def _open(path: str, flags: int) -> int:
    # A searchengine creates no symbolic links, so the target of one is not its own file
    return os.open(path, flags | os.O_NOFOLLOW)


async def _content(file: anyio.AsyncFile[bytes]) -> AsyncIterator[bytes]:
    async with file:
        while chunk := await file.read(_CHUNK):
            yield chunk


def _announced(request: Request) -> File:
    size = request.query_params.get("size", "")
    if not size.isdecimal() or len(size) > 15:
        raise InvalidInputError(f"invalid size={size[:40]!r}: must be the file's size in bytes, as a decimal number")
    return check_file(File(request.path_params["name"], int(size), request.query_params.get("digest", "")))


def _shard(request: Request) -> int:
    text = request.path_params["shard"]
    if not text.isdecimal() or len(text) > 4 or int(text) >= MAX_SHARDS:
        raise InvalidInputError(f"not a shard: {text[:40]!r}; shards are numbered from 0 to {MAX_SHARDS - 1}")
    return int(text)


async def _body(request: Request, limit: int) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise TooLargeError(f"request body is larger than {limit} bytes")
    return bytes(body)


def _json(message: msgspec.Struct, status: int = 200) -> Response:
    return Response(msgspec.json.encode(message), status, media_type="application/json")
