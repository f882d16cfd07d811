"""Bytes received over the RPC are written unchanged, verified and synced, or refused."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import io
import os
import threading
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lightship.core.errors import InvalidInputError
from lightship.core.manifest import File
from lightship.rpc.checked_copy import BATCH_BYTES, SYNC_BYTES, copy_verified


def named(content: bytes) -> File:
    return File("f.store", len(content), hashlib.sha256(content).hexdigest())


async def coming(pieces: Sequence[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        await asyncio.sleep(0)
        yield piece


def pieces_of(content: bytes, sizes: Sequence[int]) -> list[bytes]:
    pieces, begin = [], 0
    for size in sizes:
        pieces.append(content[begin : begin + size])
        begin += size
    return [*pieces, content[begin:]]


def copied(path: Path, file: File, pieces: Sequence[bytes]) -> bytes:
    with path.open("wb") as out:
        asyncio.run(copy_verified(out, file, coming(pieces)))
        return path.read_bytes()  # before closing, which would flush the buffer


@given(
    st.lists(
        st.one_of(st.integers(0, 300), st.sampled_from([BATCH_BYTES - 1, BATCH_BYTES, 3 * BATCH_BYTES])), max_size=6
    )
)
@settings(max_examples=40)
def test_pieces_of_any_size(tmp_path_factory: pytest.TempPathFactory, sizes: list[int]) -> None:
    content = os.urandom(sum(sizes) + 5)
    path = tmp_path_factory.mktemp("copy") / "f"
    assert copied(path, named(content), pieces_of(content, sizes)) == content


@pytest.mark.parametrize("size", [0, 1, BATCH_BYTES - 1, BATCH_BYTES, BATCH_BYTES + 1, SYNC_BYTES, 2 * SYNC_BYTES + 5])
def test_any_size(tmp_path: Path, size: int) -> None:
    content = os.urandom(size)
    assert copied(tmp_path / "f", named(content), pieces_of(content, [100_000] * (size // 100_000))) == content


def test_all_is_synced_and_a_large_file_all_along(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content, synced = os.urandom(3 * SYNC_BYTES + 5), []
    monkeypatch.setattr(os, "fsync", lambda number: synced.append(os.fstat(number).st_size))
    copied(tmp_path / "f", named(content), pieces_of(content, [BATCH_BYTES] * (3 * SYNC_BYTES // BATCH_BYTES)))
    assert synced[-1] == len(content)
    assert len(synced) == 4


def test_what_is_too_long_is_refused_at_once(tmp_path: Path) -> None:
    content = os.urandom(100)

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield content

    with (
        (tmp_path / "f").open("wb") as out,
        pytest.raises(InvalidInputError, match="longer than the announced 100 bytes"),
    ):
        asyncio.run(copy_verified(out, named(content), endless()))


@pytest.mark.parametrize(
    ("sent", "message"), [(b"x" * 99, "ended after 99 of 100 bytes"), (b"y" + b"x" * 99, "has digest")]
)
def test_other_bytes_are_refused(tmp_path: Path, sent: bytes, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        copied(tmp_path / "f", named(b"x" * 100), [sent])


class _Full(io.BytesIO):
    """A disk that is full after one batch."""

    def write(self, content: object) -> int:
        if self.tell():
            raise OSError(errno.ENOSPC, "no space left")
        return super().write(content)  # type: ignore[arg-type]


@pytest.mark.parametrize("batches", [2, 3, 5])
def test_a_full_disk_is_told(batches: int) -> None:
    content = bytes(batches * BATCH_BYTES)
    with pytest.raises(OSError, match="no space left"):
        asyncio.run(copy_verified(_Full(), named(content), coming(pieces_of(content, [BATCH_BYTES] * batches))))


class _Slow(io.BytesIO):
    """Blocks each write until it is released."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.let, self.ended = threading.Event(), threading.Event(), threading.Event()

    def write(self, content: object) -> int:
        self.begun.set()
        assert self.let.wait(10)
        count = super().write(content)  # type: ignore[arg-type]
        self.ended.set()
        return count


def test_the_file_is_let_go_before_the_error_comes() -> None:
    """The caller may then close or remove it: no thread uses it any more."""
    out, content = _Slow(), bytes(2 * BATCH_BYTES)

    async def broken() -> AsyncIterator[bytes]:
        yield content[:BATCH_BYTES]
        assert await asyncio.to_thread(out.begun.wait, 10)
        asyncio.get_running_loop().call_later(0.05, out.let.set)
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        asyncio.run(copy_verified(out, named(content), broken()))
    assert out.ended.is_set()


def test_the_next_batch_comes_while_one_is_written() -> None:
    out, content = _Slow(), bytes(2 * BATCH_BYTES)

    async def going_on() -> AsyncIterator[bytes]:
        yield content[:BATCH_BYTES]
        assert await asyncio.to_thread(out.begun.wait, 10)
        yield content[BATCH_BYTES : BATCH_BYTES + 5]  # accepted while the first batch is still being written
        out.let.set()
        yield content[BATCH_BYTES + 5 :]

    with pytest.raises(io.UnsupportedOperation):  # syncing what is not a file
        asyncio.run(copy_verified(out, named(content), going_on()))
    assert out.getvalue() == content
