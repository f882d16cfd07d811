"""The processes that a `lightship up` started, as the system tells them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

PROC = Path("/proc")

_PART = re.compile(r"-m lightship\.(\w+)\.main|import .*(pydoc)")
_NUMBER = re.compile(r"-shard=(\d+)|/searchengine-(\d+)")


def parts_of(data: Path) -> dict[str, int]:
    """Return the process ids of the living parts whose data is below `data`, by names like `indexer-0`.

    A searchengine's workers are its children, with its command line.
    """
    found = {
        process: _name(command) for process, command in _commands() if str(data) in command and _PART.search(command)
    }
    return {name: process for process, name in found.items() if found.get(_parent(process)) != name}


def processes_of(folder: Path) -> list[str]:
    """Return the command lines of all living processes that name `folder`."""
    return [command for _, command in _commands() if str(folder) in command]


def is_alive(process: int) -> bool:
    """Tell whether the process runs; one that has ended and waits to be asked for its status does not."""
    try:
        return (PROC / str(process) / "stat").read_text().rpartition(") ")[2][0] not in "ZX"
    except (OSError, IndexError):
        return False


def _parent(process: int) -> int:
    try:
        return int((PROC / str(process) / "stat").read_text().rpartition(") ")[2].split()[1])
    except (OSError, IndexError):
        return 0


def _commands() -> Iterator[tuple[int, str]]:
    for entry in PROC.iterdir():
        if entry.name.isdecimal() and int(entry.name) != os.getpid() and is_alive(int(entry.name)):
            try:
                yield int(entry.name), (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue


def _name(command: str) -> str:
    part, number = _PART.search(command), _NUMBER.search(command)
    kind = (part[1] or part[2]) if part else ""
    return f"{kind}-{number[1] or number[2]}" if number and kind != "crawler" else kind
