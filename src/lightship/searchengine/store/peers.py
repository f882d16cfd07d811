"""Fetches files from other replicas, as told by an indexer."""

from __future__ import annotations

import re
from importlib import import_module

from anyio.to_thread import run_sync

from lightship.config.setting import parse_address
from lightship.core.errors import InvalidInputError, LightshipError, OutOfSpaceError, UnavailableError
from lightship.core.manifest import File, LayoutName
from lightship.searchengine.store.store import Store

_SOURCE = re.compile(r"https?://([^/?#@]+)(?:#[^/?#@]+)?")  # the format of `Addresses`
_CONNECT_SECONDS = 2.0


class Peers:
    """The other replicas, seen from the replica of `store`."""

    def __init__(self, store: Store, token: str) -> None:
        """Authorize with `token`. Without one nothing is fetched: anyone could make this process call any address."""
        self._store, self._token = store, token

    async def fetch(self, source: str, shard: int, layout: LayoutName, file: File) -> None:
        """Receive `file` from the replica at `source`.

        Raises UnavailableError if that fails, and the errors of `Store.receive`.
        """
        if not self._token:
            raise InvalidInputError(
                "source= needs LIGHTSHIP_TOKEN to be set on this searchengine; set it, or send the bytes"
            )
        _check(source)
        await run_sync(self._store.check_offered, layout, shard, file)
        # Imported only by replicas that feed each other: it takes 8 MB and 0.1 s
        await run_sync(import_module, "lightship.rpc.client")
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
            raise UnavailableError(f"can't fetch {file.name} from {source}: {str(error) or 'timed out'}") from error


def _check(source: str) -> None:
    found = _SOURCE.fullmatch(source)
    try:
        parse_address(found[1] if found else "")
    except ValueError as error:
        raise InvalidInputError(f"source={source[:80]!r} is not the url of a searchengine: {error}") from error
