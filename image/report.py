"""What the image weighs, by layer and by component, and how soon it answers: tables for people."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import json
import statistics
import time
from collections.abc import Sequence
from pathlib import Path

from image import engine, oci, packing
from image.sbom import BYTES

SBOM = "usr/share/sbom/lightship.cdx.json"
_STEP = 0.002  # seconds between two attempts to connect
_MOST = 60.0  # seconds that a start may take
_SMALL = 90_000  # bytes; components that are smaller share a line


def sizes(images: Sequence[oci.Image], compressions: Sequence[str]) -> None:
    """Print the bytes of each image by layer, unpacked and as pulled, and by component."""
    for image in images:
        print(f"\n{image.architecture:26}{'unpacked':>12}{''.join(f'{name:>12}' for name in compressions)}")
        columns = [[oci.content_bytes(layer) for layer in image.layers]]
        columns += [[len(packing.packed(name, layer)) for layer in image.layers] for name in compressions]
        for name, *row in [*zip(oci.LAYERS, *columns, strict=True), ("in all", *map(sum, columns))]:
            _row(name, *row)
        print("of which")
        for name, size in _components(image):
            _row(name, size)


def archives(paths: Sequence[Path]) -> None:
    """Print the archives that were written, with the digests of what they hold."""
    print()
    for path in paths:
        print(
            f"{path.stat().st_size / 1e6:.2f} MB {path.parent.name}/{path.name} sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"
        )


def starts(image: str, count: int) -> None:
    """Start a searchengine `count` times, and print the time from `docker run` to the first answer, and its memory then."""
    seconds, resident = zip(*(_start(image) for _ in range(count)), strict=True)
    print(
        f"docker run to first answer: median {statistics.median(seconds):.3f} s, least {min(seconds):.3f} s of {count}"
    )
    if any(resident):
        print(f"idle searchengine: {max(resident) / 1e6:.1f} MB resident")


def _row(name: str, *sizes: int) -> None:
    print(f"  {name:24}{''.join(f'{size / 1e6:9.2f} MB' for size in sizes)}")


def _components(image: oci.Image) -> list[tuple[str, int]]:
    """Return the components and their bytes, the largest first; the small ones as one."""
    told = json.loads(image.file(SBOM))
    found = {
        f"{each['name']} {each['version']}"[:23]: int(value["value"])
        for each in (told["metadata"]["component"], *told["components"])
        for value in each["properties"]
        if value["name"] == BYTES
    }
    small = [size for size in found.values() if size < _SMALL]
    large = sorted(((size, name) for name, size in found.items() if size >= _SMALL), reverse=True)
    return [*((name, size) for size, name in large), (f"{len(small)} smaller ones", sum(small))]


def _start(image: str) -> tuple[float, int]:
    """Return the seconds from `docker run` to the first answer, and the bytes that the program has in memory (0: unknown)."""
    begun = time.monotonic()
    container = engine.run("run", "--detach", "--publish", "127.0.0.1::8080", image, "/searchengine")
    try:
        port = int(engine.run("port", container, "8080/tcp").rpartition(":")[2])
        while not _answers(port):
            if time.monotonic() - begun > _MOST:
                raise SystemExit(f"error: no answer within {_MOST:g} s:\n{engine.run('logs', container)}")
            time.sleep(_STEP)
        return time.monotonic() - begun, _resident(engine.run("inspect", "--format", "{{.State.Pid}}", container))
    finally:
        engine.run("rm", "--force", container)


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
    with contextlib.suppress(OSError, http.client.HTTPException), contextlib.closing(connection):
        connection.request("GET", "/livez")
        return connection.getresponse().status == 200
    return False


def _resident(process: str) -> int:
    """Return the resident bytes of a process of this machine; 0 if the daemon's processes are elsewhere."""
    with contextlib.suppress(OSError):
        for line in Path("/proc", process, "status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
    return 0
