"""The loader and the shared libraries that the interpreter and the extension modules need, and no others."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from image.layer import Layer

TOOLS = {"amd64": "x86_64-linux-gnu-", "arm64": "aarch64-linux-gnu-"}  # prefixes of the binutils
_LIBSTDCXX, _LIBSTDCXX_PACKAGE = "libstdc++.so.6", "libstdc++-12-dev"
_LIBGCC_PACKAGE = "libgcc-12-dev"  # arm64's atomic operations
_VERSIONED = re.compile(r"UND (\S+)@((?:GLIBCXX|CXXABI)_[\d.]+)")


def bring(layer: Layer, programs: Iterable[Path], debs: Mapping[str, Path], tools: str) -> None:
    """Put into the layer whatever `programs`, and what they need, need of the unpacked Debian packages `debs`."""
    there = {
        path.name: (package, path.resolve())
        for package, folder in debs.items()
        for path in folder.glob("**/*-linux-gnu*/*.so*")
        if "lib-dynload" not in path.parts
    }
    waiting = list(programs)
    users = [path for path in waiting if f"/usr/lib/{_LIBSTDCXX}" in _needed(path, tools)]
    if users:
        waiting.append(
            _link_libstdcxx(layer, users, debs, [there[name][1] for name in _needed_by_libstdcxx(there)], tools)
        )
    while waiting:
        for wanted in _needed(waiting.pop(), tools):
            place = layer.place(wanted)
            if not place.exists():
                package, path = there[place.name]
                waiting.append(layer.copy(path, wanted, package))


def _needed(path: Path, tools: str) -> list[str]:
    """Return where an ELF file's libraries, and its loader, must lie: the loader at the very path that the program names."""
    told = _run(f"{tools}readelf", "-ld", path)
    found = re.findall(r"\(NEEDED\).*\[(.+)\]|program interpreter: (.+)\]", told)
    return [
        loader or f"/usr/lib/{library}" for library, loader in found if loader or not library.startswith("ld-linux")
    ]


def _needed_by_libstdcxx(there: Iterable[str]) -> Iterator[str]:
    yield from ("libc.so.6", "libgcc_s.so.1", *(name for name in there if name.startswith("ld-linux")))


def _link_libstdcxx(
    layer: Layer, users: Iterable[Path], debs: Mapping[str, Path], needed: Iterable[Path], tools: str
) -> Path:
    """Link a libstdc++ of just the symbols that `users` ask for, from libsupc++.a: 76 KB instead of 2.2 MB.

    The C++ code in resiliparse allocates and has virtual functions, and needs no more of C++'s library. A symbol that
    libsupc++ lacks ends the build.
    """
    wanted = sorted(
        {symbol for user in users for symbol in _VERSIONED.findall(_run(f"{tools}readelf", "-W", "--dyn-syms", user))}
    )
    archives = [*debs[_LIBSTDCXX_PACKAGE].rglob("libsupc++.a"), *debs[_LIBGCC_PACKAGE].rglob("libgcc.a")]
    place, script = layer.place(f"usr/lib/{_LIBSTDCXX}"), Path("/tmp/versions")
    script.write_text(
        "".join(
            f"{of} {{ global: {'; '.join(symbol for symbol, version in wanted if version == of)}; }};\n"
            for of in sorted({version for _, version in wanted})
        )
        + "LOCAL { local: *; };\n"
    )
    _run(
        f"{tools}ld", "-shared", "-soname", _LIBSTDCXX, "-z", "defs", "--gc-sections", "--strip-all", "--build-id=none",
        f"--version-script={script}", *(f"--require-defined={symbol}" for symbol, _ in wanted), "-o", place, *archives, *needed,
    )  # fmt: skip
    layer.sizes[_LIBSTDCXX_PACKAGE] += place.stat().st_size
    return place


def _run(*command: str | Path) -> str:
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
