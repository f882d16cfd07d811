"""A shard whose manifests say what changed, as an indexer's do, and a client of /watch."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

import msgspec

from lightship.core.manifest import Manifest
from lightship.core.model import PARTITIONS, Document, partition_of
from lightship.rpc.recent import Change, Recent
from made import Caller, MadeShard

PATIENCE = 2  # signs of life without an event
BEGINNING = dict.fromkeys(range(PARTITIONS), 0)


class LoggedShard(MadeShard):
    """A shard of a log with one sequence for all partitions."""

    def __init__(self, folder: Path, **more: Any) -> None:
        """Make it in `folder`."""
        super().__init__(folder, **more)
        self.sequences, self.recent, self.last = dict(BEGINNING), Recent(BEGINNING), 0

    def _note(self, url: str) -> None:
        self.last += 1
        self.sequences[partition_of(url)] = self.last
        self.recent.add(Change(partition_of(url), self.last, url))

    def put(self, *documents: Document) -> MadeShard:
        """Put and commit."""
        for document in documents:
            self._note(document.url)
        return super().put(*documents)

    def delete(self, *urls: str) -> MadeShard:
        """Delete and commit."""
        for url in urls:
            self._note(url)
        return super().delete(*urls)

    def manifest(self, **changes: Any) -> Manifest:
        """Return the manifest of what is committed."""
        positions = {str(partition): sequence for partition, sequence in self.sequences.items()}
        return super().manifest(**{"positions": positions | self.recent.as_positions(), **changes})


class Event(NamedTuple):
    """A server-sent event."""

    kind: str
    url: str
    id: str
    data: dict[str, Any]


class Watching:
    """A client of /watch, which reads as the specification says."""

    def __init__(self, caller: Caller, query: str = "", last: str = "", **more: str) -> None:
        """Watch `query`, from the event id `last`."""
        self.last = last
        self._connection = http.client.HTTPConnection("127.0.0.1", caller.port, timeout=10)
        headers = {"Last-Event-ID": last} if last else {}
        if caller.token:
            headers["Authorization"] = f"Bearer {caller.token}"
        self._connection.request("GET", "/watch?" + urlencode({"q": query, **more}), headers=headers)
        self.response = self._connection.getresponse()
        self._events = self._read()
        if self.response.status == 200 and not last:
            self.wait_for_id()

    def wait_for_id(self) -> None:
        """Read until the client knows how far it is; raises AssertionError if there is an event before."""
        while not self.last:
            event = next(self._events)
            assert event is None, event

    def next(self) -> Event:
        """Return the next event."""
        return next(event for event in self._events if event)

    def take(self, count: int) -> list[tuple[str, str]]:
        """Return the kinds and the last parts of the urls of the next events."""
        return [(event.kind, event.url.rpartition("/")[2]) for event in (self.next() for _ in range(count))]

    def rest(self) -> list[Event]:
        """Return the events until the stream ends."""
        return [event for event in self._events if event]

    def close(self) -> None:
        """Go away."""
        self.response.close()
        self._connection.close()

    def _read(self) -> Iterator[Event | None]:
        fields: dict[str, str] = {}
        quiet = 0
        for line in self.response:
            text = line.decode().rstrip("\n")
            quiet = quiet + 1 if text.startswith(":") else quiet
            assert quiet < PATIENCE, "no event"
            if text:
                name, _, value = text.partition(":")
                fields[name] = value.removeprefix(" ")
                continue
            self.last = fields.get("id", self.last)
            data = msgspec.json.decode(fields["data"]) if "data" in fields else None
            quiet = 0 if data else quiet
            yield Event(fields["event"], data.get("url", ""), self.last, data) if data else None
            fields = {}
