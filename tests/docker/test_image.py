"""What is built: the same each time, in the daemon as in the archive, and for another architecture, too."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from uuid import uuid4

from image import build, oci

from docker.conftest import Built, Run
from docker.daemon import docker
from docker.test_archive import ARCHITECTURES
from lightship import __version__
from made import Caller
from support import require, wait_until

EMULATOR = Path("/usr/lib/binfmt.d/qemu-aarch64.conf")  # what to register, of Debian's qemu-user-static
REGISTERED = Path("/proc/sys/fs/binfmt_misc")


def test_what_make_image_prints(built: Built) -> None:
    for words in (
        "unpacked",
        "runtime",
        "dependencies",
        "in all",
        "tantivy 0.27.0",
        "gzip",
        "docker run to first answer",
    ):
        assert words in built.output
    [resident] = re.findall(r"idle searchengine: ([\d.]+) MB", built.output)
    assert float(resident) <= 47


def test_it_is_the_same_when_assembled_again(images: dict[str, oci.Image], native: str) -> None:
    again = build.build(build.Source.of(), (native,), assembly=uuid4().hex)
    assert again == [images[native]]


def test_the_other_architecture_runs_under_emulation(run: Run, built: Built, native: str) -> None:
    [other] = set(ARCHITECTURES) - {native}
    require("an emulator of arm64, or root and qemu-user-static to register one", native == "amd64" and emulated())
    container = run("/searchengine", "-drain=0", image=f"{built.name}:{__version__}-{other}")
    wait_until(lambda: Caller(container.port).get("/livez").status == 200, 60, "an answer")
    command = "import platform; print(platform.machine())"
    assert container.execute("/usr/bin/python3", "-IS", "-c", command).stdout == "aarch64\n"
    assert container.stop()[0] == 0


def emulated() -> bool:
    """Tell whether programs of arm64 run here; register Debian's emulator if it is there and none is."""
    if not (REGISTERED / "qemu-aarch64").exists() and EMULATOR.exists():
        if not (REGISTERED / "register").exists():
            subprocess.run(["mount", "-t", "binfmt_misc", "binfmt_misc", REGISTERED], capture_output=True, check=False)
        try:
            (REGISTERED / "register").write_bytes(EMULATOR.read_bytes())
        except OSError:
            return False
    return (REGISTERED / "qemu-aarch64").exists()


def test_the_image_in_the_daemon_is_that_of_the_archive(
    built: Built, images: dict[str, oci.Image], native: str
) -> None:
    assert docker("inspect", "--format", "{{.Id}}", built.name) == images[native].digest
