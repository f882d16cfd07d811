"""Prints the part of constraints.txt that the programs need at run time, with its hashes, without the tools of development.

requirements.py PYPROJECT CONSTRAINTS
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

_NAME = re.compile(r"[A-Za-z0-9._-]+")


def runtime_requirements(pyproject: str, constraints: str) -> str:
    """Return the entries of `constraints` (as uv writes them, with `# via`) that pyproject's dependencies lead to."""
    wanted = {_name(line) for line in tomllib.loads(pyproject)["project"]["dependencies"]}
    entries = {_name(entry): entry for entry in re.split(r"^(?=[A-Za-z0-9])", constraints, flags=re.MULTILINE)[1:]}
    if missing := wanted - set(entries):
        raise SystemExit(f"error: not in the constraints: {', '.join(sorted(missing))}; run `make constraints`")
    needed_by = {name: _via(entry) for name, entry in entries.items()}
    while more := {name for name, parents in needed_by.items() if parents & wanted} - wanted:
        wanted |= more
    return "".join(entry for name, entry in entries.items() if name in wanted)


def _name(text: str) -> str:
    found = _NAME.match(text)
    assert found is not None
    return re.sub(r"[-_.]+", "-", found[0]).lower()


def _via(entry: str) -> set[str]:
    """Return the packages that an entry says it is there for; the project itself is not one of them."""
    comments = re.findall(r"^\s+#\s+(?:via\s+)?([\w.-]+)$", entry, re.MULTILINE)
    return {_name(word) for word in comments} - {"via"}


if __name__ == "__main__":
    sys.stdout.write(runtime_requirements(*(Path(path).read_text() for path in sys.argv[1:3])))
