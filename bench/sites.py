"""`python -m bench.sites FOLDER [PACKAGE …]`: crawls real documentation sites whole, and tells what was found of each.

The sites are Debian's documentation packages, unpacked below FOLDER (fetched with apt-get when they are not), and served
by nginx on the loopback. What a crawler should find is learned without it: by following links through the files.
"""

from __future__ import annotations

import codecs
import contextlib
import hashlib
import html
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

from bench.report import Figure, Report, keep
from lightship.core.errors import ConfigurationError
from lightship.core.model import Document
from lightship.crawler.state.progress import read_progress
from lightship.doclog import open_log
from lightship.runtime.program import run_program

SITES = {  # package: (folder that is served, page that a crawl begins with)
    "python3.11-doc": ("python3.11/html", "index.html"),
    "postgresql-doc-15": ("postgresql-doc-15/html", "index.html"),
    "apache2-doc": ("apache2-doc/manual", "en/index.html"),
    "git-doc": ("git-doc", "user-manual.html"),
    "sqlite3-doc": ("sqlite3", "index.html"),
    "cmake-doc": ("cmake-data/html", "index.html"),
    "debian-handbook": ("debian-handbook/html", "en-US/index.html"),
    "debian-policy": ("debian-policy", "policy.html/index.html"),
    "installation-guide-amd64": ("installation-guide-amd64", "en/index.html"),
    "aptitude-doc-en": ("aptitude/html/en", "index.html"),
}
DOCUMENTATION = "usr/share/doc"
SECONDS = 900.0  # for one site
_DECLARED = re.compile(rb"(?:charset|encoding)\s*=\s*[\"']?([\w.:-]+)", re.IGNORECASE)
_LINE = re.compile(r"(http://127\.0\.0\.1:\d+/\S*): (\w+), (.*)")


class Found(NamedTuple):
    """What a crawl brought: documents by url, the last word of the crawler on each url, and how long it took."""

    documents: dict[str, Document]
    states: dict[str, str]
    seconds: float


