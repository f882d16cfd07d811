"""The wheel, installed in an empty environment outside the checkout, has all that the programs need."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from cluster.client import free_ports, search, wait_for_documents
from support import ROOT, Program

PROGRAMS = ("crawler", "indexer", "lightship", "searchengine")
NEEDED = ("LICENSE", "README.md", "pyproject.toml", "src")  # to build from; nothing else is copied
DOCUMENTS = 3
WITHOUT_CHECKOUT = {"PYTHONPATH": ""}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the sdist, and the wheel from it, as `make dist` does."""
    folder = tmp_path_factory.mktemp("dist")
    for name in NEEDED:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy2
        copy(ROOT / name, folder / name)
    for left in (folder / "src").glob("*.egg-info"):
        shutil.rmtree(left)
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", "dist", folder=folder)
    assert len(list(folder.glob("dist/*.tar.gz"))) == 1
    [built] = folder.glob("dist/*.whl")
    return built


@pytest.fixture(scope="module")
def programs(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the programs of a new environment, in which the wheel is installed.

    Its dependencies are those of this environment, by a path at the end of its own; the project is not on that path,
    since a .pth file, which an editable install is, counts only in an environment's own folder.
    """
    environment = tmp_path_factory.mktemp("environment")
    run(sys.executable, "-m", "venv", "--without-pip", ".", folder=environment)
    python = environment / "bin" / "python"
    run(sys.executable, "-m", "pip", "--python", str(python), "install", "--no-index", "--no-deps", str(wheel))
    site = run(str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip()
    Path(site, "dependencies.pth").write_text(f"{sysconfig.get_path('purelib')}\n{sysconfig.get_path('platlib')}\n")
    where = run(str(python), "-c", "import lightship; print(lightship.__file__)").strip()
    assert Path(where).is_relative_to(environment)
    return environment / "bin"


@pytest.fixture
def up(programs: Path, tmp_path: Path) -> Iterator[int]:
    """Run `lightship up docs/` with the wheel's programs; yield its port."""
    docs, port = tmp_path / "docs", free_ports(2)
    docs.mkdir()
    for number in range(DOCUMENTS):
        (docs / f"{number}.md").write_text(f"# Lamp {number}\n\nFill the lamp with oil.\n")
    program = Program(
        str(programs / "lightship"), "up", "docs/", f"--port={port}", folder=tmp_path, log=tmp_path / "up.log",
        env=WITHOUT_CHECKOUT,
    )  # fmt: skip
    try:
        program.wait_for(f"http://localhost:{port}/", 60)
        yield port
    finally:
        program.stop(30)


def run(*command: str, folder: Path = Path("/")) -> str:
    """Run a command to its end, without what PYTHONPATH names; return what it printed."""
    environment = {**os.environ, **WITHOUT_CHECKOUT}
    done = subprocess.run(command, cwd=folder, env=environment, check=False, capture_output=True, text=True)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stdout}{done.stderr}"
    return done.stdout


def test_the_wheel_has_every_file_of_the_package(wheel: Path) -> None:
    source = ROOT / "src"
    expected = {
        str(path.relative_to(source))
        for path in source.rglob("lightship/**/*")
        if path.is_file() and path.suffix not in {".pyc", ".so"} and path.name != "DESIGN.md"
    }
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("lightship/")}
    assert packed == expected


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_says_how_it_is_used(programs: Path, program: str) -> None:
    assert program in run(str(programs / program), "--help")


def test_up_crawls_a_folder_and_serves_the_page(up: int) -> None:
    wait_for_documents(up, DOCUMENTS, 60)
    assert search(up, "oil")["total"] == DOCUMENTS
    with urlopen(f"http://localhost:{up}/?q=lamp&format=html") as page:
        text = page.read().decode()
    assert "<mark>" in text
    style = text.partition('rel="stylesheet" href="')[2].partition('"')[0]
    with urlopen(f"http://localhost:{up}{style}") as sheet:
        assert sheet.headers["Content-Type"].startswith("text/css")


def test_deploy_writes_its_templates(programs: Path, tmp_path: Path) -> None:
    (tmp_path / "lightship.toml").write_text("replicas = 2\nlog = 1\n")
    printed = run(str(programs / "lightship"), "deploy", "compose", folder=tmp_path)
    written = tmp_path / "deploy" / "production" / "compose"
    assert "docker compose up -d" in printed
    assert {"compose.yaml", "haproxy.cfg", "nats.conf"} <= {path.name for path in written.rglob("*")}
