"""Changes the code at random, and tells which changes no unit test notices: `python -m mutation -count=200 -seed=1 [FOLDER …]`.

Each mutant is written into a copy of `src`, and the tests run that name its module, nearest first, until one fails. Run it from `tests/`;
it takes some hours for 200. A survivor is an argument for a test, for deleting the line, or it is equivalent.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from mutation.mutate import Mutant, mutants

ROOT = Path(__file__).parents[2]
FOLDERS = ("doclog", "index", "indexer", "searchengine", "rpc")
FILES = 8  # of tests, for one mutant
SECONDS = 300.0  # for them; one that loops for ever is noticed too


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(prog="python -m mutation", description=__doc__)
    parser.add_argument("-count", type=int, default=200, help="mutants (default: %(default)s)")
    parser.add_argument("-seed", type=int, default=1, help="number that they are drawn by (default: %(default)s)")
    parser.add_argument("folders", nargs="*", default=FOLDERS, metavar="FOLDER", help="below src/lightship")
    settings = parser.parse_args()
    drawn = draw(settings.count, settings.seed, settings.folders)
    survivors = []
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(shutil.copytree(ROOT / "src", Path(folder) / "src"))
        for number, (path, mutant) in enumerate(drawn, 1):
            began = time.monotonic()
            noticed = is_noticed(copy, path, mutant)
            told = f"{path}:{mutant.line}: {mutant.before!r} -> {mutant.after!r}"
            if not noticed:
                survivors.append(told)
            print(
                f"{number}/{len(drawn)} {'noticed ' if noticed else 'SURVIVED'} {told} ({time.monotonic() - began:.0f} s)",
                flush=True,
            )
    print(f"{len(survivors)} of {len(drawn)} survived", *survivors, sep="\n")


def draw(count: int, seed: int, folders: list[str]) -> list[tuple[Path, Mutant]]:
    """Return `count` mutants of the modules below `folders`, with the modules' paths within src."""
    source = ROOT / "src"
    paths = sorted(path for folder in folders for path in (source / "lightship" / folder).rglob("*.py"))
    every = [(path.relative_to(source), mutant) for path in paths for mutant in mutants(path.read_text())]
    return random.Random(seed).sample(every, min(count, len(every)))


def is_noticed(copy: Path, path: Path, mutant: Mutant) -> bool:
    """Tell whether a test fails when the module at `path` is the mutant."""
    target = copy / path
    whole = target.read_text()
    target.write_text(mutant.source)
    try:
        left_out = "nats-3" if "jetstream" in path.parts else "nats"
        return any(fails(copy, test, left_out) for test in tests_of(path))
    finally:
        target.write_text(whole)


def fails(copy: Path, test: Path, left_out: str) -> bool:
    """Tell whether a test file, but for tests that have `left_out` in their names, fails on the code in `copy`."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-k", f"not {left_out}", str(test)]
    environment = {**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return True
    return done.returncode not in (0, 5)  # 5: none was selected


def tests_of(path: Path) -> list[Path]:
    """Return the test files that are to notice a change in the module at `path`: those that name it, or its folder; its own first."""
    name = str(path.with_suffix("")).replace("/", ".").removesuffix(".__init__")
    package, _, last = name.rpartition(".")
    named = re.compile(rf"\b{re.escape(name)}\b|from {re.escape(package)} import [^\n]*\b{last}\b")
    folder = ROOT / "tests" / "unit" / Path(*path.parts[1:-1])
    files = [file for kind in ("unit", "contract", "property") for file in (ROOT / "tests" / kind).rglob("test_*.py")]
    near = [file for file in files if named.search(file.read_text()) or file.name == f"test_{path.stem}.py"]
    near.sort(key=lambda file: (file.name != f"test_{path.stem}.py", file.parent != folder, file.stat().st_size))
    beside = sorted(
        (file for file in files if file.parent == folder and file not in near), key=lambda file: file.stat().st_size
    )
    return (near + beside)[:FILES]


if __name__ == "__main__":
    main()
