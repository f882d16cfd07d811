"""The `main` of every program: how it ends, what stops it, and what its child Python processes may import."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from lightship.core.errors import ConfigurationError
from lightship.runtime.program import PATH, import_nothing_from_here, listen
from support import Program, free_port, wait_until

Spawn = Callable[..., Program]

TRAP = "open('sprung', 'w')"
SOURCE = str(Path(__file__).parents[3] / "src")


@pytest.mark.parametrize("given", [None, "", ".", ":", "{}:", "lib:{}", ":{}:./lib"])
def test_a_python_that_is_started_imports_nothing_from_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str | None
) -> None:
    for folder in (tmp_path, tmp_path / "lib"):
        folder.mkdir(exist_ok=True)
        for name in ("json", "sitecustomize", "usercustomize"):
            (folder / f"{name}.py").write_text(TRAP)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONSAFEPATH", "")
    monkeypatch.delenv(PATH, raising=False)
    if given is not None:
        monkeypatch.setenv(PATH, given.format(SOURCE))
    import_nothing_from_here()
    for command in (["-m", "json.tool", "--help"], ["-c", "import json"]):
        subprocess.run([sys.executable, *command], check=True, capture_output=True)
    assert not (tmp_path / "sprung").exists()
    assert (SOURCE in os.environ.get(PATH, "")) == ("{}" in (given or ""))


def run(code: str, **options: object) -> subprocess.CompletedProcess[str]:
    """Run a program whose `main` is `code`."""
    source = f"from lightship.runtime.program import run_program\ndef main():\n  {code}\nrun_program(main)"
    return subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=False, **options)  # type: ignore[call-overload, no-any-return]


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("open('/proc/nothing/x', 'w')", "error: can't use /proc/nothing/x: No such file or directory\n"),
        ("import os; os.makedirs('/dev/null/data')", "error: can't use /dev/null/data: Not a directory\n"),
    ],
)
def test_a_file_that_can_t_be_had_is_one_line(code: str, told: str) -> None:
    done = run(code)
    assert (done.returncode, done.stderr) == (1, told)


def test_a_signal_in_the_middle_of_a_wait_for_the_stop_sets_it() -> None:
    """The handler runs in the main thread, which holds the event's lock at that moment."""
    source = (
        "import signal; from lightship.runtime.program import stop_on_signals; stop = stop_on_signals()\n"
        "with stop._cond: signal.raise_signal(signal.SIGTERM)\n"
        "assert stop.wait(20)"
    )
    subprocess.run([sys.executable, "-c", source], check=True, timeout=30)


@pytest.mark.parametrize("code", ["print('x' * 100_000)", "print('x')", "import sys; print('x'); sys.exit(0)"])
def test_nobody_who_reads_is_no_error(code: str) -> None:
    read, write = os.pipe()
    os.close(read)
    source = f"from lightship.runtime.program import run_program\ndef main():\n  {code}\nrun_program(main)"
    done = subprocess.run([sys.executable, "-c", source], stdout=write, stderr=subprocess.PIPE, text=True, check=False)
    os.close(write)
    assert (done.returncode, done.stderr) == (128 + signal.SIGPIPE, "")


def test_a_socket_that_breaks_is_told_as_ever() -> None:
    assert "BrokenPipeError: [Errno 32]" in run("raise BrokenPipeError(32, 'of a socket')").stderr


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("192.0.2.1:0", "does not have that address"),
        ("127.0.0.1:{}", "port {} is already in use"),
        ("no.such.invalid:80", "does not have that address"),
    ],
)
def test_why_nothing_can_listen_is_told(address: str, told: str) -> None:
    port = free_port()
    with listen(f"127.0.0.1:{port}"), pytest.raises(ConfigurationError, match=told.format(port)):
        listen(address.format(port))


def test_nohup_is_heard() -> None:
    code = (
        "import os, signal; from lightship.runtime.program import stop_on_signals\n"
        "signal.signal(signal.SIGHUP, signal.SIG_IGN); stop = stop_on_signals()\n"
        "os.kill(os.getpid(), signal.SIGHUP); assert not stop.wait(0.1)\n"
        "os.kill(os.getpid(), signal.SIGTERM); assert stop.wait(5)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_port_of_root_s_is_not_called_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("socket.create_server", refuse)
    with pytest.raises(ConfigurationError, match="80: port 80 needs root") as error:
        listen("127.0.0.1:80")
    assert "taken" not in str(error.value)


@pytest.fixture
def without_nohup() -> Iterator[None]:
    """Have what a test starts hear SIGHUP, also where nohup started the tests."""
    former = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, former)


@pytest.mark.usefixtures("without_nohup")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
@pytest.mark.parametrize(
    "program",
    [
        ("searchengine", "-addr=127.0.0.1:{}", "-workers=1"), ("searchengine", "-addr=127.0.0.1:{}", "-workers=2"),
        ("indexer", "-searchengine=127.0.0.1:1", "-log=sqlite://log", "-listen=127.0.0.1:{}"),
        ("crawler", "-log=sqlite://log", "-listen=127.0.0.1:{}", "{data}"),
    ],
    ids=lambda program: " ".join(program[:3]),
)  # fmt: skip
def test_each_signal_that_asks_it_to_stop_has_it_stop_as_it_should(
    spawn: Spawn, tmp_path: Path, program: tuple[str, ...], number: signal.Signals
) -> None:
    (tmp_path / "texts").mkdir()
    (name, *arguments), port = program, free_port()
    running = spawn(name, *(each.format(port, data=tmp_path / "texts") for each in arguments))
    wait_until(lambda: urlopen(f"http://127.0.0.1:{port}/livez", timeout=30).status == 200, 30, "it answers")
    os.kill(running.process.pid, number)
    assert running.process.wait(60) == 0, running.output
    if name != "indexer":
        assert "stopped" in running.output
