"""A layer of the image while it is laid out: files with the component that they are of, so that each one's bytes are known."""

from __future__ import annotations

import ast
import marshal
import shutil
import subprocess
from importlib.util import MAGIC_NUMBER, source_hash
from pathlib import Path

from image import elf
from image.sbom import Sizes


class Layer:
    """A folder that becomes a layer; its programs and libraries are stripped, its modules compiled."""

    def __init__(self, folder: Path, tools: str, sizes: Sizes) -> None:
        """Lay it out in `folder`; `tools` is the prefix of the binutils of its architecture."""
        self.folder, self.tools, self.sizes = folder, tools, sizes

    def place(self, name: str) -> Path:
        """Return where the file `name` of the layer is to be, in a folder that is there."""
        place = self.folder / name.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        return place

    def write(self, name: str, content: bytes, component: str = "lightship") -> Path:
        """Write a file of a component."""
        place = self.place(name)
        place.write_bytes(content)
        self.sizes[component] += len(content)
        return place

    def copy(self, path: Path, name: str, component: str) -> Path:
        """Copy a file, without its symbols if it is a program or a library."""
        place = self.place(name)
        shutil.copy(path, place)
        if elf.machine(place):
            subprocess.run([f"{self.tools}strip", "--strip-unneeded", place], check=True)
        self.sizes[component] += place.stat().st_size
        return place

    def install(self, path: Path, folder: str, name: str, component: str) -> None:
        """Put a file of a Python package where it is found, below `folder`; a module is compiled."""
        if path.suffix == ".py":
            self.write(f"{folder}/{name}c", compiled(path, name), component)
        else:
            self.copy(path, f"{folder}/{name}", component)

    def programs(self) -> list[Path]:
        """Return its ELF files: programs, extension modules, libraries."""
        files = (path for path in sorted(self.folder.rglob("*")) if path.is_file() and not path.is_symlink())
        return [path for path in files if elf.machine(path)]


def compiled(path: Path, name: str) -> bytes:
    """Return a module as byte code without docstrings, good for any time of its source, which is not in the image.

    The annotations of functions go too: 0.4 MB that nothing reads there. Source: PEP 552, for the header.
    """
    source = path.read_bytes()
    code = compile(_Unannotated().visit(ast.parse(source)), name, "exec", dont_inherit=True, optimize=2)
    unchecked_hash = (1).to_bytes(4, "little")
    return MAGIC_NUMBER + unchecked_hash + source_hash(source) + marshal.dumps(code)


class _Unannotated(ast.NodeTransformer):
    def visit_arg(self, argument: ast.arg) -> ast.arg:
        argument.annotation = None
        return argument

    def visit_FunctionDef(self, function: ast.FunctionDef) -> ast.AST:
        function.returns = None
        return self.generic_visit(function)

    def visit_AsyncFunctionDef(self, function: ast.AsyncFunctionDef) -> ast.AST:
        function.returns = None
        return self.generic_visit(function)
