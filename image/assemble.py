"""Lays out the image's three layers, in the build stage: /image/runtime, /image/dependencies and /image/lightship.

    assemble.py ARCHITECTURE

It reads Debian packages unpacked below /debs, wheels installed in /wheels, and the project in /src. Nothing of what it
puts together is run, so the architecture may be any. The standard library and the packages that are all Python go,
compiled, into /usr/lib/python3XX.zip, which CPython has on its path by itself; other packages go, compiled, into
/usr/lib/python3.XX.
"""

from __future__ import annotations

import os
import sys
import zipfile
from pathlib import Path

from image import elf, libraries, sbom, selection
from image.layer import Layer, compiled

DEBS, WHEELS, SOURCE, IMAGE = Path("/debs"), Path("/wheels"), Path("/src"), Path("/image")
PYTHON = f"python{sys.version_info[0]}.{sys.version_info[1]}"  # the build stage's is the image's: both are Debian's
LIB = f"usr/lib/{PYTHON}"
PROGRAMS = ("crawler", "indexer", "searchengine")  # links to the one start, lightship
USER = 65532
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can say


def main() -> None:
    """Make the layers for the architecture that the command line names."""
    architecture = sys.argv[1]
    tools = libraries.TOOLS[architecture]
    debs = {path.name.partition("_")[0]: path for path in DEBS.iterdir() if path.is_dir()}
    sizes: sbom.Sizes = sbom.Sizes()
    runtime, dependencies, lightship = (
        Layer(IMAGE / name, tools, sizes) for name in ("runtime", "dependencies", "lightship")
    )
    _python(runtime, debs)
    _packages(dependencies)
    libraries.bring(runtime, [*runtime.programs(), *dependencies.programs()], debs, tools)
    _system(runtime, debs["ca-certificates"])
    _project(lightship)
    elf.require(architecture, [*runtime.programs(), *dependencies.programs()])
    lightship.write("usr/share/sbom/lightship.cdx.json", sbom.document(architecture, DEBS, WHEELS, SOURCE, sizes))


def _python(layer: Layer, debs: dict[str, Path]) -> None:
    layer.copy(debs[f"{PYTHON}-minimal"] / "usr/bin" / PYTHON, "usr/bin/python3", f"{PYTHON}-minimal")
    owner = sbom.owners(WHEELS)
    with zipfile.ZipFile(layer.place(f"usr/lib/{PYTHON.replace('.', '')}.zip"), "w") as archive:

        def add(name: str, path: Path, component: str) -> None:
            member = zipfile.ZipInfo(f"{name}c", _EPOCH)
            archive.writestr(member, compiled(path, name), zipfile.ZIP_DEFLATED, 9)
            layer.sizes[component] += member.compress_size

        for package in (f"lib{PYTHON}-minimal", f"lib{PYTHON}-stdlib"):
            for name, path in selection.standard_library(debs[package] / LIB).items():
                if path.suffix == ".so":
                    layer.copy(path, f"{LIB}/{name}", package)
                else:
                    add(name, path, package)
        for name, path in selection.pure(selection.package_files(WHEELS)).items():
            add(name, path, owner[name])


def _packages(layer: Layer) -> None:
    owner, files = sbom.owners(WHEELS), selection.package_files(WHEELS)
    pure = selection.pure(files)
    for name, path in files.items():
        if name not in pure:
            layer.install(path, LIB, name, owner[name])


def _project(layer: Layer) -> None:
    for name, path in selection.package_files(SOURCE / "src").items():
        layer.install(path, LIB, name, "lightship")
    layer.copy(SOURCE / "image/start.py", "lightship", "lightship").chmod(0o755)
    for program in PROGRAMS:
        layer.place(program).symlink_to("lightship")
    layer.place("data").mkdir()
    os.chown(layer.place("data"), USER, USER)
    layer.place("data").chmod(0o1777)  # a tmpfs there, or a volume, gets this mode: any user of the container can write


def _system(layer: Layer, certificates: Path) -> None:
    bundle = (path.read_bytes() for path in sorted((certificates / "usr/share/ca-certificates").rglob("*.crt")))
    layer.write("etc/ssl/certs/ca-certificates.crt", b"".join(bundle), "ca-certificates")
    layer.write("etc/passwd", f"root:x:0:0::/:/none\nlightship:x:{USER}:{USER}::/data:/none\n".encode())
    layer.write("etc/group", f"root:x:0:\nlightship:x:{USER}:\n".encode())
    layer.place("tmp").mkdir()
    layer.place("tmp").chmod(0o1777)


if __name__ == "__main__":
    main()
