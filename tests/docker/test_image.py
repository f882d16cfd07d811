"""What the image is: of which architectures, how large, made of what, and the same each time."""

from __future__ import annotations

import dataclasses
import json
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest
from image import build, oci, report

from docker.conftest import Built, Run
from docker.daemon import docker
from lightship import __version__
from made import Caller
from support import require, wait_until

ARCHITECTURES = ("amd64", "arm64")
UNPACKED_BYTES, GZIP_BYTES, ZSTD_BYTES = 56_000_000, 22_000_000, 18_000_000
EMULATOR = Path("/usr/lib/binfmt.d/qemu-aarch64.conf")  # what to register, of Debian's qemu-user-static
REGISTERED = Path("/proc/sys/fs/binfmt_misc")


def test_one_archive_names_both_architectures(images: dict[str, oci.Image]) -> None:
    assert sorted(images) == list(ARCHITECTURES)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_all_programs_are_of_the_architecture_that_the_label_says(
    images: dict[str, oci.Image], architecture: str
) -> None:
    image = images[architecture]
    assert image.check() > 40
    assert image.labels["architecture"] == architecture
    assert image.labels["org.opencontainers.image.version"] == __version__


def test_a_mislabelled_image_is_refused(images: dict[str, oci.Image]) -> None:
    right, other = images["amd64"], images["arm64"]
    with pytest.raises(ValueError, match=r"labelled amd64, but is not: .*usr/bin/python3 \(arm64\)"):
        oci.Image(right.config, other.layers).check()
    with pytest.raises(ValueError, match=r"labelled amd64, but is not: .*tantivy.*\(arm64\)"):
        oci.Image(right.config, (right.layers[0], other.layers[1], right.layers[2])).check()
    with pytest.raises(ValueError, match="the label says 'arm64', the config 'amd64'"):
        dataclasses.replace(
            other, config=other.config.replace(b'"architecture":"arm64","config"', b'"architecture":"amd64","config"')
        ).check()
    with pytest.raises(ValueError, match="no interpreter"):
        oci.Image(right.config, right.layers[2:]).check()


def test_an_archive_that_was_altered_is_refused(built: Built, tmp_path: Path) -> None:
    altered = tmp_path / "altered.tar"
    content = bytearray(built.archive.read_bytes())
    content[len(content) // 2] ^= 1
    altered.write_bytes(content)
    with pytest.raises(ValueError, match="has other content"):
        oci.read_archive(altered)


def test_it_is_small(built: Built, images: dict[str, oci.Image]) -> None:
    printed = re.findall(r"in all +([\d.]+) MB +([\d.]+) MB", built.output)
    for architecture, (unpacked, packed) in zip(ARCHITECTURES, printed, strict=True):
        assert float(unpacked) == round(images[architecture].unpacked / 1e6, 2)
        assert images[architecture].unpacked <= UNPACKED_BYTES
        assert float(packed) * 1e6 <= GZIP_BYTES


def test_it_is_smaller_with_zstd(images: dict[str, oci.Image], native: str) -> None:
    with ThreadPoolExecutor() as threads:
        packed = threads.map(partial(oci.packed, "zstd"), images[native].layers)
        assert sum(map(len, packed)) <= ZSTD_BYTES


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


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_list_of_parts(images: dict[str, oci.Image], architecture: str) -> None:
    told = json.loads(images[architecture].file(report.SBOM))
    assert (told["bomFormat"], told["specVersion"]) == ("CycloneDX", "1.5")
    parts = {each["name"]: each for each in told["components"]}
    assert {"fastwarc", "libc6", "libssl3", "python3.11-minimal", "tantivy", "uvicorn"} <= parts.keys()
    assert f"arch={architecture}" in parts["libc6"]["purl"]
    assert parts["tantivy"]["licenses"] == [{"expression": "MIT"}]
    assert not parts.keys() & {"pytest", "mypy", "brotli", "playwright", "pycparser", "pypdfium2"}
    counted = sum(int(each["properties"][0]["value"]) for each in (told["metadata"]["component"], *parts.values()))
    assert abs(counted - images[architecture].unpacked) < 200_000  # the list itself, and the zip's directory


def test_nothing_of_the_building_machine_is_in_it(images: dict[str, oci.Image]) -> None:
    for image in images.values():
        files = dict(image.files())
        others = [name for name in files if "/lightship/" not in name]  # that has a nats.conf for `lightship deploy`
        assert not [name for name in others if "pip" in name or name.endswith((".conf", ".list", ".sources"))]
        own = [path.read_bytes().strip() for path in Path("/usr/local/share/ca-certificates").glob("*.crt")]
        assert not [each for each in own if each in files["etc/ssl/certs/ca-certificates.crt"]]


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
