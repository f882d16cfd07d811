"""The events of a client that watches a search: server-sent events (https://html.spec.whatwg.org/#server-sent-events)."""

from __future__ import annotations

from typing import Literal

import msgspec

from lightship.core.position import Reached
from lightship.searchengine.search.api import Hit

MEDIA_TYPE = "text/event-stream"
RETRY_MILLISECONDS = 500

Kind = Literal["added", "changed", "gone"]


class Gone(msgspec.Struct, frozen=True):
    """A page that is deleted, or does not match any more."""

    url: str
    title: str


class Missed(msgspec.Struct, frozen=True):
    """Why a client may have missed events: it has to search again."""

    reason: str


BEGIN = f"retry: {RETRY_MILLISECONDS}\n".encode()  # the first lines of a stream; an event follows
BEAT = b": still watching\n\n"
TOO_SLOW = b": too many events wait to be read\n\n"
FORGOTTEN = Missed("what changed since then is not known any more; search again")
FAILED = Missed("what changed could not be matched here; search again")
TOO_MANY = Missed("too many pages changed at once; search again")


def event(kind: Kind, shown: Hit | Gone, position: Reached) -> bytes:
    """Return an event; a client that has read it continues after `position`."""
    return b"event: %b\ndata: %b\nid: %b\n\n" % (kind.encode(), msgspec.json.encode(shown), str(position).encode())


def missed(shown: Missed, position: Reached) -> bytes:
    """Return the event that says that others may be missing."""
    return b"event: missed\ndata: %b\nid: %b\n\n" % (msgspec.json.encode(shown), str(position).encode())


def reached(position: Reached) -> bytes:
    """Return what tells a client how far it has read, which browsers do not show as an event."""
    return b"id: %b\n\n" % str(position).encode()
