"""Follows /watch of several replicas as one stream: from one to the next, after the last event that was read."""

from __future__ import annotations

import contextlib
import http.client
import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import cycle
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import msgspec

from lightship.core.errors import InvalidInputError, UnauthorizedError, UnavailableError, words
from lightship.http.tls import trusted

QUIET_SECONDS = 30.0  # a replica gives a sign of life every few seconds
AGAIN_LEAST, AGAIN_MOST = 0.1, 5.0  # seconds between two attempts, when no replica answers
MAX_LINE = 1 << 20  # bytes
PASSED = ""  # the kind of what only says how far one has read

logger = logging.getLogger("watch")


class Event(NamedTuple):
    """What happened: added, changed, gone or missed; `id` is where to go on after it."""

    kind: str
    id: str
    data: dict[str, Any]


def watch(
    bases: Sequence[str], target: str, headers: Callable[[], Mapping[str, str]], last: str = ""
) -> Iterator[Event]:
    """Yield the events of `target` (path and query string) from one of the searchengines `bases`, forever.

    `headers` makes those of each request. Goes on after the event id `last`, if there is one. Raises InvalidInputError, UnauthorizedError.
    """
    pause, logged = AGAIN_LEAST, ""
    for base in cycle(bases):
        try:
            for event in _events(base, target, headers(), last):
                last, pause, logged = event.id or last, AGAIN_LEAST, ""
                yield event
        except (OSError, http.client.HTTPException, UnavailableError) as error:
            if words(error) != logged:
                logged = words(error)
                logger.warning("%s: %s; watching another replica, or the same again", base, logged)
            time.sleep(pause)
            pause = min(2 * pause, AGAIN_MOST)


def _events(base: str, target: str, headers: Mapping[str, str], last: str) -> Iterator[Event]:
    """Yield the events of one connection until it ends."""
    parts = urlsplit(base)
    connection = (
        http.client.HTTPSConnection(parts.hostname or "", parts.port, timeout=QUIET_SECONDS, context=trusted())
        if parts.scheme == "https"
        else http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=QUIET_SECONDS)
    )
    with contextlib.closing(connection):
        shown = {"Accept": "text/event-stream", **({"Last-Event-ID": last} if last else {})}
        connection.request("GET", target, headers={**headers, **shown})
        response = connection.getresponse()
        if response.status != http.client.OK:
            raise _refusal(response)
        yield from read_events(response)


def read_events(lines: http.client.HTTPResponse) -> Iterator[Event]:
    """Yield the events in a stream (https://html.spec.whatwg.org/#event-stream-interpretation), and each new id alone."""
    fields: dict[str, list[str]] = {}
    while line := lines.readline(MAX_LINE + 1):
        if len(line) > MAX_LINE:
            raise UnavailableError("a line of events is too long")
        text = line.decode("utf-8", "replace").rstrip("\r\n")
        if text:
            name, _, value = text.partition(":")
            fields.setdefault(name, []).append(value.removeprefix(" "))
            continue
        number = fields.get("id", [""])[-1]
        if "data" in fields:
            data = msgspec.json.decode("\n".join(fields["data"]), type=dict[str, Any])
            yield Event(fields.get("event", ["message"])[-1], number, data)
        elif number:
            yield Event(PASSED, number, {})
        fields = {}


def _refusal(response: http.client.HTTPResponse) -> Exception:
    body = response.read(10_000)
    try:
        reason = str(msgspec.json.decode(body)["error"])
    except (msgspec.DecodeError, UnicodeDecodeError, KeyError, TypeError):
        reason = body.decode("utf-8", "replace").removeprefix("error: ").strip() or f"status {response.status}"
    if response.status in (http.client.UNAUTHORIZED, http.client.FORBIDDEN):
        return UnauthorizedError(reason)
    refused = http.client.BAD_REQUEST <= response.status < http.client.INTERNAL_SERVER_ERROR
    return (
        InvalidInputError(reason)
        if refused and response.status != http.client.TOO_MANY_REQUESTS
        else UnavailableError(reason)
    )
