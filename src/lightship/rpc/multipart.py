"""A manifest and the files that its receiver lacks, in one request: under load a commit costs one round trip, not one a file.

The manifest is one line of JSON; the bytes of the files follow it, in the order of their names in the address.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from lightship.core.errors import InvalidInputError
from lightship.core.manifest import File, Manifest

MAX_ENCLOSED_BYTES = 4 << 20  # of all files: they are held in memory
MAX_ENCLOSED = 200  # files


def choose_enclosed(manifest: Manifest, known: Mapping[str, File]) -> list[str]:
    """Return the names of the files of `manifest` to be enclosed for who has those `known`: small ones first, within the limits."""
    chosen, room = [], MAX_ENCLOSED_BYTES
    new = [file for name, file in manifest.files.items() if name not in known]
    for file in sorted(new, key=lambda file: file.size)[:MAX_ENCLOSED]:
        room -= file.size
        if room < 0:
            break
        chosen.append(file.name)
    return chosen


def write_enclosed(manifest: bytes, contents: Iterable[bytes]) -> bytes:
    """Return the body of a request: `manifest`, JSON without line breaks, and the `contents` of files."""
    return b"".join([manifest, b"\n", *contents])


def split_enclosed(body: bytes, names: str) -> tuple[bytes, bytes, list[str]]:
    """Return the manifest, the bytes that follow it and the names of their files, of which `names` has a list with commas.

    Raises InvalidInputError for too many names.
    """
    if not names:
        return body, b"", []
    listed = names.split(",")
    if len(listed) > MAX_ENCLOSED or len(set(listed)) < len(listed):
        raise InvalidInputError(f"enclosed= names more than {MAX_ENCLOSED} files, or one of them twice")
    manifest, _, content = body.partition(b"\n")
    return manifest, content, listed


def read_enclosed(manifest: Manifest, content: bytes, names: Iterable[str]) -> dict[str, bytes]:
    """Return the content of each file of `manifest` that is enclosed; nothing is verified but the sizes.

    Raises InvalidInputError when one is not of the manifest, or when `content` is shorter or longer than all of them.
    """
    found, begin = {}, 0
    for name in names:
        file = manifest.files.get(name)
        if file is None:
            raise InvalidInputError(f"enclosed file {name[:80]!r} is not of the manifest")
        found[name] = content[begin : begin + file.size]
        begin += file.size
    if begin != len(content):
        raise InvalidInputError(f"{len(content)} bytes are enclosed; the files that enclosed= names have {begin}")
    return found
