"""Parses a command line into a settings class. Strict: unknown flags and values of the wrong type are errors."""

from __future__ import annotations

import argparse
import dataclasses
import os
from collections.abc import Callable, Sequence
from typing import Any, NoReturn, TypeVar

from lightship.config.environment import check_variables
from lightship.core.errors import ConfigurationError

Settings = TypeVar("Settings")


class _Help(argparse.HelpFormatter):
    """Shows each flag once, though it may be written with one dash or two."""

    def _format_action_invocation(self, action: argparse.Action) -> str:
        if action.dest == "help":
            return "-h, --help"
        if not action.option_strings:
            return super()._format_action_invocation(action)
        return f"{action.option_strings[0]} {action.metavar or ''}".rstrip()


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise ConfigurationError(f"{self.prog}: {message}; see {self.prog} --help")


def flag_of(field: dataclasses.Field[Any]) -> str:
    """Return the flag of a setting's field, without dashes."""
    return field.name.replace("_", "-")


def metavar_of(field: dataclasses.Field[Any]) -> str:
    """Return the placeholder for a setting's value in the help: the noun at the beginning of its help text."""
    words = (word.strip(",:;") for word in str(field.metadata["help"]).split())
    return next(word for word in words if word not in ("a", "the", "data", "document", "TOML")).upper()


def parse_settings(
    kind: type[Settings], program: str, arguments: Sequence[str], *, positional: str = "", description: str = ""
) -> tuple[Settings, list[str]]:
    """Return the settings in `arguments`, and the positional arguments (allowed only if `positional` names them).

    What follows `--` are positional arguments, whatever it begins with. Raises ConfigurationError for an unknown flag or
    a bad value; `--help` prints and exits as usual.
    """
    parser = _Parser(prog=program, description=description, allow_abbrev=False, formatter_class=_Help, add_help=False)
    parser.add_argument("-h", "-help", "--help", action="help", help="show this help message and exit")
    for field in dataclasses.fields(kind):  # type: ignore[arg-type]
        name, default = flag_of(field), field.default
        if isinstance(default, bool):
            parser.add_argument(
                f"-{name}", f"--{name}", dest=field.name, action="store_true", help=field.metadata["help"]
            )
            continue
        shown = ",".join(default) if isinstance(default, tuple) else default
        parser.add_argument(
            f"-{name}", f"--{name}", dest=field.name, default=default, type=_named(field.metadata["parse"]),
            metavar=metavar_of(field), help=(field.metadata["help"] + (f" (default: {shown})" if shown != "" else "")).replace("%", "%%"),
        )  # fmt: skip
    if positional:
        parser.add_argument("positional", nargs="*", metavar=positional)
    check_variables(os.environ)
    end = arguments.index("--") if positional and "--" in arguments else len(arguments)
    values = vars(parser.parse_intermixed_args(list(arguments[:end])))  # which does not know `--`
    rest = values.pop("positional", [])
    return kind(**values), [*rest, *arguments[end + 1 :]]


def _named(parse: Callable[[str], Any]) -> Callable[[str], Any]:
    def convert(text: str) -> Any:
        try:
            return parse(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from error

    return convert
