"""What goes into the image: which modules of the standard library, and which files of the packages.

Left out is what no program imports. tests/docker imports every module of lightship in the image, and runs the programs.
"""

from __future__ import annotations

import re
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

_LEFT_OUT = """
    _bz2.* _lzma.* EXTERNALLY-MANAGED LICENSE.txt __hello__* __phello__ __pycache__ _aix_support* _bootsubprocess* _crypt.* _ctypes* _curses*
    _dbm.* _distutils* _lsprof.* _osx_support* _posixshmem.* _pydecimal* _pyio* _sqlite3.* _sysconfigdata* _test* _xx*
    aifc* antigravity* asynchat* asyncore* audioop.* bdb* cProfile* cgi.* cgitb* chunk.* code.* codeop* colorsys* compileall*
    config-* crypt.* ctypes curses dbm distutils doctest* ensurepip ftplib* idlelib imaplib* imghdr* lib2to3 mailbox*
    mailcap* modulefinder* nis.* nntplib* ossaudiodev.* pdb* pickletools* pipes* plistlib* poplib* profile* pstats* pty.*
    py_compile* pyclbr* pydoc.* pydoc_data readline.* rlcompleter* sched.* shelve* sitecustomize* smtpd* smtplib* sndhdr*
    sqlite3 statistics* sunau* symtable* tabnanny* telnetlib* test this* tkinter trace.* turtle* unittest uu.* venv
    wave.* webbrowser* xdrlib* xml xmlrpc xxlimited* zipapp*
""".split()  # of the standard library: modules, packages, extension modules
_LEFT_OUT_OF_PACKAGES = """
    _brotli.* brotli.py fastwarc anyio/pytest_plugin.py apsw/sqlite_extra* apsw/tests apsw/fts* apsw/shell.py apsw/speedtest.py
    apsw/trace.py apsw/_unicode.* apsw/unicode.py multidict/_testcapi.* prometheus_client/aiohttp prometheus_client/django
    prometheus_client/twisted resiliparse/beam resiliparse/cli.py starlette/testclient.py uvloop/_testbase.py zstandard/_cffi.*
    zstandard/backend_cffi.py markdown_it/cli markdown_it/port.yaml nats/micro bin
""".split()  # of the packages of PyPI
_NOT_RUN = re.compile(r"\.(pyi|pxd|pyx|pxi|c|h|sh|md|1|typed)$|__pycache__/|\.dist-info/")


def standard_library(folder: Path) -> dict[str, Path]:
    """Return the modules to take of one Debian package's `/usr/lib/python3.X`: their paths below it, and where they are."""
    return {
        name: path
        for path in sorted(folder.rglob("*"))
        if path.suffix in (".py", ".so") and not _matches(name := str(path.relative_to(folder)), _LEFT_OUT)
    }


def package_files(folder: Path) -> dict[str, Path]:
    """Return the files to take of a folder of packages, by their paths below it."""
    return {
        name: path
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and not _NOT_RUN.search(name := str(path.relative_to(folder)))
        and not _matches(name, _LEFT_OUT_OF_PACKAGES)
    }


def _matches(name: str, patterns: list[str]) -> bool:
    """Tell whether a pattern names the file, or a folder that it is in; `lib-dynload` is looked through."""
    path = PurePosixPath(name.removeprefix("lib-dynload/"))
    return any(fnmatch(str(part), pattern) for part in (path, *path.parents) for pattern in patterns)
