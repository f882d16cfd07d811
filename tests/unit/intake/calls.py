"""Requests to an intake, and what they left in its log."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

from lightship.doclog.sqlite import SqliteLog
from made import Caller, Reply

Mount = Callable[..., Path]


def line(name: str, **keys: Any) -> bytes:
    return json.dumps({"url": f"https://ex.org/{name}", "text": f"text of {name}", **keys}).encode() + b"\n"


def stored(log: SqliteLog) -> dict[str, str | None]:
    """Return the texts in the log by name; None for deletes."""
    entries = [entry for partition in range(log.partitions) for entry in log.read(partition, 0, 20_000)]
    return {
        entry.url.removeprefix("https://ex.org/"): entry.document.text if entry.document else None for entry in entries
    }


def post(caller: Caller, content: bytes, **headers: str) -> Reply:
    return caller.call("POST", "/documents", content, **headers)


def delete(caller: Caller, *names: str) -> Reply:
    return caller.call("DELETE", "/documents?" + "&".join(f"url={quote(f'https://ex.org/{name}')}" for name in names))
