from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from image import packing

LAYER = b"a layer " * 1000


@pytest.fixture(autouse=True)
def kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Keep what is packed in a folder of the test, as in another process each time."""
    monkeypatch.setattr(packing, "KEPT", tmp_path / "packed")
    monkeypatch.setattr(packing, "packed", packing.packed.__wrapped__)
    return tmp_path / "packed"


@pytest.fixture
def count(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the names of the packers that were called."""
    called = list[str]()

    def counted(name: str) -> tuple[Callable[[bytes], bytes], str]:
        pack, package = packing._PACKERS[name]

        def count(layer: bytes) -> bytes:
            called.append(name)
            return pack(layer)

        return count, package

    monkeypatch.setattr(packing, "_PACKERS", {name: counted(name) for name in packing._PACKERS})
    return called


@pytest.mark.parametrize("compression", ["gzip", "zstd", "none"])
def test_a_layer_is_unpacked_as_it_was(compression: str) -> None:
    packed = packing.packed(compression, LAYER)
    assert packing.unpacked(packed) == LAYER
    assert (len(packed) < 200) == (compression != "none")


def test_a_layer_is_packed_once(count: list[str]) -> None:
    packed = [packing.packed(name, LAYER) for name in ("gzip", "zstd", "gzip", "zstd")]
    assert count == ["gzip", "zstd"]
    assert packed[:2] == packed[2:]
    packing.packed("gzip", LAYER + b"more")
    assert count == ["gzip", "zstd", "gzip"]


@pytest.mark.parametrize("damage", [b"", b"\x1f\x8bno gzip", b"\x28\xb5\x2f\xfdno zstd", b"another layer"])
@pytest.mark.parametrize("compression", ["gzip", "zstd"])
def test_what_does_not_unpack_to_it_is_packed_again(
    kept: Path, count: list[str], compression: str, damage: bytes
) -> None:
    right = packing.packed(compression, LAYER)
    [path] = kept.iterdir()
    path.write_bytes(damage)
    assert packing.packed(compression, LAYER) == path.read_bytes() == right
    assert count == [compression] * 2


def test_what_was_used_longest_ago_is_removed(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "_MOST", 3)
    for layer in (b"first", b"second", b"third"):
        packing.packed("gzip", layer)
    for path in kept.iterdir():
        number = [b"first", b"second", b"third"].index(packing.unpacked(path.read_bytes()))
        os.utime(path, (number, number))
    for layer in (b"first", b"fourth"):
        packing.packed("gzip", layer)
    assert {packing.unpacked(path.read_bytes()) for path in kept.iterdir()} == {b"first", b"third", b"fourth"}
