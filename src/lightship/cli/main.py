"""The entry point of the `lightship` command."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module

from lightship import __version__
from lightship.core.errors import ConfigurationError
from lightship.runtime.program import run_program

COMMANDS = {  # command: module with a function of that name, imported on demand, so that a probe stays cheap
    "up": "lightship.cli.local.up",
    "crawl": "lightship.cli.commands.crawling",
    "remove": "lightship.cli.commands.crawling",
    "add": "lightship.cli.commands.add",
    "status": "lightship.cli.commands.status",
    "watch": "lightship.cli.watching.watch",
    "explain": "lightship.cli.queries.explain",
    "search": "lightship.cli.queries.search",
    "test": "lightship.cli.commands.test",
    "judge": "lightship.cli.commands.judge",
    "chaos": "lightship.cli.commands.chaos",
    "log": "lightship.cli.commands.log",
    "check": "lightship.cli.commands.check",
    "promote": "lightship.cli.commands.promote",
    "rollback": "lightship.cli.commands.promote",
    "key": "lightship.cli.system.key",
    "deploy": "lightship.cli.commands.deploy",
    "probe": "lightship.cli.commands.probe",
}

_USAGE = f"""Lightship {__version__}: a distributed search engine.

  lightship up [SOURCE …]   run everything on this machine: crawl, index and search websites, folders and .jsonl files
  lightship crawl SOURCE …  run the crawler alone; with --dry-run, say what its rules would do to the known pages
  lightship remove SOURCE   delete the documents of a source, after asking
  lightship add FILE …      add the documents of .jsonl files to a running system
  lightship status          show what searchengines and indexers are doing
  lightship search WORD …   search a running system, in the terminal
  lightship watch WORD …    report pages that match a search from now on, here or to a webhook (-post=URL)
  lightship explain URL     explain why a page is or is not in the index
  lightship test            test a running system from outside
  lightship judge FOLDER …  measure the ranking on judged collections, in a temporary index or on running searchengines
  lightship chaos           inject faults into a staging system, and report whether anything was lost
  lightship log backup FILE back up the document log while everything runs; `log restore FILE` restores a backup
  lightship check FOLDER    verify the data of any program, and say how to repair damage
  lightship promote LAYOUT  serve a layout that is not served automatically
  lightship rollback        serve the former layout again
  lightship key new         make a key that lets a web page, a program or an agent search
  lightship deploy TARGET   generate files for compose, quadlet or kubernetes from lightship.toml; or run it: local
  lightship probe [URL]     exit with status 0 if a program answers; for container health checks
  lightship COMMAND --help  show the settings of a command

The programs searchengine, indexer and crawler can also be run on their own; each has --help."""


def main() -> None:
    """Run the command given on the command line."""
    run_program(lambda: _main(sys.argv[1:]))


def _main(arguments: Sequence[str]) -> None:
    if not arguments or arguments[0] in ("-h", "-help", "--help", "help"):
        print(_USAGE)  # noqa: T201 (what was asked for)
    elif arguments[0] in ("-version", "--version", "version"):
        print(__version__)  # noqa: T201
    elif arguments[0] in COMMANDS:
        getattr(import_module(COMMANDS[arguments[0]]), arguments[0])(arguments[1:])
    else:
        raise ConfigurationError(f"unknown command {arguments[0]!r}; known commands: {', '.join(COMMANDS)}")


if __name__ == "__main__":
    main()
