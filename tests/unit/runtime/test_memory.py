from __future__ import annotations

import platform
from pathlib import Path

import pytest

from lightship.runtime.memory import release_free_memory


def anonymous_bytes() -> int:
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith("Anonymous"))


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries have no malloc_trim")
def test_what_was_freed_between_what_is_used_is_given_back() -> None:
    pieces = [bytearray(60_000) for _ in range(600)]
    for piece in pieces:
        piece[:] = b"x" * len(piece)
    del pieces[:-1]  # the last one keeps the heap from shrinking by itself
    before = anonymous_bytes()
    release_free_memory()
    assert anonymous_bytes() < before - (20 << 20)
