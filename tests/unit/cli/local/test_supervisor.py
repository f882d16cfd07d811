from __future__ import annotations

import logging
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lightship.cli.local import supervisor
from lightship.cli.local.supervisor import BACK_OFF_LEAST, BACK_OFF_MOST, STEADY_SECONDS, Part, last_line, python
from support import wait_until

MakePart = Callable[[str], Part]

SLEEPING = "import time; print('up', flush=True); time.sleep(60)"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SLEEPING}"


@pytest.fixture
def make(tmp_path: Path) -> Iterator[MakePart]:
    """Return a factory of parts that run Python source; all are stopped after the test."""
    made: list[Part] = []

    def make(source: str) -> Part:
        made.append(Part("part", [sys.executable, "-c", source], str(tmp_path / f"{len(made)}.log")))
        return made[-1]

    yield make
    for part in made:
        if part.process is not None:
            part.process.kill()
            part.process.communicate()


def wait_for(part: Part, text: str) -> None:
    wait_until(lambda: text in Path(part.log_path).read_text(), 30, f"{text!r} in the log")


def end(part: Part) -> None:
    """Wait until the part's process has ended."""
    assert part.process is not None
    part.process.wait(60)


def restarted(part: Part, former: object) -> bool:
    part.keep_alive()
    return part.process is not former


def test_one_that_dies_is_started_again_after_a_back_off_that_doubles(
    make: MakePart, caplog: pytest.LogCaptureFixture
) -> None:
    part = make("import sys; print('working'); sys.exit('error: no room')")
    part.back_off = 0.01
    part.start()
    for seconds in (0.02, 0.04):
        first = part.process
        end(part)
        part.keep_alive()
        assert part.back_off == pytest.approx(seconds)
        assert part.process is first, "it was started again without a back-off"
        wait_until(lambda first=first: restarted(part, first), 30, "another start")  # type: ignore[misc]
    assert "part exited with status 1 (error: no room); restarting it in 0.0 s" in caplog.text


def test_the_back_off_has_a_limit(make: MakePart) -> None:
    part = make("")
    part.back_off = BACK_OFF_MOST * 0.8
    part.start()
    end(part)
    part.keep_alive()
    assert part.back_off == BACK_OFF_MOST


def test_one_that_was_steady_is_started_again_soon(make: MakePart) -> None:
    part = make("")
    part.back_off = BACK_OFF_MOST
    part.start()
    part.started -= STEADY_SECONDS + 1
    end(part)
    part.keep_alive()
    assert part.back_off == BACK_OFF_LEAST


def test_a_signal_is_named(make: MakePart, caplog: pytest.LogCaptureFixture) -> None:
    part = make(SLEEPING)
    part.start()
    assert part.process is not None
    part.process.kill()
    end(part)
    part.keep_alive()
    assert "part was killed by SIGKILL; restarting it" in caplog.text


def test_one_that_lives_is_left_alone(make: MakePart) -> None:
    part = make(SLEEPING)
    part.keep_alive()
    assert part.process is None
    part.start()
    process = part.process
    part.keep_alive()
    assert part.process is process
    assert not part.restart_at


def test_stop_asks_first(make: MakePart) -> None:
    part = make("import signal, sys; signal.signal(signal.SIGTERM, lambda *_: sys.exit('good night')); " + SLEEPING)
    part.start()
    wait_for(part, "up")
    part.stop()
    assert part.process is not None
    assert part.process.returncode == 1
    assert last_line(part.log_path) == "good night"
    part.stop()  # once more does nothing


def test_stop_kills_one_that_does_not_listen(
    make: MakePart, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(supervisor, "STOP_SECONDS", 0.2)
    part = make(STUBBORN)
    part.start()
    wait_for(part, "up")
    with caplog.at_level(logging.WARNING):
        part.stop()
    assert part.process is not None
    assert part.process.returncode == -signal.SIGKILL
    assert "part did not stop within 0 s; killing it (no data is lost)" in caplog.text


def test_one_that_never_ran_can_be_stopped(make: MakePart) -> None:
    make(SLEEPING).stop()


def test_a_part_is_tied_to_us_and_has_a_session_of_its_own(make: MakePart) -> None:
    part = make(
        "import os; print(os.environ['LIGHTSHIP_TIED'], os.getsid(0) == os.getpid(), os.read(0, 1), flush=True)"
    )
    part.start()
    assert part.process is not None
    assert part.process.stdin is not None
    part.process.stdin.close()
    end(part)
    assert last_line(part.log_path) == "1 True b''"


def test_the_log_goes_on_after_a_restart(make: MakePart) -> None:
    part = make("print('again')")
    for _ in range(2):
        part.start()
        end(part)
    assert Path(part.log_path).read_text() == "again\nagain\n"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"one\ntwo\n", "two"),
        (b"one\n  two \n\n \n", "two"),
        (b"no end of line", "no end of line"),
        (b"x" * 5000 + b"\nlast\n", "last"),
        ("灯塔\n".encode() + b"\xff\xfe", "��"),
    ],
)
def test_last_line(tmp_path: Path, content: bytes, expected: str) -> None:
    path = tmp_path / "log"
    path.write_bytes(content)
    assert last_line(str(path)) == expected


def test_a_log_that_says_nothing_is_named(tmp_path: Path) -> None:
    (tmp_path / "log").touch()
    assert last_line(f"{tmp_path}/log") == f"see {tmp_path}/log"


def test_python_runs_a_module_with_this_interpreter() -> None:
    assert python("pydoc", "-p", "0") == [sys.executable, "-m", "pydoc", "-p", "0"]
