"""`lightship promote` and `lightship rollback`: change the layout that every replica serves."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import aiohttp

from lightship.cli.system.secret import adopt_secret
from lightship.config import PromoteSettings, RollbackSettings, admin_token, parse_settings
from lightship.core.errors import ConfigurationError, UnavailableError, words
from lightship.core.manifest import Layout
from lightship.http.tls import trust
from lightship.rpc.addresses import Addresses
from lightship.rpc.client import CALL_ERRORS, RpcClient
from lightship.rpc.messages import Served

Action = Callable[[RpcClient], Awaitable[Served]]


def promote(arguments: Sequence[str]) -> None:
    """Have every replica serve a layout, and print what each did; raises UnavailableError if one did not."""
    settings, layouts = parse_settings(
        PromoteSettings, "lightship promote", arguments, positional="LAYOUT",
        description="Serve a layout, like s3v1, on every replica: at once where it is whole, or else as soon as it is.",
    )  # fmt: skip
    if len(layouts) != 1:
        raise ConfigurationError("lightship promote: name one layout, like s3v1; `lightship status` shows them")
    layout = Layout.of(layouts[0])
    trust(settings.tls_ca)
    adopt_secret(settings.data)
    asyncio.run(_everywhere(settings.searchengine, lambda client: client.promote(layout)))


def rollback(arguments: Sequence[str]) -> None:
    """Have every replica serve its former layout again, and print what each did; raises UnavailableError if one did not."""
    settings, _ = parse_settings(
        RollbackSettings, "lightship rollback", arguments,
        description="Serve the former layout again on every replica that keeps one.",
    )  # fmt: skip
    trust(settings.tls_ca)
    adopt_secret(settings.data)
    asyncio.run(_everywhere(settings.searchengine, RpcClient.roll_back))


async def _everywhere(names: Sequence[str], action: Action) -> None:
    addresses = await Addresses(names).look_up()
    if not addresses:
        raise UnavailableError(f"no searchengine is found behind {', '.join(names)}")
    failed = 0
    async with aiohttp.ClientSession() as session:
        for address in sorted(addresses):
            try:
                told = _told(await action(RpcClient(session, address, admin_token())))
            except CALL_ERRORS as error:
                failed += 1
                told = words(error)
            print(f"{address.partition('#')[0]}: {told}")  # noqa: T201 (what was asked for)
    if failed:
        raise UnavailableError(f"{failed} of {len(addresses)} searchengines did not do it: repeat the command for them")


def _told(served: Served) -> str:
    wanted = f", {served.wanted} follows when it is whole" if served.wanted else ""
    former = f", {served.former} is kept" if served.former else ""
    return f"serves {served.layout or 'nothing yet'}{wanted}{former}"
