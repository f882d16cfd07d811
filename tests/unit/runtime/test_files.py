"""Files that survive a crash."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lightship.core.errors import ConfigurationError, OutOfSpaceError
from lightship.runtime.files import lock_folder, space_errors, write_atomically


def failing(number: int) -> Callable[..., Any]:
    def fail(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    return fail


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for content in (b"one", b"", b"three"):
        write_atomically(str(path), content)
        assert path.read_bytes() == content
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize("step", ["fsync", "rename"])
def test_a_failure_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    path = tmp_path / "file"
    write_atomically(str(path), b"old")
    monkeypatch.setattr(os, step, failing(errno.EIO))
    with pytest.raises(OSError, match="Input/output"):
        write_atomically(str(path), b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_full_disk_is_told_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    monkeypatch.setattr(os, "fsync", failing(number))
    with pytest.raises(OutOfSpaceError, match=str(tmp_path)):
        write_atomically(str(tmp_path / "file"), b"new")
    assert os.listdir(tmp_path) == []


def test_other_errors_stay_what_they_are() -> None:
    with pytest.raises(PermissionError), space_errors("here"):
        raise PermissionError(errno.EACCES, "no")


def test_a_folder_is_locked_once(tmp_path: Path) -> None:
    folder = str(tmp_path / "made" / "when needed")
    with lock_folder(folder, "lock", "do this"), pytest.raises(ConfigurationError, match="do this"):
        lock_folder(folder, "lock", "do this")
    lock_folder(folder, "lock", "do this").close()


def test_content_and_name_are_synced_in_that_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps, path = list[str](), tmp_path / "file"

    def fsync(descriptor: int) -> None:
        synced = os.readlink(f"/proc/self/fd/{descriptor}")
        steps.append(f"{os.path.relpath(synced, tmp_path)} {path.exists()}")

    monkeypatch.setattr(os, "fsync", fsync)
    write_atomically(str(path), b"content")
    assert steps == ["file.new False", ". True"]
    steps.clear()
    write_atomically(str(path), b"content", durable=False)
    assert steps == []
