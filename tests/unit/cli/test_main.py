from __future__ import annotations

import sys

import pytest

from lightship import __version__
from lightship.cli.main import COMMANDS, main


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["lightship", *arguments])
    main()


@pytest.mark.parametrize("arguments", [(), ("help",), ("-h",), ("-help",), ("--help",)])
def test_help_names_every_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    run(monkeypatch, *arguments)
    shown = capsys.readouterr().out
    assert all(f"lightship {command}" in shown for command in COMMANDS)


@pytest.mark.parametrize("argument", ["version", "-version", "--version"])
def test_the_version(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], argument: str) -> None:
    run(monkeypatch, argument)
    assert capsys.readouterr().out == f"{__version__}\n"


@pytest.mark.parametrize("command", list(COMMANDS))
def test_each_command_tells_its_settings(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        run(monkeypatch, command, "--help")
    assert ended.value.code == 0
    assert f"usage: lightship {command}" in capsys.readouterr().out


def test_an_unknown_command_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(
        SystemExit, match="error: unknown command 'down'; known commands: up, crawl, remove, add, status"
    ):
        run(monkeypatch, "down")
