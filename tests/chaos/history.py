"""The history of a url: what the log's leader has of it, and every entry in the files of each of its servers."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from chaos.blocks import Stored, entries
from chaos.node import Node
from lightship.core.model import Document, partition_of
from lightship.doclog import Entry
from lightship.doclog.protocol.codec import decode

LINES = 14  # of each server: the newest


def history(url: str, stores: Mapping[str, Path], log: str, newest: Entry | None) -> str:
    """Tell what each of `stores`, by the server's name, has of `url` in the log `log`, and its `newest` entry for readers."""
    lines = [f"the history of {url}, partition {partition_of(url)}:"]
    if newest:
        lines.append(_line("leader", newest.sequence, newest.time, "", newest.document))
    for server, store in stores.items():
        lines += list(_lines(server, (each for each in entries(store, log, partition_of(url)) if each.url == url)))
    return "\n".join(lines)


def keep(servers: Sequence[Node], folder: Path) -> dict[str, Path]:
    """Return copies of the files of `servers`, which sleep meanwhile, below `folder`."""
    for server in servers:
        server.pause()
        try:
            shutil.copytree(server.host.disk, folder / server.name)
        finally:
            server.resume()
    return {server.name: folder / server.name for server in servers}


def _lines(server: str, found: Iterable[Stored]) -> Iterator[str]:
    for stored in list(found)[-LINES:]:
        document = decode(stored.url, stored.value) if stored.value else None
        yield _line(server, stored.sequence, stored.time, stored.writer, document)


def _line(server: str, sequence: int, time: float, writer: str, document: Document | None) -> str:
    what = f"version {document.fields.get('version')}" if document else "delete"
    stored = datetime.fromtimestamp(time, UTC).strftime("%H:%M:%S.%f")
    return f"  {server:8} {sequence:7} {stored} {writer:12} {what}"
