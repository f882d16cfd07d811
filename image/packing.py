"""Layers as they are pulled: packed, and kept in build/packed, since packing takes longer than the rest of a build."""

from __future__ import annotations

import contextlib
import hashlib
import os
import zlib
from collections.abc import Callable, Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path

import deflate
import zstandard

KEPT = Path(__file__).parents[1] / "build" / "packed"
_MOST = 48  # files: the layers of both architectures, packed in both ways, of four builds


def _gzip(content: bytes) -> bytes:
    return bytes(deflate.gzip_compress(content, 12))  # by libdeflate: 4 % smaller than zlib's; no time, no name in it


def _zstd(content: bytes) -> bytes:
    return zstandard.ZstdCompressor(level=22).compress(content)


_PACKERS: Mapping[str, tuple[Callable[[bytes], bytes], str]] = {
    "gzip": (_gzip, "deflate"),
    "zstd": (_zstd, "zstandard"),
}


@cache
def packed(compression: str, layer: bytes) -> bytes:
    """Return a layer as it is pulled: `gzip`, which every client reads, `zstd`, or `none`.

    What was packed before is taken from KEPT, if it still unpacks to this layer.
    """
    if compression == "none":
        return layer
    pack, package = _PACKERS[compression]
    path = KEPT / f"{hashlib.sha256(layer).hexdigest()}.{package}-{version(package)}"
    with contextlib.suppress(OSError, zlib.error, zstandard.ZstdError):
        if unpacked(found := path.read_bytes()) == layer:
            os.utime(path)
            return found
    made = pack(layer)
    _keep(path, made)
    return made


def unpacked(layer: bytes) -> bytes:
    """Return a layer, packed in any of the ways, as the tar archive that it is."""
    if layer[:2] == b"\x1f\x8b":
        return zlib.decompress(layer, 31)
    if layer[:4] != b"\x28\xb5\x2f\xfd":
        return layer
    return zstandard.ZstdDecompressor().decompressobj().decompress(layer)


def _keep(path: Path, content: bytes) -> None:
    """Write a file, at once for a build that runs beside this one, and remove those that were used longest ago."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f"{path.name}.{os.getpid()}")
    new.write_bytes(content)
    new.replace(path)
    with contextlib.suppress(FileNotFoundError):  # the other build removes them too
        for old in sorted(path.parent.iterdir(), key=lambda each: -each.stat().st_mtime)[_MOST:]:
            old.unlink()
