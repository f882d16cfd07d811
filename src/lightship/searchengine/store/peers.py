"""Fetches files from other replicas, when an indexer says which of them has one."""

from __future__ import annotations

import re
from importlib import import_module

from anyio.to_thread import run_sync

from lightship.config.setting import parse_address
from lightship.core.errors import InvalidInputError, LightshipError, OutOfSpaceError, UnavailableError
from lightship.core.manifest import File, Layout
from lightship.searchengine.store.store import Store

_SOURCE = re.compile(r"https?://([^/?#@]+)(?:#[^/?#@]+)?")  # as `Addresses` writes them
_CONNECT_SECONDS = 2.0


class Peers:
    """The other replicas, for the replica of `store`."""

    def __init__(self, store: Store, token: str) -> None:
        """Show them `token`: without one, none is asked, or anyone could have this process call any address."""
        self._store, self._token = store, token

    async def fetch(self, source: str, shard: int, layout: Layout, file: File) -> None:
        """Receive `file` from the replica at `source`. Raises UnavailableError when it does not give it, and as `receive`."""
        if not self._token:
            raise InvalidInputError("source is for searchengines with a token: set LIGHTSHIP_TOKEN, or send the bytes")
        _check(source)
        await run_sync(self._store.check_offered, layout, shard, file)
        await run_sync(
            import_module, "lightship.rpc.client"
        )  # 8 MB and 0.1 s, for those replicas only that feed each other
        import aiohttp

        from lightship.rpc.client import RpcClient

        timeout = aiohttp.ClientTimeout(sock_connect=_CONNECT_SECONDS)
        try:
            async with aiohttp.ClientSession(timeout=timeout) as session:
                chunks = RpcClient(session, source, self._token).read_file(shard, layout, file)
                await self._store.receive(layout, shard, file, chunks)
        except OutOfSpaceError:
            raise
        except (LightshipError, aiohttp.ClientError, TimeoutError) as error:
            raise UnavailableError(f"{source} did not give {file.name}: {str(error) or 'too slow'}") from error


def _check(source: str) -> None:
    found = _SOURCE.fullmatch(source)
    try:
        parse_address(found[1] if found else "")
    except ValueError as error:
        raise InvalidInputError(f"source={source[:80]!r} is not the address of a searchengine: {error}") from error
