"""What people can set, run or call is documented, and nothing that is documented is gone."""

from __future__ import annotations

import dataclasses
import json
import re
import tomllib
from typing import Any

import pytest

from lightship import config
from lightship.cli.main import COMMANDS
from lightship.deploy.topology import KEYS, TABLES, Topology
from support import ROOT

CONFIGURATION = (ROOT / "docs" / "configuration.md").read_text()
README = (ROOT / "README.md").read_text()
FOR_USERS = README + "".join(path.read_text() for path in (ROOT / "docs").rglob("*.md"))
FOR_ALL = FOR_USERS + (ROOT / "CONTRIBUTING.md").read_text()

SETTINGS = {
    re.findall("`(.+?)`", str(kind.__doc__))[0]: kind
    for name, kind in vars(config).items()
    if name.endswith("Settings") and dataclasses.is_dataclass(kind)
}
KEYS_AND_TABLES = {field.name: field for field in dataclasses.fields(Topology)}
SCRIPTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def table(*rows: tuple[str, ...]) -> str:
    """Return `rows`, of which the first is the head, as a Markdown table."""
    head, *body = (f"| {' | '.join(row)} |" for row in rows)
    return "\n".join([head, "|---" * len(rows[0]) + "|", *body]) + "\n"


def row_of(field: dataclasses.Field[Any]) -> tuple[str, str, str]:
    default = ",".join(field.default) if isinstance(field.default, tuple) else str(field.default)
    return f"`-{config.flag_of(field)}`", f"`{default}`" if default else "", field.metadata["help"]


def tables_under(heading: str) -> str:
    """Return the lines of tables that stand under a heading of docs/configuration.md."""
    _, _, section = CONFIGURATION.partition(f"\n## {heading}\n")
    return "".join(re.findall(r"^\|.*\n", section.partition("\n## ")[0], re.MULTILINE))


@pytest.mark.parametrize("program", SETTINGS)
def test_the_settings_of_a_program_are_those_of_its_table(program: str) -> None:
    fields = dataclasses.fields(SETTINGS[program])
    assert tables_under(f"`{program}`") == table(("flag", "default", "meaning"), *map(row_of, fields))


def test_the_rules_of_sources_are_those_documented() -> None:
    rows = ((f"`{name}`", field.metadata["help"]) for name, field in config.RULES.items())
    assert table(("rule", "meaning"), *rows) in (ROOT / "docs" / "crawling.md").read_text()


def test_the_environment_variables_are_those_of_their_table() -> None:
    rows = ((f"`{name}`", meaning) for name, meaning in config.VARIABLES.items())
    assert tables_under("Environment") == table(("variable", "meaning"), *rows)


def test_no_other_program_has_a_table() -> None:
    assert set(re.findall("^## `(.+)`$", CONFIGURATION, re.MULTILINE)) == SETTINGS.keys()


def test_no_other_variable_is_documented() -> None:
    assert set(re.findall(r"\bLIGHTSHIP_[A-Z_]+", FOR_ALL)) == config.VARIABLES.keys()


def test_every_program_is_documented() -> None:
    assert {name for name in SCRIPTS if f"`{name}" not in FOR_USERS} == set()


def test_the_commands_of_lightship_are_those_documented() -> None:
    assert set(re.findall(r"`lightship ([a-z]+)", FOR_USERS)) == COMMANDS.keys()


def test_the_targets_of_make_are_those_documented() -> None:
    assert set(re.findall(r"`make ([a-z-]+)", FOR_ALL)) == TARGETS


def test_the_keys_of_the_deployment_file_are_those_documented() -> None:
    rows = [(f"`{name}`", _toml(field.default), field.metadata["help"]) for name, field in KEYS.items()]
    for name, kind in TABLES.items():
        default = KEYS_AND_TABLES[name].default
        rows += [
            (
                f"`{name}.{field.name}`",
                _toml(getattr(default, field.name), size=field.name in ("memory", "disk")),
                field.metadata["help"],
            )
            for field in dataclasses.fields(kind)
        ]
    assert tables_under("The deployment file") == table(("key", "default", "meaning"), *rows)


def _toml(value: Any, *, size: bool = False) -> str:
    if size:
        value = f"{value >> 30}GiB" if value >= 1 << 30 else f"{value >> 20}MiB" if value else ""
    shown = list(value) if isinstance(value, tuple) else value
    return "" if value == "" else f"`{json.dumps(shown)}`"
