"""`python -m bench.crawlers FOLDER [PACKAGE …]`: the sites of `bench.sites`, all at once, by one crawler and by three.

What counts is what the log holds at the end, and what the server was asked for.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from bench.cluster import free_ports
from bench.progress import wait_until
from bench.report import Figure, Report, keep
from bench.sites import SITES, answers, chosen, find_nginx, root_of
from lightship.crawler.state.progress import read_progress
from lightship.doclog import open_log
from lightship.runtime.program import run_program

MANY = 3
SECONDS = 1800.0  # for one crawl of all
_SERVER = "server {{ listen {address}; root {root}; index index.html index.htm; }}\n"
_NGINX = """daemon off; pid {folder}/pid; error_log {folder}/errors; worker_processes 1; user root;
events {{ worker_connections 512; }}
http {{ log_format asked '$server_addr:$server_port$request_uri'; access_log {folder}/asked asked;
include /etc/nginx/mime.types;
{servers} }}
"""


class Crawled(NamedTuple):
    """What a crawl brought: urls of documents, how many pages each crawler fetched, and what was asked for how often."""

    documents: set[str]
    shares: list[int]
    asked: Counter[str]
    seconds: float


def main() -> None:
    """Run the program with the arguments of the command line."""
    run_program(lambda: compare(sys.argv[1:]))


def compare(arguments: list[str]) -> None:
    """Crawl what `arguments` name, twice. Raises ConfigurationError."""
    folder, names = chosen(arguments)
    roots = {name: root_of(folder, name) for name in names}
    (port,) = free_ports(1)
    addresses = {name: f"127.0.2.{number}:{port}" for number, name in enumerate(names, 1)}
    crawls = {}
    print("| crawlers | documents | pages by each | asked for | of it twice | s | pages/s |\n" + "|---" * 7 + "|")
    for count in (1, MANY):
        with tempfile.TemporaryDirectory() as data, served(roots, addresses, Path(data)):
            crawls[count] = crawled = crawl([f"http://{addresses[n]}/{SITES[n][1]}" for n in names], count, Path(data))
        twice = sum(times > 1 for times in crawled.asked.values())
        shares = " + ".join(map(str, crawled.shares))
        rate = sum(crawled.shares) / crawled.seconds
        print(
            f"| {count} | {len(crawled.documents)} | {shares} | {len(crawled.asked)} | {twice} | {crawled.seconds:.1f}"
            f" | {rate:.0f} |", flush=True,
        )  # fmt: skip
    differ = crawls[1].documents ^ crawls[MANY].documents
    print(f"documents that only one of both has: {len(differ)} {sorted(differ)[:5]}")
    figures = [
        Figure(f"documents that only one, or only {MANY} crawlers find", len(differ), "", 0),
        Figure(f"urls that {MANY} crawlers ask for twice", sum(n > 1 for n in crawls[MANY].asked.values()), "", 0),
    ]
    keep(Report("crawlers", figures), Path("bench/results/latest.json"), {})


@contextlib.contextmanager
def served(roots: dict[str, Path], addresses: dict[str, str], folder: Path) -> Iterator[None]:
    """Serve each of `roots` at its address, noting in `folder`/asked what is asked for."""
    servers = "".join(_SERVER.format(address=addresses[name], root=root) for name, root in roots.items())
    configuration = folder / "nginx.conf"
    configuration.write_text(_NGINX.format(folder=folder, servers=servers))
    process = subprocess.Popen([find_nginx(), "-p", folder, "-e", f"{folder}/errors", "-c", configuration])
    try:
        wait_until(lambda: all(map(listens, addresses.values())), 10, "nginx listens")
        yield
    finally:
        process.terminate()
        process.wait(10)


def listens(address: str) -> bool:
    """Tell whether something listens at host:port `address`."""
    host, _, port = address.rpartition(":")
    try:
        return answers(int(port), host)
    except OSError:
        return False


def crawl(sources: Sequence[str], count: int, data: Path) -> Crawled:
    """Crawl `sources` with `count` crawlers until the first pass of each is complete."""
    began = time.monotonic()
    with (data / "output").open("wb") as output:
        command = [sys.executable, "-m", "lightship.crawler.main", f"-log=sqlite://{data}/log.sqlite", "-per-host=8"]
        command.append("-include=/")  # as in bench/sites.py
        crawlers = [
            subprocess.Popen(
                [*command, f"-data={data}/{number}", f"-crawler={number}", f"-crawlers={count}", *sources],
                stdout=output, stderr=output,
            )
            for number in range(count)
        ]  # fmt: skip
        try:
            wait_until(lambda: idle(data, count), SECONDS, "the first pass of all is complete")
            seconds = time.monotonic() - began
        finally:
            for crawler in crawlers:
                crawler.terminate()
            for crawler in crawlers:
                crawler.wait(60)
    log = open_log(f"sqlite://{data}/log.sqlite")
    entries = [entry for partition in range(log.partitions) for entry in log.read(partition, 0, 1_000_000)]
    log.close()
    asked = Counter(line for line in (data / "asked").read_text().splitlines() if not line.endswith("/robots.txt"))
    shares = [read_progress(f"{data}/{number}").fetched for number in range(count)]
    return Crawled({entry.url for entry in entries if entry.document}, shares, asked, seconds)


def idle(data: Path, count: int) -> bool:
    """Tell whether every crawler has begun, and has nothing left to do."""
    return all(read_progress(f"{data}/{number}").idle for number in range(count))


if __name__ == "__main__":
    main()
