"""Work that a full disk interrupted is retried when there is room again; no other failure is retried."""

from __future__ import annotations

import errno
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from lightship.core.errors import LightshipError, OutOfSpaceError, UnavailableError
from lightship.runtime import space
from lightship.runtime.space import has_space, retry_when_full
from support import filled

Mount = Callable[..., Path]


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(space, "LOOK_SECONDS", 0.01)


class Work:
    """Raises each of `errors` in turn, and then returns."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)

    def __call__(self) -> str:
        if self.errors:
            raise self.errors.pop(0)
        return "done"


def test_it_goes_on_when_there_is_room(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    work = Work(OutOfSpaceError("the index is full"), OSError(errno.ENOSPC, "no space"), OSError(errno.EDQUOT, "quota"))
    assert retry_when_full(work, str(tmp_path), threading.Event()) == "done"
    assert "the index is full; waiting for 16 MiB" in caplog.text


@pytest.mark.parametrize("error", [UnavailableError("damaged"), LightshipError("else"), OSError(errno.EIO, "broken")])
def test_other_trouble_is_not_waited_for(tmp_path: Path, error: Exception) -> None:
    with pytest.raises(type(error)):
        retry_when_full(Work(error), str(tmp_path), threading.Event())


def test_a_stop_ends_the_waiting(mount: Mount) -> None:
    disk, stop, done = mount("disk", 32), threading.Event(), list[str | None]()
    work = Work(OutOfSpaceError("full"))
    with filled(disk):
        thread = threading.Thread(target=lambda: done.append(retry_when_full(work, str(disk), stop)))
        thread.start()
        thread.join(0.1)
        assert thread.is_alive()
        stop.set()
        thread.join(30)
    assert done == [None]


def test_what_was_opened_is_let_go_before_the_waiting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An index that stays locked could not be opened again."""
    alive, seen = set[str](), list[set[str]]()

    class Opened:
        def __init__(self) -> None:
            alive.add("it")

        def __del__(self) -> None:
            alive.discard("it")

    def work() -> None:
        if not seen:
            opened = Opened()
            raise OutOfSpaceError(f"full: {bool(opened)}")

    monkeypatch.setattr(space, "wait_for_space", lambda *_: seen.append(set(alive)))
    retry_when_full(work, str(tmp_path), threading.Event())
    assert seen == [set()]


def test_room_is_what_can_be_had(mount: Mount) -> None:
    disk = mount("disk", 4)
    assert has_space(str(disk), 1 << 20)
    assert not has_space(str(disk), 8 << 20)
    with filled(disk):
        assert not has_space(str(disk), 1 << 20)
    assert list(disk.iterdir()) == []
