"""What the archive of the image has: which architectures, how large, and made of what."""

from __future__ import annotations

import dataclasses
import json
import re
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
from image import oci, packing, report

from docker.conftest import Built
from lightship import __version__

ARCHITECTURES = ("amd64", "arm64")
UNPACKED_BYTES, GZIP_BYTES, ZSTD_BYTES = 56_000_000, 22_000_000, 18_000_000


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
        packed = threads.map(partial(packing.packed, "zstd"), images[native].layers)
        assert sum(map(len, packed)) <= ZSTD_BYTES


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
