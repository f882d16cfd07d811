"""Texts of other languages are read from compiled message catalogs."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from bench.mixed import messages


@pytest.mark.parametrize("order", ["<", ">"])
def test_translated_messages_are_read(tmp_path: Path, order: str) -> None:
    pairs = [(b"", b"Language: de\n"), (b"file\0files", "Datei „x“\nda\0Dateien".encode()), (b"open", b"\xc3\xb6ffnen")]
    head = 28 + 16 * len(pairs)
    content, tables = b"", [b"", b""]
    for pair in pairs:
        for number, text in enumerate(pair):
            tables[number] += struct.pack(f"{order}2I", len(text), head + len(content))
            content += text + b"\0"
    path = tmp_path / "program.mo"
    path.write_bytes(
        struct.pack(f"{order}7I", 0x950412DE, 0, len(pairs), 28, 28 + 8 * len(pairs), 0, 0) + b"".join(tables) + content
    )
    assert list(messages(path)) == ["Datei „x“ da", "öffnen"]
