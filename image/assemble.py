"""Lays out the image's three layers, in the build stage: /image/runtime, /image/dependencies and /image/lightship.

    assemble.py ARCHITECTURE

It reads Debian packages unpacked below /debs, wheels installed in /wheels, and the project in /src. Nothing of what it
puts together is run, so the architecture may be any. The standard library goes, compiled, into /usr/lib/python3XX.zip,
which CPython has on its path by itself; packages go, compiled, into /usr/lib/python3.XX.
"""

from __future__ import annotations

import os
import py_compile
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import elf
import sbom
import selection

DEBS, WHEELS, SOURCE = Path("/debs"), Path("/wheels"), Path("/src")
RUNTIME, DEPENDENCIES, LIGHTSHIP = (Path("/image", layer) for layer in ("runtime", "dependencies", "lightship"))
PYTHON = f"python{sys.version_info[0]}.{sys.version_info[1]}"  # the build stage's is the image's: both are Debian's
LIB = Path("usr/lib", PYTHON)
PROGRAMS = ("crawler", "indexer", "searchengine")  # links to the one start, lightship
USER = 65532
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can say


def main() -> None:
    """Make the layers for the architecture that the command line names."""
    architecture = sys.argv[1]
    sizes = sbom.Sizes()
    debs = {path.name.partition("_")[0]: path for path in DEBS.iterdir() if path.is_dir()}
    _standard_library(debs, sizes)
    _copy(debs[f"{PYTHON}-minimal"] / "usr/bin" / PYTHON, RUNTIME / "usr/bin/python3", f"{PYTHON}-minimal", sizes)
    _packages(sizes)
    _project(sizes)
    _libraries(debs, sizes)
    _system(debs, sizes)
    elf.require(architecture, (path for layer in (RUNTIME, DEPENDENCIES) for path in _files(layer)))
    place = LIGHTSHIP / "usr/share/sbom/lightship.cdx.json"
    place.parent.mkdir(parents=True)
    place.write_bytes(sbom.document(architecture, DEBS, WHEELS, SOURCE, sizes))


def _standard_library(debs: Mapping[str, Path], sizes: sbom.Sizes) -> None:
    zipped = RUNTIME / "usr/lib" / f"{PYTHON.replace('.', '')}.zip"
    zipped.parent.mkdir(parents=True)
    with zipfile.ZipFile(zipped, "w") as archive:
        for package in (f"lib{PYTHON}-minimal", f"lib{PYTHON}-stdlib"):
            for name, path in selection.standard_library(debs[package] / LIB).items():
                if path.suffix == ".so":
                    _copy(path, RUNTIME / LIB / name, package, sizes)
                else:
                    # Not deflated: a layer is compressed as a whole, which is better at it, and nothing is inflated at each start
                    code = _compiled(path, name)
                    archive.writestr(zipfile.ZipInfo(f"{name}c", _EPOCH), code)
                    sizes.add(package, len(code))


def _packages(sizes: sbom.Sizes) -> None:
    owner = sbom.owners(WHEELS)
    for name, path in selection.package_files(WHEELS).items():
        _install(path, name, DEPENDENCIES, owner[name], sizes)


def _project(sizes: sbom.Sizes) -> None:
    for name, path in selection.package_files(SOURCE / "src").items():
        if ".egg-info/" not in name:
            _install(path, name, LIGHTSHIP, "lightship", sizes)
    _copy(SOURCE / "image/start.py", LIGHTSHIP / "lightship", "lightship", sizes)
    (LIGHTSHIP / "lightship").chmod(0o755)
    for program in PROGRAMS:
        (LIGHTSHIP / program).symlink_to("lightship")
    (LIGHTSHIP / "data").mkdir()
    os.chown(LIGHTSHIP / "data", USER, USER)


def _install(path: Path, name: str, layer: Path, component: str, sizes: sbom.Sizes) -> None:
    """Put a file of a package where Python finds it; a module is compiled."""
    if path.suffix != ".py":
        _copy(path, layer / LIB / name, component, sizes)
        return
    place = layer / LIB / f"{name}c"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(code := _compiled(path, name))
    sizes.add(component, len(code))


def _compiled(path: Path, name: str) -> bytes:
    """Return a module as byte code without docstrings that is good for any time of its source, which is not there."""
    unchecked = py_compile.PycInvalidationMode.UNCHECKED_HASH
    made = py_compile.compile(str(path), "/tmp/module.pyc", name, doraise=True, optimize=2, invalidation_mode=unchecked)  # noqa: S108
    assert made is not None
    return Path(made).read_bytes()


def _copy(path: Path, place: Path, component: str, sizes: sbom.Sizes) -> None:
    """Copy a file, without its symbols if it is a program or a library."""
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(path, place)
    if elf.machine(place):
        subprocess.run(["strip", "--strip-unneeded", place], check=True)
    sizes.add(component, place.stat().st_size)


def _libraries(debs: Mapping[str, Path], sizes: sbom.Sizes) -> None:
    """Bring the loader and the shared libraries that the interpreter, extension modules and libraries need."""
    there = {
        path.name: (package, path)
        for package, folder in debs.items()
        for path in folder.glob("**/*-linux-gnu*/*.so*")
        if "lib-dynload" not in path.parts
    }
    waiting = [path for layer in (RUNTIME, DEPENDENCIES) for path in _files(layer) if elf.machine(path)]
    while waiting:
        for wanted in _needed(waiting.pop()):
            place = RUNTIME / wanted.lstrip("/")
            if not place.exists() and not (wanted.startswith("/usr/lib/ld-linux")):
                package, path = there[place.name]
                _copy(path.resolve(), place, package, sizes)
                waiting.append(place)


def _needed(path: Path) -> Iterator[str]:
    """Yield where an ELF file's libraries, and its loader, must lie: the loader at the very path that the program names."""
    told = subprocess.run(["readelf", "-ld", path], check=True, capture_output=True, text=True).stdout
    for library, loader in re.findall(r"\(NEEDED\).*\[(.+)\]|program interpreter: (.+)\]", told):
        yield loader or f"/usr/lib/{library}"


def _system(debs: Mapping[str, Path], sizes: sbom.Sizes) -> None:
    bundle = RUNTIME / "etc/ssl/certs/ca-certificates.crt"
    bundle.parent.mkdir(parents=True)
    certificates = sorted((debs["ca-certificates"] / "usr/share/ca-certificates").rglob("*.crt"))
    bundle.write_bytes(b"".join(path.read_bytes() for path in certificates))
    sizes.add("ca-certificates", bundle.stat().st_size)
    (RUNTIME / "etc/passwd").write_text(f"root:x:0:0::/:/none\nlightship:x:{USER}:{USER}::/data:/none\n")
    (RUNTIME / "etc/group").write_text(f"root:x:0:\nlightship:x:{USER}:\n")
    (RUNTIME / "tmp").mkdir()
    (RUNTIME / "tmp").chmod(0o1777)


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


if __name__ == "__main__":
    main()
