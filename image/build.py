"""`make image`: builds the image for both architectures, checks them, prints what they weigh, and writes OCI archives to dist/.

    build.py [-compress=gzip,zstd] [-name=lightship] [-version=X] [-measure=5]

It needs a Docker daemon, and no registry: without one, the base image is made from Debian's archive by mmdebstrap.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from image import base, engine, oci, packing, report

ROOT = Path(__file__).parents[1]

ARCHITECTURES = ("amd64", "arm64")


@dataclass(frozen=True)
class Source:
    """What is built: the version, the commit and its time (Unix seconds), which takes the place of the time of the build."""

    version: str
    revision: str
    seconds: int

    @staticmethod
    def of(version: str = "") -> Source:
        """Return that of this checkout; SOURCE_DATE_EPOCH says another time, as https://reproducible-builds.org has it."""
        told = (ROOT / "src/lightship/__init__.py").read_text()
        found = re.search(r'__version__ = "(.+)"', told)
        assert found is not None
        seconds = os.environ.get("SOURCE_DATE_EPOCH") or _git("log", "-1", "--format=%ct") or "0"
        return Source(version or found[1], _git("rev-parse", "HEAD") or "unknown", int(seconds))


def main() -> None:
    """Do it all, and end with status 1 when the daemon or a step of the build fails, or an image is not what it says."""
    parser = argparse.ArgumentParser(prog="make image", description="Build the image for both architectures.")
    parser.add_argument("-compress", default="gzip,zstd", help="archives to write (default: %(default)s)")
    parser.add_argument("-name", default="lightship", help="name of the image (default: %(default)s)")
    parser.add_argument("-version", default="", help="version that its label says (default: the project's)")
    parser.add_argument("-measure", type=int, default=5, help="starts to measure (default: %(default)s)")
    settings = parser.parse_args()
    try:
        source = Source.of(settings.version)
        images = build(source)
        compressions = settings.compress.split(",")
        name = f"{settings.name}:{source.version}"
        archives = write(images, name, compressions)
        load(images, settings.name, name)
        report.sizes(images, compressions)
        report.archives(archives)
        if settings.measure:
            report.starts(settings.name, settings.measure)
    except subprocess.CalledProcessError as error:
        sys.exit(f"error: {' '.join(map(str, error.cmd[:4]))} … failed with status {error.returncode}{engine.hint()}")
    except FileNotFoundError as error:
        sys.exit(
            f"error: {error.filename} is not installed; what is needed: docker, git, and mmdebstrap where no registry answers"
        )


def build(source: Source, architectures: Sequence[str] = ARCHITECTURES, *, assembly: str = "") -> list[oci.Image]:
    """Return the checked image of each architecture, native or not.

    What Docker has in its cache is taken from there; another `assembly` has all files put together again.
    """
    engine.require_base(base.base_tag((ROOT / "Dockerfile").read_text()), base.make_base)
    return [_build(source, architecture, assembly) for architecture in architectures]


def _build(source: Source, architecture: str, assembly: str) -> oci.Image:
    tag = f"lightship-build:{architecture}-{os.getpid()}"  # another one may be built beside this one
    arguments = {"TARGETARCH": architecture, "VERSION": source.version, "REVISION": source.revision}
    engine.build(ROOT, tag, {**arguments, "ASSEMBLY": assembly})
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder, "image.tar")
        engine.run("save", "--output", str(archive), tag)
        image = oci.saved_image(archive, source.seconds)
    engine.run("rmi", tag)  # the layers stay in the cache; this image has the time of the build in it
    count = image.check()
    print(f"{architecture}: built; {count} programs and libraries, all of {architecture}")
    return image


def write(images: Sequence[oci.Image], name: str, compressions: Sequence[str]) -> list[Path]:
    """Write dist/NAME-VERSION.COMPRESSION.tar for each compression, and dist/NAME-VERSION.ARCHITECTURE.cdx.json."""
    stem = str(ROOT / "dist" / name.replace(":", "-"))
    layers = [(compression, layer) for compression in compressions for image in images for layer in image.layers]
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        list(threads.map(lambda each: packing.packed(*each), layers))
    paths = [Path(f"{stem}.{compression}.tar") for compression in compressions]
    for path, compression in zip(paths, compressions, strict=True):
        oci.write_archive(path, images, name, compression)
    for image in images:
        Path(f"{stem}.{image.architecture}.cdx.json").write_bytes(image.file(report.SBOM))
    return paths


def load(images: Sequence[oci.Image], short: str, name: str) -> None:
    """Load the images into the daemon as NAME:VERSION-ARCHITECTURE, and that of its own architecture as NAME and NAME:VERSION too."""
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder, "image.tar")
        oci.write_archive(archive, images, name, "none")
        engine.run("load", "--quiet", "--input", str(archive))
    for tag in (short, name):
        engine.run("tag", f"{name}-{engine.architecture()}", tag)


def _git(*command: str) -> str:
    """Return what git says of this checkout; an empty string where it is none."""
    told = subprocess.run(["git", "-C", ROOT, *command], capture_output=True, text=True, check=False)
    return told.stdout.strip() if told.returncode == 0 else ""


if __name__ == "__main__":
    main()
