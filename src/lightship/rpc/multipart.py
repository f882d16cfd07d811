"""A manifest and the files that its receiver lacks in one request: a commit costs one round trip, not one per file.

The body is the manifest as one line of JSON, followed by the bytes of the files in the order of their names in the url.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from lightship.core.errors import InvalidInputError
from lightship.core.manifest import File, Manifest

MAX_ENCLOSED_BYTES = 4 << 20  # of all files together, which are held in memory
MAX_ENCLOSED = 200  # files


def choose_enclosed(manifest: Manifest, known: Mapping[str, File]) -> list[str]:
    """Return the files of `manifest` to enclose for a receiver with the `known` ones: smallest first, within limits."""
    chosen, room = [], MAX_ENCLOSED_BYTES
    new = [file for name, file in manifest.files.items() if name not in known]
    for file in sorted(new, key=lambda file: file.size)[:MAX_ENCLOSED]:
        room -= file.size
        if room < 0:
            break
        chosen.append(file.name)
    return chosen


def write_enclosed(manifest: bytes, contents: Iterable[bytes]) -> bytes:
    """Return a request body: `manifest` (JSON without line breaks), then the `contents` of the files."""
    return b"".join([manifest, b"\n", *contents])


def split_enclosed(body: bytes, names: str) -> tuple[bytes, bytes, list[str]]:
    """Return the manifest, the bytes that follow it, and their file names, which `names` lists with commas.

    Raises InvalidInputError for too many or repeated names.
    """
    if not names:
        return body, b"", []
    listed = names.split(",")
    if len(listed) > MAX_ENCLOSED or len(set(listed)) < len(listed):
        raise InvalidInputError(f"enclosed= lists more than {MAX_ENCLOSED} files, or a file twice")
    manifest, _, content = body.partition(b"\n")
    return manifest, content, listed


def read_enclosed(manifest: Manifest, content: bytes, names: Iterable[str]) -> dict[str, bytes]:
    """Return the content of each enclosed file by name; only the sizes are verified, not the digests.

    Raises InvalidInputError when a name is not in `manifest`, or when the sizes do not add up to that of `content`.
    """
    found, begin = {}, 0
    for name in names:
        file = manifest.files.get(name)
        if file is None:
            raise InvalidInputError(f"enclosed file {name[:80]!r} is not in the manifest")
        found[name] = content[begin : begin + file.size]
        begin += file.size
    if begin != len(content):
        raise InvalidInputError(f"{len(content)} bytes enclosed, but the files listed in enclosed= have {begin}")
    return found
