"""Reads the deployment file strictly: every error is reported with its line."""

from __future__ import annotations

import dataclasses
import re
import tomllib
from collections.abc import Mapping
from typing import Any

from lightship.config import as_json, read_rules
from lightship.config.lines import Key, line_of
from lightship.config.rules import RuleError
from lightship.core.collections import COLLECTION
from lightship.core.errors import ConfigurationError, InvalidInputError
from lightship.core.origins import EVERYBODY
from lightship.deploy.topology import ENVIRONMENTS, KEYS, TABLES, Topology
from lightship.deploy.values import WrongElementError, shown

MAX_BYTES = 256 << 10  # of the file


class _Wrong(Exception):  # noqa: N818 (never leaves this module)
    """An error in the value at `path`."""

    def __init__(self, path: tuple[Key, ...], message: str) -> None:
        super().__init__(message)
        self.path = path


def read_topology(path: str, environment: str) -> Topology:
    """Return the topology of `environment` in the deployment file at `path`; raises ConfigurationError."""
    try:
        with open(path, "rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigurationError(
            f"can't read the deployment file {path}: {error.strerror}; name it with --file"
        ) from error
    if len(content) > MAX_BYTES:
        raise ConfigurationError(
            f"{path} is larger than {MAX_BYTES >> 10} KiB; is it a deployment file? name it with --file"
        )
    return parse_topology(content.decode(errors="replace"), environment, path)


def parse_topology(text: str, environment: str, name: str = "lightship.toml") -> Topology:
    """Return the topology of `environment` in a deployment file's `text`; all environments in it are checked.

    Raises ConfigurationError with `name`, the line, the key and the expected value.
    """
    if environment not in ENVIRONMENTS:
        raise ConfigurationError(f"unknown environment {environment!r}; known environments: {', '.join(ENVIRONMENTS)}")
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{name}, {_malformed(str(error), text)}") from error
    try:
        found = {each: _topology(data, each) for each in ENVIRONMENTS}
    except _Wrong as error:
        where = ".".join(key for key in error.path if isinstance(key, str))
        raise ConfigurationError(f"{name}, line {line_of(text, error.path)}: {where}: {error}") from error
    return found[environment]


def _malformed(message: str, text: str) -> str:
    """Return the line and the error of the parser's message, which ends in `(at line 2, column 11)`."""
    what, _, place = message.rpartition(" (at ")
    found = re.search(r"line (\d+)", place)
    number = int(found[1]) if found else max(1, len(text.splitlines()))
    if "overwrite" in what or "twice" in what or "Duplicate" in what:
        what = f"duplicate key or table; define it once ({what})"
    return f"line {number}: {what}"


def _topology(data: Mapping[str, Any], environment: str) -> Topology:
    """Return one environment's topology: its own table overrides the top-level values, key by key."""
    top = {key: value for key, value in data.items() if key not in ENVIRONMENTS}
    own = _table(data.get(environment, {}), (environment,))
    values = {**_values(top, ()), **_values(own, (environment,))}
    topology = Topology(environment=environment)
    for (table, key), value in values.items():
        inner = dataclasses.replace(getattr(topology, table), **{key: value}) if table else value
        topology = dataclasses.replace(topology, **{table or key: inner})
    known = {*topology.sources, *top.get("sources", [])}
    for rules in read_rules(topology.rules):
        if rules.source not in known:
            raise _Wrong(
                (*([environment] if "rules" in own else []), "rules", rules.source), "is not one of the sources"
            )
    used = tuple(rules for rules in read_rules(topology.rules) if rules.source in topology.sources)
    topology = dataclasses.replace(topology, rules=as_json(used))
    if topology.closed and EVERYBODY in topology.origins:
        raise _Wrong(
            (*([environment] if "origins" in own else []), "origins"),
            '"*" lets every web page search; a closed searchengine needs the origins that may',
        )
    try:
        _ = topology.declaration
    except InvalidInputError as error:
        raise _Wrong(("fields", COLLECTION), str(error)) from error
    if topology.most_replicas < topology.replicas:
        raise _Wrong(
            (*([environment] if "replicas_max" in own else []), "replicas_max"),
            f"{topology.replicas_max} is less than the {topology.replicas} replicas of {environment}",
        )
    return topology


def _values(data: Mapping[str, Any], path: tuple[Key, ...]) -> dict[tuple[str, str], Any]:
    """Return the parsed values of the keys at `path`, by (table or "", key)."""
    values = {}
    for key, value in data.items():
        if key in TABLES:
            fields = {field.name: field for field in dataclasses.fields(TABLES[key])}
            for inner, content in _table(value, (*path, key)).items():
                values[key, inner] = _value(fields, inner, content, (*path, key, inner))
        else:
            values["", key] = _value(KEYS, key, value, (*path, key))
    return values


def _table(value: Any, path: tuple[Key, ...]) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise _Wrong(path, f"{shown(value)} is not a table")
    return value


def _value(fields: Mapping[str, dataclasses.Field[Any]], key: str, value: Any, path: tuple[Key, ...]) -> Any:
    if key not in fields:
        known = [*fields, *(TABLES if fields is KEYS else ()), *(ENVIRONMENTS if len(path) == 1 else ())]
        raise _Wrong(path, f"unknown key; known keys: {', '.join(known)}")
    try:
        return fields[key].metadata["parse"](value)
    except WrongElementError as error:
        raise _Wrong((*path, error.number), str(error)) from error
    except RuleError as error:
        raise _Wrong((*path, *error.path), str(error)) from error
    except ValueError as error:
        raise _Wrong(path, str(error)) from error
