"""Gives free memory back to the operating system, which the C library otherwise keeps for the next load."""

from __future__ import annotations

import contextlib

import _cffi_backend

# What cffi's `FFI.emit_python_code` writes for `int malloc_trim(size_t pad)`: the image has neither ctypes nor cffi's parser
_ffi = _cffi_backend.FFI(
    "lightship.runtime.memory",
    _version=0x2601,
    _types=b"\x00\x00\x03\x0d\x00\x00\x1c\x01\x00\x00\x00\x0f\x00\x00\x07\x01",
    _globals=(b"\x00\x00\x00\x23malloc_trim", 0),
)


def release_free_memory() -> None:
    """Return the free pages of all heaps (malloc_trim(3)); nothing where the C library is not glibc.

    It takes about a millisecond for each 10 MB that are returned, and other threads wait for their heap meanwhile.
    """
    with contextlib.suppress(AttributeError):
        _ffi.dlopen(None).malloc_trim(0)
