"""Every command of the tutorial is run, in its order."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from image import packing

from docker.compose import import_servers, with_compose
from docker.conftest import Built
from docker.daemon import docker
from docker.systemd import ARCHIVE, booted, load
from docker.test_podman import CONFIGURATION
from docker.tutorial import Reader, blocks, expected
from lightship.deploy.topology import Topology
from support import ROOT, require
from unit.deploy.test_compose import compose_program
from unit.deploy.test_kubernetes import kubectl_program

ENGLISH, CHINESE = (ROOT / "docs" / name for name in ("tutorial.md", "tutorial.zh.md"))
PORTS = (8080, 8081, 9090, 10000)
NAMES = {"searchengine", "indexer", *(f"searchengine-{n}" for n in range(3)), *(f"indexer-{n}" for n in range(2))}
PROJECT = "lightship-test"


@pytest.fixture
def reader(built: Built, tmp_path: Path) -> Iterator[Reader]:
    """Yield a reader with a checkout, on whose machine everything is that the tutorial asks for."""
    require("Podman, runc and root", os.geteuid() == 0 and all(map(shutil.which, ("podman", "runc"))))
    for what, present in (
        ("curl", shutil.which("curl")),
        ("HAProxy", shutil.which("haproxy")),
        ("Compose v2", compose_program()),
        ("kubectl", kubectl_program()),
    ):
        require(what, present)
    require(f"the ports {PORTS}, free", all(map(is_free, PORTS)))
    require(
        "the tutorial's names, free in Docker", not NAMES & set(docker("ps", "--all", "--format", "{{.Names}}").split())
    )
    import_servers()
    checkout = tmp_path / "checkout"
    check_out(checkout)
    environment = {**os.environ, **podman_environment(tmp_path), **with_compose(tmp_path), "PYTHONUNBUFFERED": "1"}
    reader = Reader(checkout, environment)
    try:
        yield reader
    finally:
        reader.close()
        for command in (
            ["docker", "compose", "--project-name", PROJECT, "down", "--volumes", "--timeout", "1"],
            ["docker", "rm", "--force", "--volumes", *NAMES], ["docker", "network", "rm", "search"],
            ["docker", "volume", "rm", "search"],
            ["podman", "rm", "--all", "--force", "--time=0"], ["podman", "rmi", "--all", "--force"],
        ):  # fmt: skip
            subprocess.run(command, env=environment, capture_output=True, check=False)


@pytest.fixture
def machine(reader: Reader) -> Iterator[Reader]:
    """Yield a reader in the same checkout on a machine with systemd and Podman 5."""
    require("a machine with Podman 5 (.ci/machine makes it)", ARCHIVE.exists())
    with booted(reader.folder) as container:
        load(container, Topology().nats.image, Topology().proxy.image)
        shell = ("docker", "exec", "--interactive", f"--workdir={reader.folder}", container.name, "bash")
        inside = Reader(reader.folder, reader.environment, shell, "machine")
        yield inside
        inside.close()


def test_every_command_runs_and_prints_what_stands_there(
    reader: Reader, machine: Reader, capsys: pytest.CaptureFixture[str]
) -> None:
    section = ""
    printed: str | None = ""
    for block in blocks(ENGLISH):
        if block.section != section:
            reader.interrupt()
            section = block.section
        if block.kind == "sh background":
            reader.start(block.text)
            if block.text.startswith("make run"):
                reader.wait_for("documents are searchable")  # who types is slower than a program
        elif block.kind == "sh":
            printed = reader.run(block.text)
        elif block.kind == "sh systemd":
            printed = machine.run(block.text)
        elif block.kind == "sh kubernetes":
            printed = None
            assert "kind: StatefulSet" in reader.run(f"{kubectl_program()} kustomize deploy/production/kubernetes")
        elif block.kind == "text" and printed is not None:
            for line in expected(block.text):
                assert line.search(printed), (
                    f"{line.pattern!r} is not in what was printed under {section!r}:\n{printed}"
                )
        elif block.kind != "text":
            raise AssertionError(f"a block of a kind that nobody runs: {block.kind}")
    assert section == "Kubernetes"  # the last one with commands
    with capsys.disabled():
        timed = [*reader.seconds.items(), *machine.seconds.items()]
        slowest = sorted(timed, key=lambda item: -item[1])[:6]
        print(f"\ntutorial: {len(timed)} blocks in {sum(seconds for _, seconds in timed):.0f} s; the slowest:")
        print("\n".join(f"{seconds:5.0f} s  {first[:70]}" for first, seconds in slowest))


def test_both_languages_have_the_same_commands() -> None:
    english, chinese = ([(block.kind, block.text) for block in blocks(path)] for path in (ENGLISH, CHINESE))
    assert chinese == english
    assert len(english) > 20
    assert len({block.section for block in blocks(CHINESE)}) == len({block.section for block in blocks(ENGLISH)})


def is_free(port: int) -> bool:
    with socket.socket() as probe, contextlib.suppress(OSError):
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("", port))
        return True
    return False


def podman_environment(folder: Path) -> dict[str, str]:
    """Return what gives `podman` images and containers of its own."""
    (folder / "containers.conf").write_text(CONFIGURATION)
    (folder / "storage.conf").write_text(
        f'[storage]\ndriver = "overlay"\ngraphroot = "{folder}/podman"\nrunroot = "{folder}/run"\n'
    )
    return {
        "CONTAINERS_CONF": str(folder / "containers.conf"), "CONTAINERS_STORAGE_CONF": str(folder / "storage.conf")
    }  # fmt: skip


def check_out(folder: Path) -> None:
    """Copy what git knows of this checkout, as it is now.

    It gets this checkout's environment, which `make` would set up, and its packed layers, which `make image` would pack.
    """
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    for name in subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0"):
        if name and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    (folder / ".venv").symlink_to(ROOT / ".venv")
    (folder / "build").mkdir()
    (folder / "build" / packing.KEPT.name).symlink_to(packing.KEPT)
