"""`lightship promote` and `lightship rollback`: switch every replica to another layout."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import aiohttp

from lightship.cli.system.secret import adopt_secret
from lightship.config import PromoteSettings, RollbackSettings, admin_token, parse_settings
from lightship.core.errors import ConfigurationError, UnavailableError, words
from lightship.core.manifest import LayoutName
from lightship.http.tls import trust
from lightship.rpc.addresses import Addresses
from lightship.rpc.client import CALL_ERRORS, RpcClient
from lightship.rpc.messages import Served

Action = Callable[[RpcClient], Awaitable[Served]]


def promote(arguments: Sequence[str]) -> None:
    """Make every replica serve a layout and print each result; raises UnavailableError if any of them failed."""
    settings, layouts = parse_settings(
        PromoteSettings, "lightship promote", arguments, positional="LAYOUT",
        description="Serve a layout, like s3v1, on every replica: at once where it is complete, otherwise as soon as it is.",
    )  # fmt: skip
    if len(layouts) != 1:
        raise ConfigurationError("lightship promote: name exactly one layout, like s3v1; `lightship status` lists them")
    layout = LayoutName.of(layouts[0])
    trust(settings.tls_ca)
    adopt_secret(settings.data)
    asyncio.run(_everywhere(settings.searchengine, lambda client: client.promote(layout)))


def rollback(arguments: Sequence[str]) -> None:
    """Make every replica serve its former layout again and print each result; raises UnavailableError if any failed."""
    settings, _ = parse_settings(
        RollbackSettings, "lightship rollback", arguments,
        description="Serve the former layout again on every replica that still has one.",
    )  # fmt: skip
    trust(settings.tls_ca)
    adopt_secret(settings.data)
    asyncio.run(_everywhere(settings.searchengine, RpcClient.roll_back))


async def _everywhere(names: Sequence[str], action: Action) -> None:
    addresses = await Addresses(names).look_up()
    if not addresses:
        raise UnavailableError(f"no searchengine found at {', '.join(names)}; name them with -searchengine")
    failed = 0
    async with aiohttp.ClientSession() as session:
        for address in sorted(addresses):
            try:
                result = _describe(await action(RpcClient(session, address, admin_token())))
            except CALL_ERRORS as error:
                failed += 1
                result = words(error)
            print(f"{address.partition('#')[0]}: {result}")  # noqa: T201 (what was asked for)
    if failed:
        raise UnavailableError(f"{failed} of {len(addresses)} searchengines failed; run the command again for those")


def _describe(served: Served) -> str:
    wanted = f", switches to {served.wanted} once it is complete" if served.wanted else ""
    former = f", keeps {served.former} for rollback" if served.former else ""
    return f"serves {served.layout or 'nothing yet'}{wanted}{former}"
