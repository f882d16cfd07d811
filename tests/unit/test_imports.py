"""Imports point one way, tantivy is known in one package, and what is imported is declared."""

from __future__ import annotations

import ast
import functools
import subprocess
import sys
import tomllib
from collections import Counter
from graphlib import CycleError, TopologicalSorter
from importlib.metadata import packages_distributions
from importlib.util import resolve_name
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from support import ROOT

SOURCE = ROOT / "src"

FOUNDATION = {"core", "config", "runtime", "documents"}
LIBRARIES = {"doclog", "index", "rpc", "http"}
PROGRAMS = {"crawler", "indexer", "searchengine"}
ALLOWED: dict[str, set[str]] = {  # folder of lightship: the folders that it may import
    "core": set(),
    "config": {"core"},
    "runtime": {"core", "config"},
    "documents": {"core"},
    "http": FOUNDATION,
    "doclog": FOUNDATION,
    "index": FOUNDATION,
    "rpc": FOUNDATION | {"http"},
    "intake": FOUNDATION | {"doclog", "http"},
    "crawler": FOUNDATION | {"doclog", "http"},
    "indexer": FOUNDATION | LIBRARIES | {"intake"},
    "searchengine": FOUNDATION | {"index", "rpc", "http"},
    "client": {"core", "config", "http", "intake", "searchengine"},
    "deploy": FOUNDATION,
    "checks": {"core", "config", "http"},
    "chaos": FOUNDATION | {"deploy", "http"},
    "judging": FOUNDATION | {"index", "searchengine", "checks"},
    "cli": FOUNDATION | LIBRARIES | {"intake"} | PROGRAMS | {"deploy", "checks", "chaos", "judging"},
}
ONLY_IN = {"tantivy": "index"}


def module_of(path: Path) -> str:
    """Return the dotted name of a source file."""
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@functools.cache
def imports_of(path: Path, source: str) -> list[str]:
    """Return every module, or name of a module, that `source` imports, at any depth, as an absolute dotted name."""
    package, found = ".".join(path.relative_to(SOURCE).parent.parts), list[str]()
    for node in ast.walk(ast.parse(source, str(path))):
        if isinstance(node, ast.Import):
            found += [name.name for name in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = resolve_name("." * node.level + (node.module or ""), package)
            found += [f"{base}.{name.name}" for name in node.names]
    return found


def wrong_imports(path: Path, source: str) -> list[str]:
    """Return what is wrong with the imports of a file, in words."""
    here = f"{module_of(path)}.".split(".")[1]
    wrong = []
    for name in imports_of(path, source):
        root, part = f"{name}.".split(".")[:2]
        if root == "lightship" and part in ALLOWED and part != here and part not in ALLOWED.get(here, set()):
            wrong.append(f"{here or 'lightship'} imports {part}")
        if ONLY_IN.get(root, here) != here:
            wrong.append(f"{here or 'lightship'} imports {root}: only {ONLY_IN[root]} may")
    return wrong


# The root only names what other programs import from it, and imports that when they ask for it
SOURCES = {module_of(path): path for path in SOURCE.rglob("*.py") if path.parent.name != "lightship"}


@pytest.mark.parametrize("module", SOURCES)
def test_imports_point_one_way(module: str) -> None:
    path = SOURCES[module]
    assert wrong_imports(path, path.read_text()) == []


def test_the_allowed_imports_name_every_folder_and_have_no_circle() -> None:
    parts = {module.split(".")[1] for module in SOURCES if "." in module}
    assert parts == ALLOWED.keys()
    TopologicalSorter(ALLOWED).prepare()


def room_of(module: str) -> str:
    """Return the folder that a module is in, as a dotted name."""
    return module if SOURCES[module].name == "__init__.py" else module.rpartition(".")[0]


def arrows() -> dict[str, set[str]]:
    """Return which folders the modules of each folder import from."""
    found: dict[str, set[str]] = {}
    for module, path in SOURCES.items():
        here = room_of(module)
        for name in imports_of(path, path.read_text()):
            target = name if name in SOURCES else name.rpartition(".")[0]
            if target in SOURCES and room_of(target) != here:
                found.setdefault(here, set()).add(room_of(target))
    return found


def test_the_root_imports_nothing_until_it_is_asked_for() -> None:
    told = "import sys, lightship; sys.exit(any(name.startswith('lightship.') for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", told], check=False).returncode == 0


