"""Which architecture a program or library was built for, as its ELF header says (System V gABI, "ELF Header")."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

_MACHINES = {62: "amd64", 183: "arm64"}  # e_machine: EM_X86_64, EM_AARCH64
HEADER_BYTES = 20


def machine_of(header: bytes) -> str:
    """Return the architecture that the first HEADER_BYTES of a file name, in Docker's words; an empty string if it is no ELF file."""
    if header[:4] != b"\x7fELF" or len(header) < HEADER_BYTES:
        return ""
    number = int.from_bytes(header[18:20], "little" if header[5] == 1 else "big")
    return _MACHINES.get(number, f"ELF machine {number}")


def machine(path: Path) -> str:
    """Return the architecture of a file, as machine_of does."""
    with path.open("rb") as file:
        return machine_of(file.read(HEADER_BYTES))


def require(architecture: str, paths: Iterable[Path]) -> None:
    """End the program with an error if an ELF file among `paths` is of another architecture, or none is one."""
    found = {path: machine(path) for path in paths}
    wrong = [f"{path} is of {of}" for path, of in found.items() if of not in ("", architecture)]
    if wrong or not any(found.values()):
        raise SystemExit(f"error: not all programs are of {architecture}: {'; '.join(wrong) or 'there are none'}")
