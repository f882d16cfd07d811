"""Which mutants are tried, and which test files are to notice them."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from mutation.mutate import Mutant, mutants


def draw(count: int, seed: int, source: Path, patterns: Iterable[str]) -> list[tuple[Path, Mutant]]:
    """Return `count` mutants of the modules that `patterns` name, with the modules' paths within `source`."""
    paths = sorted({path for pattern in patterns for path in modules(source, pattern)})
    every = [(path, mutant) for path in paths for mutant in mutants((source / path).read_text())]
    return random.Random(seed).sample(every, min(count, len(every)))


def modules(source: Path, pattern: str) -> list[Path]:
    """Return the paths within `source` of the modules that a folder, a file or a glob below `source`/lightship names.

    Raises SystemExit when there is none.
    """
    found = [
        path.relative_to(source)
        for named in (source / "lightship").glob(pattern)
        for path in ([named] if named.is_file() else named.rglob("*.py"))
        if path.suffix == ".py"
    ]
    if not found:
        raise SystemExit(f"{pattern}: no module below {source / 'lightship'} is called so")
    return found


def nearest_tests(path: Path, tests: Path) -> list[Path]:
    """Return the files below `tests` that are to notice a change in the module at `path`, nearest first, then smallest first.

    Nearest is the module's own test file, then those that name it (beside that, and elsewhere), then those that are beside it,
    and contracts and properties that name its package.
    """
    name = str(path.with_suffix("")).replace("/", ".").removesuffix(".__init__")
    package, _, last = name.rpartition(".")
    names_it = re.compile(rf"\b{re.escape(name)}\b|from {re.escape(package)} import [^\n]*\b{last}\b")
    names_package = re.compile(rf"\blightship\.{path.parts[1]}\b")
    beside = _mirrored(tests / "unit", path.parts[1:-1])
    ranked: list[tuple[int, int, Path]] = []
    for file in (file for kind in ("unit", "contract", "property") for file in (tests / kind).rglob("test_*.py")):
        text = file.read_text()
        named, is_beside = names_it.search(text) is not None, file.parent == beside
        is_own = is_beside and file.stem == f"test_{last}"
        is_of_package = "unit" not in file.parts and names_package.search(text) is not None
        near = (is_own, named and is_beside, named, is_beside or is_of_package)
        if any(near):
            ranked.append((near.index(True), len(text), file))
    return [file for _, _, file in sorted(ranked)]


def _mirrored(unit: Path, folders: Sequence[str]) -> Path:
    """Return the deepest folder below `unit` that mirrors `folders`."""
    every = [unit.joinpath(*folders[:depth]) for depth in range(len(folders), -1, -1)]
    return next(folder for folder in every if folder.is_dir())
