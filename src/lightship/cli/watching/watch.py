"""`lightship watch QUERY`: prints which pages match from now on, or posts it to a program."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from urllib.parse import parse_qsl, urlencode

import msgspec

from lightship.cli.queries.asking import base_url, credentials
from lightship.cli.system.secret import adopt_secret
from lightship.cli.watching.state import WatchState, path_of
from lightship.cli.watching.stream import PASSED, Event
from lightship.cli.watching.stream import watch as follow
from lightship.cli.watching.webhook import Webhook
from lightship.config import WatchSettings, parse_settings
from lightship.core.errors import ConfigurationError
from lightship.http.tls import trust

NOTE_SECONDS = 5.0  # between two notes of how far it has got, while nothing happens

logger = logging.getLogger("watch")


def watch(arguments: Sequence[str]) -> None:
    """Print or post each event, until it is stopped; raises ConfigurationError, InvalidInputError, UnauthorizedError."""
    settings, words = parse_settings(
        WatchSettings, "lightship watch", arguments, positional="WORD",
        description="Print a line of JSON for each page that begins to match a search, changes, or no longer matches; or "
        "post it to a webhook. A restart continues where the last run ended.",
    )  # fmt: skip
    query = " ".join(words)
    if not query and not settings.filter:
        raise ConfigurationError("lightship watch: say what to watch for: words, or -filter")
    trust(settings.tls_ca)
    adopt_secret(settings.data)
    state = WatchState(settings.state or path_of(settings.data, query, settings.filter, settings.post))
    webhook = Webhook(settings.post, state.kept.secret) if settings.post else None
    if webhook and state.is_new:
        print(f"secret of this webhook: {state.kept.secret}", flush=True)  # noqa: T201 (its receiver needs it)
    target = "/watch?" + urlencode([("q", query), *parse_qsl(settings.filter)])
    bases, noted = list(map(base_url, settings.searchengine)), time.monotonic()
    for event in follow(bases, target, lambda: credentials(settings.key, target), state.kept.last):
        if event.kind != PASSED:
            webhook.post(event) if webhook else _print(event)
        elif state.kept.last and time.monotonic() < noted + NOTE_SECONDS:
            continue
        noted = time.monotonic()
        state.note(event.id)


def _print(event: Event) -> None:
    print(msgspec.json.encode({"type": event.kind, "data": event.data}).decode(), flush=True)  # noqa: T201 (what was asked for)