def test_no_two_folders_need_each_other() -> None:
    try:
        TopologicalSorter(arrows()).prepare()
    except CycleError as error:
        pytest.fail(f"a circle of imports: {' <- '.join(error.args[1])}")


def test_no_folder_has_more_than_a_dozen_modules() -> None:
    rooms = Counter(room_of(module) for module, path in SOURCES.items() if path.name != "__init__.py")
    assert {room: modules for room, modules in rooms.items() if modules > 12} == {}


def test_unit_tests_mirror_the_source() -> None:
    """A test file that is named after a module is in the module's folder; others are in the folder that they are about."""
    unit, wrong = ROOT / "tests" / "unit", []
    for path in unit.rglob("test_*.py"):
        folder = path.parent.relative_to(unit)
        inside, name = SOURCE / "lightship" / folder, f"{path.stem.removeprefix('test_')}.py"
        if not inside.is_dir():
            inside = ROOT / folder if (ROOT / folder).is_dir() else ROOT / "tests" / folder
        places = {module.parent for module in inside.rglob(name)}
        if not inside.is_dir() or (places and inside not in places):
            wrong.append(str(path.relative_to(ROOT)))
    assert wrong == []


@pytest.mark.parametrize(
    ("file", "source", "wrong"),
    [
        ("crawler/main.py", "from lightship.index.fields import schema", "crawler imports index"),
        ("crawler/main.py", "from lightship import index", "crawler imports index"),
        ("crawler/main.py", "from ..index.fields.schema import SCHEMA", "crawler imports index"),
        ("crawler/main.py", "def later():\n    import lightship.indexer.main", "crawler imports indexer"),
        (
            "searchengine/app.py",
            "if True:\n    from lightship.doclog import open_log",
            "searchengine imports doclog",
        ),
        ("index/__init__.py", "from .. import rpc", "index imports rpc"),
        ("core/model.py", "import lightship.config", "core imports config"),
        ("__init__.py", "import lightship.core.model", "lightship imports core"),
        ("searchengine/search/search.py", "import tantivy", "searchengine imports tantivy: only index may"),
        ("indexer/shard/shard.py", "from tantivy import Index", "indexer imports tantivy: only index may"),
    ],
)
def test_a_wrong_import_is_found(file: str, source: str, wrong: str) -> None:
    assert wrong_imports(SOURCE / "lightship" / file, source) == [wrong]


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("index/reader.py", "import tantivy\nfrom .fields import schema\nfrom lightship import __version__"),
        ("cli/main.py", "from lightship.crawler.main import main\nfrom lightship.config import UpSettings"),
    ],
)
def test_a_right_import_is_not(file: str, source: str) -> None:
    assert wrong_imports(SOURCE / "lightship" / file, source) == []


def test_imported_packages_are_declared() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    lines = [*project["dependencies"], *extras["documents"], *extras["browser"]]
    declared = {canonicalize_name(Requirement(line).name) for line in lines} | {"lightship"}
    owners = packages_distributions()
    imported = {name.split(".")[0] for path in SOURCES.values() for name in imports_of(path, path.read_text())}
    undeclared = {
        name for name in imported - sys.stdlib_module_names if not declared & set(map(canonicalize_name, owners[name]))
    }
    assert undeclared == set()


def test_a_searchengine_that_feeds_no_other_has_no_http_client_in_memory() -> None:
    told = "import sys, lightship.searchengine.main; sys.exit('aiohttp' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", told], check=False).returncode == 0
