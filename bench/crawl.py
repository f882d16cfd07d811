"""A crawl of many local hosts: pages a second, memory, and what a second crawl of unchanged sites costs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from time import monotonic

from bench.cluster import free_ports
from bench.progress import BenchmarkError, step, wait_until
from bench.report import Figure, Report
from bench.settings import BenchSettings
from lightship.crawler.state.progress import Progress, read_progress

HOSTS = 50
PATIENCE = 900.0


def run(settings: BenchSettings, folder: Path) -> Report:
    """Crawl `settings.crawl` pages over HOSTS hosts with one crawler."""
    pages = max(1, settings.crawl // HOSTS)
    (port,) = free_ports(1)
    server = subprocess.Popen(
        [sys.executable, "-m", "bench.website", str(HOSTS), str(pages), str(port)], stdout=subprocess.PIPE
    )
    try:
        if not (server.stdout and server.stdout.readline()):
            raise BenchmarkError("the website to crawl did not start")
        seeds = [f"http://127.0.1.{number + 1}:{port}/0" for number in range(HOSTS)]
        return _measured(folder, seeds, HOSTS * pages)
    finally:
        server.kill()
        server.wait()


def _measured(folder: Path, seeds: Sequence[str], pages: int) -> Report:
    step(f"{pages} pages of {HOSTS} hosts")
    crawler = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "lightship.crawler.main",
            f"-log=sqlite://{folder}/log.sqlite",
            f"-data={folder}/crawler",
            *seeds,
        ],
        stderr=(folder / "crawler.log").open("wb"),
    )
    try:
        data = f"{folder}/crawler"
        wait_until(lambda: read_progress(data).fetched > 0, PATIENCE, "a first page")
        began = monotonic()
        wait_until(lambda: read_progress(data).idle, PATIENCE, "the first pass is complete")
        seconds, done = monotonic() - began, read_progress(data)
        figures = _figures(crawler.pid, seconds, done)
    finally:
        crawler.terminate()
        crawler.wait()
    note = (
        f"{pages} pages of about 4 KB; the server shares the machine; load average {os.getloadavg()[0]:.1f} at the end"
    )
    return Report("crawl", figures, [note])


def _figures(process: int, seconds: float, done: Progress) -> list[Figure]:
    ticks = os.sysconf("SC_CLK_TCK")
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    used = (int(fields[11]) + int(fields[12])) / ticks
    peak = next(line for line in Path(f"/proc/{process}/status").read_text().splitlines() if line.startswith("VmHWM"))
    return [
        Figure("pages", done.fetched, ""),
        Figure("documents put", done.put, ""),
        Figure("pages a second", done.fetched / seconds, "pages/s"),
        Figure("processor time a page", used / done.fetched * 1000, "ms"),
        Figure("memory at its peak", int(peak.split()[1]) / 1024, "MiB"),
    ]
