"""The files of .github are what GitHub reads, and call what is here."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from support import ROOT
from unit.test_constraints import PYTHONS

FOLDER = ROOT / ".github"
FILES = sorted(FOLDER.rglob("*.yml"))
FORMS = [path for path in FILES if path.parent.name == "ISSUE_TEMPLATE" and path.name != "config.yml"]
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
ELEMENTS = {"markdown", "textarea", "input", "dropdown", "checkboxes"}


def read(path: Path) -> Any:
    return yaml.load(path.read_text(), yaml.BaseLoader)  # strings only: `on` stays a word


def jobs() -> dict[str, Any]:
    found: dict[str, Any] = read(FOLDER / "workflows" / "ci.yml")["jobs"]
    return found


def commands() -> list[str]:
    return [step["run"] for job in jobs().values() for step in job["steps"] if "run" in step]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(FOLDER)))
def test_a_file_has_keys(path: Path) -> None:
    assert isinstance(read(path), dict)


def test_every_target_of_make_that_is_called_exists() -> None:
    called = {target for command in commands() for target in re.findall(r"\bmake ([a-z-]+)", command)}
    assert {"check", "test", "docs", "dist"} <= called <= TARGETS


def test_the_script_that_is_called_exists() -> None:
    [script] = [command.removeprefix("bash ") for command in commands() if command.startswith("bash ")]
    assert (ROOT / script).is_file()


def test_every_python_and_system_that_we_claim_is_tested() -> None:
    matrix = jobs()["python"]["strategy"]["matrix"]
    assert matrix["python"] == PYTHONS
    assert {*matrix["os"], *(extra["os"] for extra in matrix["include"])} == {"ubuntu-latest", "macos-latest"}


def test_an_action_is_used_by_version() -> None:
    used = [step["uses"] for job in jobs().values() for step in job["steps"] if "uses" in step]
    assert used
    assert all(re.fullmatch(r"actions/[a-z-]+@v\d+", action) for action in used)


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.name)
def test_an_issue_form_has_what_github_asks_for(path: Path) -> None:
    form = read(path)
    assert form["name"]
    assert form["description"]
    fields = [element for element in form["body"] if element["type"] != "markdown"]
    assert {element["type"] for element in form["body"]} <= ELEMENTS
    assert all(field["attributes"]["label"] for field in fields)
    assert len({field["id"] for field in fields}) == len(fields)
    assert any(field.get("validations", {}).get("required") == "true" for field in fields)


def test_dependabot_looks_at_folders_that_exist() -> None:
    updates = read(FOLDER / "dependabot.yml")["updates"]
    assert [update["package-ecosystem"] for update in updates] == ["pip", "github-actions", "docker"]
    for update in updates:
        for folder in update.get("directories", [update.get("directory")]):
            assert (ROOT / folder.lstrip("/")).is_dir()
