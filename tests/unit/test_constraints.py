"""constraints.txt pins, with hashes, all that any supported machine needs."""

from __future__ import annotations

import itertools
import re
import tomllib
from importlib.metadata import distributions

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from support import ROOT

TEXT = (ROOT / "constraints.txt").read_text()
PINS = dict(re.findall(r"^([a-z0-9-]+)==([^ ]+)", TEXT, re.MULTILINE))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PYTHONS = [line.rpartition(" ")[2] for line in PROJECT["classifiers"] if "Python :: 3." in line]
REQUIRES = {canonicalize_name(one.name): one.requires or [] for one in distributions()}
MACHINES = [("linux", "Linux"), ("darwin", "Darwin")]


def needs(requirements: list[str], python: str, platform: tuple[str, str]) -> list[Requirement]:
    """Return those of `requirements` that hold for a Python on a platform."""
    environment = {
        "python_version": python, "python_full_version": f"{python}.0", "implementation_name": "cpython",
        "platform_python_implementation": "CPython", "sys_platform": platform[0], "platform_system": platform[1],
        "os_name": "posix", "extra": "",
    }  # fmt: skip
    parsed = map(Requirement, requirements)
    return [one for one in parsed if one.marker is None or one.marker.evaluate(environment)]


@pytest.mark.parametrize(("python", "platform"), list(itertools.product(PYTHONS, MACHINES)))
def test_everything_needed_is_pinned(python: str, platform: tuple[str, str]) -> None:
    wanted = PROJECT["dependencies"] + PROJECT["optional-dependencies"]["dev"]
    seen: set[str] = set()
    while wanted:
        needed = needs(wanted, python, platform)
        for one in needed:
            name = canonicalize_name(one.name)
            assert name in PINS, f"{one} is not pinned: make constraints"
            assert one.specifier.contains(PINS[name]), f"{one} does not allow the pinned {PINS[name]}: make constraints"
        new = {canonicalize_name(one.name) for one in needed} - seen
        wanted = [line for name in new for line in REQUIRES.get(name, [])]
        seen |= new


def test_every_pin_has_hashes_and_no_address() -> None:
    for pin in re.split(r"\n(?=[a-z0-9])", TEXT)[1:]:
        assert " \\\n    --hash=sha256:" in pin, pin.splitlines()[0]
    assert "://" not in TEXT
    assert not re.search(r"^-", TEXT, re.MULTILINE), "an option of pip"
