"""The `lightship` program: its commands for people."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module

from lightship import __version__
from lightship.core.errors import ConfigurationError
from lightship.runtime.program import run_program

COMMANDS = {  # and the modules with a function of their name: imported when called, so that a probe costs little
    "up": "lightship.cli.local.up",
    "add": "lightship.cli.commands.add",
    "status": "lightship.cli.commands.status",
    "explain": "lightship.cli.commands.explain",
    "test": "lightship.cli.commands.test",
    "chaos": "lightship.cli.commands.chaos",
    "log": "lightship.cli.commands.log",
    "check": "lightship.cli.commands.check",
    "promote": "lightship.cli.commands.promote",
    "rollback": "lightship.cli.commands.promote",
    "deploy": "lightship.cli.commands.deploy",
    "probe": "lightship.cli.commands.probe",
}

_USAGE = f"""Lightship {__version__}: crawls, indexes and serves.

  lightship up [SOURCE …]   run everything on this machine: websites, folders and .jsonl files become a search page
  lightship add FILE …      add the documents of .jsonl files to what runs
  lightship status          tell what searchengines serve
  lightship explain URL     say why a page is found, or not
  lightship test            test a running system from outside, wherever it runs
  lightship chaos           break a staging system on purpose, and tell whether anything was lost
  lightship log backup FILE copy the document log while everything runs; `log restore FILE` goes back to a copy
  lightship check FOLDER    verify the data of any program, and say what to do about damage
  lightship promote LAYOUT  serve a layout that does not flip by itself
  lightship rollback        serve the former layout again
  lightship deploy TARGET   write what lightship.toml says, for compose, quadlet or kubernetes; or run it: local
  lightship probe [URL]     end with status 0 if a program answers, for health checks in containers
  lightship COMMAND --help  tell the settings of a command

The parts are programs of their own: searchengine, indexer and crawler."""


def main() -> None:
    """Run the command that the command line names."""
    run_program(lambda: _main(sys.argv[1:]))


def _main(arguments: Sequence[str]) -> None:
    if not arguments or arguments[0] in ("-h", "-help", "--help", "help"):
        print(_USAGE)  # noqa: T201 (what was asked for)
    elif arguments[0] in ("-version", "--version", "version"):
        print(__version__)  # noqa: T201
    elif arguments[0] in COMMANDS:
        getattr(import_module(COMMANDS[arguments[0]]), arguments[0])(arguments[1:])
    else:
        raise ConfigurationError(f"unknown command {arguments[0]!r}; known: {', '.join(COMMANDS)}")


if __name__ == "__main__":
    main()
