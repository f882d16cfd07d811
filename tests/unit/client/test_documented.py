"""The examples of docs/clients.md do what they say."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable

import pytest

from support import ROOT, Program, free_port

Spawn = Callable[..., Program]


def test_the_examples(spawn: Spawn, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    search, intake = free_port(), free_port()
    spawn("searchengine", f"-addr=127.0.0.1:{search}", "-workers=1", "-drain=0")
    spawn(
        "indexer", f"-searchengine=127.0.0.1:{search}", "-log=sqlite://log.sqlite", f"-listen=127.0.0.1:{intake}",
        "-fields=price:number",
    ).wait_for("accepting documents", 20)  # fmt: skip
    address = f'"http://localhost:{search}", intake="http://localhost:{intake}"'
    blocking, awaiting = re.findall(
        r"^```python\n([\s\S]*?)^```$", (ROOT / "docs" / "clients.md").read_text(), re.MULTILINE
    )
    names: dict[str, object] = {}
    exec(blocking.replace('"http://localhost:8080"', address), names)
    assert capsys.readouterr().out.startswith("https://example.org/1 Desk lamp ")
    exec(awaiting.replace('"http://localhost:8080"', address), names)
    lamps = names["lamps"]
    assert callable(lamps)
    assert asyncio.run(lamps()) == 0
