"""What goes into the image: which modules of the standard library, and which files of the packages.

Left out is what no program imports, or does without: aiohttp offers servers `br` where the package brotli is, and has
WebSockets in plain Python too. tests/docker imports every module of lightship in the image, and runs the programs.
"""

from __future__ import annotations

import re
from fnmatch import fnmatch
from importlib.machinery import FrozenImporter
from pathlib import Path, PurePosixPath

_LEFT_OUT = """
    EXTERNALLY-MANAGED LICENSE.txt __hello__* __phello__ _aix_support* _bootsubprocess* _bz2.* _crypt.* _ctypes* _curses* _dbm.*
    _distutils* _lsprof.* _lzma.* _osx_support* _pydecimal* _pyio* _sqlite3.* _sysconfigdata* _test* _xx* _zoneinfo.* aifc*
    antigravity* asynchat* asyncio/proactor_events.py asyncio/windows_* asyncore* audioop.* bdb* bz2* cProfile* cgi.* cgitb*
    chunk.* code.* codeop* colorsys* compileall* concurrent/futures/process.py config-* crypt.* ctypes curses dbm
    distutils doctest* ensurepip ftplib* http/cookiejar.py idlelib imaplib* imghdr* lib2to3 lzma* mailbox* mailcap*
    modulefinder* multiprocessing/dummy multiprocessing/forkserver.py multiprocessing/heap.py multiprocessing/managers.py
    multiprocessing/pool.py multiprocessing/popen_spawn_win32.py multiprocessing/queues.py multiprocessing/shared* nis.* nntplib*
    optparse* ossaudiodev.* pdb* pickletools* pipes* plistlib* poplib* profile* pstats* pty.* py_compile* pyclbr* pydoc.*
    pydoc_data readline.* rlcompleter* sched.* shelve* sitecustomize* smtpd* smtplib* sndhdr* sqlite3 statistics* sunau* symtable*
    tabnanny* tarfile* telnetlib* test this* tkinter trace.* turtle* unittest uu.* venv wave.* webbrowser* wsgiref/validate.py
    xdrlib* xml/dom xml/sax xmlrpc xxlimited* zipapp* zoneinfo
    _markupbase* _py_abc* _threading_local* cmd.* filecmp* fileinput* fractions* getopt* graphlib* html/parser.py imp.* json/tool.py
    multiprocessing/popen_forkserver.py nturl2path* pprint* sysconfig.* tracemalloc* urllib/robotparser.py
""".split()  # of the standard library: modules, packages, extension modules
_LEFT_OUT_OF_PACKAGES = """
    _brotli.* ada_url/ada_build.py aiohttp/pytest_plugin.py aiohttp/test_utils.py aiohttp/web.py aiohttp/web_* aiohttp/worker.py anyio/_backends/_trio.py
    markdown_it/tree.py prometheus_client/multiprocess.py idna/uts46data.py
    anyio/pytest_plugin.py apsw/_unicode.* apsw/aio.py apsw/ext.py apsw/fts* apsw/shell.py apsw/speedtest.py apsw/sqlite_extra*
    apsw/tests apsw/trace.py apsw/unicode.py bin brotli.py cffi click/_winconsole.py click/testing.py fastwarc/cli.py h11 markdown_it/cli
    markdown_it/port.yaml multidict/_multidict_py.py multidict/_testcapi.* nats/micro prometheus_client/aiohttp
    prometheus_client/django prometheus_client/twisted pycparser resiliparse/beam resiliparse/cli.py resiliparse/process_guard.py
    starlette/testclient.py tqdm/contrib/[a-km-z]* tqdm/dask.py tqdm/keras.py tqdm/notebook.py
    tqdm/rich.py tqdm/tk.py uvicorn/protocols/http/*zttp* uvicorn/protocols/http/h11_impl.py uvicorn/protocols/websockets/w*
    uvicorn/workers.py uvloop/_testbase.py zstandard/_cffi.* zstandard/backend_cffi.py
    aiohttp/_websocket/*_c.*.so click/_termui_impl.py click/shell_completion.py idna/cli.py idna/codec.py jinja2/ext.py
    jinja2/meta.py jinja2/nativetypes.py jinja2/sandbox.py prometheus_client/bridge prometheus_client/parser.py
    prometheus_client/openmetrics/parser.py propcache/_helpers_py.py starlette/authentication.py starlette/config.py
    starlette/endpoints.py starlette/middleware/[aghostw]* starlette/middleware/base.py
    starlette/middleware/cors.py starlette/schemas.py starlette/staticfiles.py
    starlette/status.py starlette/templating.py yaml/_yaml.* yaml/cyaml.py _yaml yarl/_quoting_py.py
""".split()  # of the packages of PyPI
_NOT_RUN = re.compile(r"\.(pyi|pxd|pyx|pxi|c|cpp|h|sh|md|1|typed)$|__pycache__/|\.dist-info/|\.egg-info/")


def standard_library(folder: Path) -> dict[str, Path]:
    """Return the modules to take of one Debian package's `/usr/lib/python3.X`: their paths below it, and where they are."""
    return {
        name: path
        for path in sorted(folder.rglob("*"))
        if path.suffix in (".py", ".so")
        and not _matches(name := str(path.relative_to(folder)), _LEFT_OUT)
        and not FrozenImporter.find_spec(name.removesuffix(".py").replace("/", "."))  # it is in the interpreter
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


def pure(files: dict[str, Path]) -> dict[str, Path]:
    """Return those of `files` that belong to packages which are nothing but modules: these may be in a zip."""
    mixed = {PurePosixPath(name).parts[0] for name, path in files.items() if path.suffix != ".py"}
    return {name: path for name, path in files.items() if PurePosixPath(name).parts[0] not in mixed}


def _matches(name: str, patterns: list[str]) -> bool:
    """Tell whether a pattern names the file, or a folder that it is in; `lib-dynload` is looked through."""
    path = PurePosixPath(name.removeprefix("lib-dynload/"))
    return any(fnmatch(str(part), pattern) for part in (path, *path.parents) for pattern in patterns)