class Links(HTMLParser):
    """Collects the links of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        wanted = {"a": "href", "area": "href", "frame": "src", "iframe": "src"}.get(tag)
        self.found += [value for name, value in attrs if name == wanted and value]


def main() -> None:
    """Run the program with the arguments of the command line."""
    run_program(lambda: sites(sys.argv[1:]))


def sites(arguments: list[str]) -> None:
    """Crawl what `arguments` name. Raises ConfigurationError."""
    folder, names = chosen(arguments)
    nginx = find_nginx()
    figures: list[Figure] = []
    print(
        "| site | exist | reachable | documents | folded | missing | wrong charset | s | pages/s |\n" + "|---" * 9 + "|"
    )
    for name in names:
        with served(nginx, root_of(folder, name)) as address, tempfile.TemporaryDirectory() as data:
            found = crawl(f"{address}/{SITES[name][1]}", Path(data))
        figures += tell(name, root_of(folder, name), found)
    keep(Report("sites", figures), Path("bench/results/latest.json"), {})


def chosen(arguments: list[str]) -> tuple[Path, list[str]]:
    """Return the folder and the packages that a command line names; raises ConfigurationError."""
    if not arguments or arguments[0].startswith("-"):
        raise ConfigurationError(f"give a folder, and packages of {', '.join(SITES)}, or none for all")
    return Path(arguments[0]).resolve(), arguments[1:] or list(SITES)


def find_nginx() -> str:
    """Return the path of nginx; raises ConfigurationError when it is missing."""
    if found := shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin"):
        return found
    raise ConfigurationError("nginx is missing: install Debian's package nginx-light")


def root_of(folder: Path, name: str) -> Path:
    """Return the folder of a package that is served, after fetching the package if need be."""
    return fetched(folder, name) / DOCUMENTATION / SITES[name][0]


def fetched(folder: Path, name: str) -> Path:
    """Return where the package `name` is unpacked below `folder`, after fetching it if need be."""
    unpacked = folder / name
    if not (unpacked / DOCUMENTATION).is_dir():
        with tempfile.TemporaryDirectory() as temporary:
            subprocess.run(["apt-get", "--quiet", "download", name], cwd=temporary, check=True, stdout=sys.stderr)
            (package,) = Path(temporary).glob("*.deb")
            folder.mkdir(parents=True, exist_ok=True)  # which dpkg does not
            subprocess.run(["dpkg", "-x", package, unpacked], check=True)
    return unpacked


@contextlib.contextmanager
def served(nginx: str, root: Path) -> Iterator[str]:
    """Serve `root` on a free port of the loopback, as nginx does out of the box; yield where."""
    from support import free_port, wait_until

    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        configuration = Path(folder, "nginx.conf")
        configuration.write_text(
            f"daemon off; pid {folder}/pid; error_log {folder}/errors; worker_processes 1; user root;\n"
            "events { worker_connections 512; }\nhttp { access_log off; include /etc/nginx/mime.types;\n"
            f"server {{ listen 127.0.0.1:{port}; root {root}; index index.html index.htm; }} }}\n"
        )
        process = subprocess.Popen([nginx, "-p", folder, "-e", f"{folder}/errors", "-c", configuration])
        try:
            wait_until(lambda: answers(port), 10, "nginx listens")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(10)


def answers(port: int, host: str = "127.0.0.1") -> bool:
    """Return True when something listens there; raises OSError when nothing does."""
    socket.create_connection((host, port), 5).close()
    return True


def crawl(source: str, data: Path) -> Found:
    """Crawl `source` with the crawler as people run it, until its first pass is complete."""
    output = data / "output"
    command = [
        sys.executable,
        "-m",
        "lightship.crawler.main",
        f"-log=sqlite://{data}/log.sqlite",
        f"-data={data}/crawler",
        "-include=/",  # the whole of what is served, though some of them begin in a folder of it
    ]
    began = time.monotonic()
    with output.open("wb") as file:
        process = subprocess.Popen([*command, "-per-host=8", source], stdout=file, stderr=file)
    try:
        while not read_progress(f"{data}/crawler").idle:
            if process.poll() is not None or time.monotonic() > began + SECONDS:
                raise ConfigurationError(f"{source}: no end: {output.read_text()[-2000:]}")
            time.sleep(0.05)
        seconds = time.monotonic() - began
    finally:
        process.terminate()
        process.wait(60)
    log = open_log(f"sqlite://{data}/log.sqlite")
    entries = [entry for partition in range(log.partitions) for entry in log.read(partition, 0, 100_000)]
    log.close()
    states = {line[1]: f"{line[2]}: {line[3]}" for line in _LINE.finditer(output.read_text(errors="replace"))}
    return Found({entry.url: entry.document for entry in entries if entry.document}, states, seconds)


def tell(name: str, root: Path, found: Found) -> list[Figure]:
    """Print the row of a site and why pages are missing; return its figures."""
    exist = sum(1 for path in root.rglob("*") if path.suffix.lower() in (".html", ".htm") and path.is_file())
    reachable = closure(root, SITES[name][1])
    got = {path_of(url): document for url, document in found.documents.items()}
    states = {path_of(url): state for url, state in found.states.items()}
    absent = {page: states.get(page, "never found") for page in reachable if page not in got}
    kept = {digest(root / unquote(page)) for page in got if (root / unquote(page)).is_file()}
    folded = {
        page for page, state in absent.items()
        if re.match("alias|duplicate|moved", state) or digest(root / unquote(page)) in kept
    }  # fmt: skip
    wrong = [
        page
        for page, document in got.items()
        if (root / unquote(page)).is_file() and is_wrong(root / unquote(page), document)
    ]
    rate = len(found.states) / found.seconds
    print(
        f"| {name} | {exist} | {len(reachable)} | {len(got)} | {len(folded)} | {len(absent) - len(folded)} | {len(wrong)}"
        f" | {found.seconds:.1f} | {rate:.0f} |", flush=True,
    )  # fmt: skip
    reasons: dict[str, list[str]] = {}
    for page, state in absent.items():
        kind = "folded" if page in folded else re.sub(r"http\S+|[\d,.]+", "…", state)[:150]
        reasons.setdefault(kind, []).append(page)
    for kind, pages in sorted(reasons.items(), key=lambda item: -len(item[1]))[:8]:
        print(f"  {len(pages)} of {name}: {kind} (like {', '.join(pages[:3])})", file=sys.stderr, flush=True)
    for page in wrong[:5]:
        print(f"  wrong charset: {page}", file=sys.stderr, flush=True)
    share = (len(reachable) - len(absent) + len(folded)) / max(1, len(reachable))
    return [
        Figure(f"{name}: reachable pages that are documents, or folded into one", share, "", 1.0, "higher"),
        Figure(f"{name}: documents", len(got), ""),
        Figure(f"{name}: pages in a wrong charset", len(wrong), "", 0),
        Figure(f"{name}: crawled", rate, "pages/s"),
    ]


def path_of(url: str) -> str:
    """Return the path of the file that nginx answers `url` with."""
    path = urlsplit(url).path.lstrip("/")
    return f"{path}index.html" if not path or path.endswith("/") else path


def digest(file: Path) -> bytes:
    """Return what equal files have in common."""
    return hashlib.blake2b(file.read_bytes(), digest_size=16).digest()


def closure(root: Path, entry: str) -> set[str]:
    """Return the HTML pages of `root`, as paths of urls, that links lead to from `entry`."""
    known, waiting = {entry}, [entry]
    while waiting:
        page = waiting.pop()
        links = Links()
        links.feed((root / unquote(page)).read_bytes().decode("latin-1"))
        for link in links.found:
            target = urlsplit(urldefrag(urljoin(f"http://site/{page}", link.strip())).url)
            path = target.path.lstrip("/")
            file = root / unquote(path)
            if target.netloc == "site" and path not in known and file.suffix in (".html", ".htm") and file.is_file():
                known.add(path)
                waiting.append(path)
    return known


def is_wrong(path: Path, document: Document) -> bool:
    """Return whether the text of `document` has characters that the page, read as it declares itself, has not."""
    body = path.read_bytes()
    declared = _DECLARED.search(body[:4096])
    encoding = "utf-8" if body.startswith(codecs.BOM_UTF8) or not declared else declared[1].decode("ascii", "replace")
    try:
        truth = set(html.unescape(body.decode(encoding, "replace")))
    except LookupError:
        return False
    strange = [character for character in document.title + document.text if character > "\x7f" and character != "•"]
    return sum(character not in truth for character in strange) * 50 > len(strange)


if __name__ == "__main__":
    sys.path.insert(0, "tests")
    main()
