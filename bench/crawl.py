"""A crawl of many local hosts: pages a second, processor time and memory; beside it Scrapy, where it is installed."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from time import monotonic

from bench.cluster import free_ports
from bench.processor import processes
from bench.progress import BenchmarkError, step, wait_until
from bench.report import Figure, Report
from bench.settings import BenchSettings
from lightship.config import CrawlerSettings
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
        report = _measured(folder, seeds, HOSTS * pages)
        if find_spec("scrapy") is None:
            return dataclasses.replace(
                report, notes=[*report.notes, "Scrapy is not installed here: nothing to compare with"]
            )
        return dataclasses.replace(report, figures=[*report.figures, *_by_scrapy(folder, seeds)])
    finally:
        server.kill()
        server.wait()


def _by_scrapy(folder: Path, seeds: Sequence[str]) -> list[Figure]:
    """Crawl the same with Scrapy, with as many requests at once, and the same code that reads pages."""
    step("the same by Scrapy")
    defaults = CrawlerSettings()
    settings = {
        "CONCURRENT_REQUESTS": defaults.concurrency, "CONCURRENT_REQUESTS_PER_DOMAIN": defaults.per_host, "DOWNLOAD_DELAY": 0,
        "ROBOTSTXT_OBEY": True, "LOG_LEVEL": "ERROR", "TELNETCONSOLE_ENABLED": False,
    }  # fmt: skip
    command = [sys.executable, "-m", "scrapy", "runspider", str(Path(__file__).with_name("spider.py")), f"-aseeds={','.join(seeds)}"]  # fmt: skip
    command += [f"-s{name}={value}" for name, value in settings.items()]
    before, began = os.times(), monotonic()
    subprocess.run([*command, f"-o{folder}/scrapy.jsonl"], check=True)
    seconds, after = monotonic() - began, os.times()
    with (folder / "scrapy.jsonl").open("rb") as file:
        pages = sum(1 for _ in file)
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return [
        Figure("Scrapy: pages", pages, ""),
        Figure("Scrapy: pages a second, with its start", pages / seconds, "pages/s"),
        Figure("Scrapy: processor time a page", used / pages * 1000, "ms"),
    ]


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
    used = sum(each.seconds for each in processes() if process in (each.id, each.parent))  # with those that read pages
    peak = next(line for line in Path(f"/proc/{process}/status").read_text().splitlines() if line.startswith("VmHWM"))
    return [
        Figure("pages", done.fetched, ""),
        Figure("documents put", done.put, ""),
        Figure("pages a second", done.fetched / seconds, "pages/s"),
        Figure("processor time a page, with the readers", used / done.fetched * 1000, "ms"),
        Figure("memory of the crawler at its peak, without the readers", int(peak.split()[1]) / 1024, "MiB"),
    ]
