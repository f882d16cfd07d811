"""From the first keystroke in an empty box until new results are painted: the page and `/box.js`, in a real Chromium."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import tempfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, NamedTuple

from bench.cluster import Cluster
from bench.facets import PATIENCE
from bench.indexes import kept_folder
from bench.made import made_stream
from bench.products import DECLARATION, made_products
from bench.progress import bar, wait_until
from bench.report import Figure, Report, percentile
from bench.settings import BenchSettings

if TYPE_CHECKING:
    from playwright.sync_api import Page, Playwright

LIMIT = 100.0  # milliseconds
TIMES = 60  # in a browser and a server that have searched before
COLD = 10  # with a new browser: its first search of all
# Where new results appear, and the box
RESULTS = {"page": "#main .results", "box": "[role=option]"}
BOX = "input[type=search]"
# From the time of the browser's event, before a script runs, until a frame with what changed is painted
WATCH = """results => {
    const root = document.querySelector("lightship-search")?.shadowRoot ?? document;
    let began = 0;
    addEventListener("keydown", (event) => (began = event.timeStamp), true);
    window.lasted = new Promise((resolve) => {
        const look = () => {
            if (!began || !root.querySelector(results)) return;
            observer.disconnect();
            requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - began)));
        };
        const observer = new MutationObserver(look);
        observer.observe(root, { childList: true, subtree: true });
    });
    return new Promise(requestIdleCallback);  // nobody types before the page is painted
}"""


class _Times(NamedTuple):
    """Milliseconds: of the first search in new browsers, and of those that follow in one."""

    cold: list[float]
    warm: list[float]


def run(settings: BenchSettings) -> Report | None:
    """Measure on `settings.count` made products, with their facets beside the results. None without a browser."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return None
    if not shutil.which("chromium"):
        return None
    index = kept_folder("products", settings.count, lambda: made_products(settings.count), DECLARATION)
    with tempfile.TemporaryDirectory(prefix="lightship-bench-") as folder, _guest() as guest:
        cluster = Cluster(Path(folder), replicas=1, threads=1, indexer=False, one_worker=True)
        Path(folder, "searchengine-0").symlink_to(index)
        searchengine = cluster.parts[0]
        searchengine.command = [*searchengine.command, "--origins", guest.origin]
        guest.server = f"http://{cluster.addresses[0]}"
        with cluster.running(), sync_playwright() as playwright:
            wait_until(lambda: bool(cluster.status(cluster.addresses[0]).get("ready")), PATIENCE, "the index open")
            pages = {"page": guest.server, "box": guest.origin}
            made = {name: _measured(playwright, url, RESULTS[name], settings.seed) for name, url in pages.items()}
    notes = (
        f"{settings.count} made products; the page counts their facets; load average {os.getloadavg()[0]:.1f}",
        f"one letter into an empty box until results are painted: in {COLD} new browsers, and {TIMES} times in one",
    )
    return Report("keystroke", list(_figures(made)), notes)


class _Guest(ThreadingHTTPServer):
    """Serves a page of another origin, with the box of `server` in it."""

    server = ""

    @property
    def origin(self) -> str:
        """Its origin."""
        return f"http://127.0.0.1:{self.server_port}"


class _Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        """Answer with the page."""
        assert isinstance(self.server, _Guest)
        script = f'<script src="{self.server.server}/box.js"></script>'
        body = f"<!doctype html><title>A page</title>{script}<lightship-search inline></lightship-search>".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@contextlib.contextmanager
def _guest() -> Iterator[_Guest]:
    with _Guest(("127.0.0.1", 0), _Page) as guest:
        thread = Thread(target=guest.serve_forever)
        thread.start()
        try:
            yield guest
        finally:
            guest.shutdown()
            thread.join()


def _measured(playwright: Playwright, url: str, results: str, seed: int) -> _Times:
    cold, chance = [], random.Random(seed)
    letters = sorted({word[0] for word in made_stream() if word[0].isalpha()})
    for last in bar([*[False] * (COLD - 1), True], f"typing into {url}", COLD):
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page()
        cold.append(_typed(page, url, results, chance.choice(letters)))
        warm = [_typed(page, url, results, chance.choice(letters)) for _ in range(TIMES)] if last else []
        browser.close()
    return _Times(cold, warm)


def _typed(page: Page, url: str, results: str, letter: str) -> float:
    """Return the milliseconds from typing a letter into the empty box of the page at `url` until `results` are painted."""
    page.goto(url)
    page.locator(BOX).first.focus()
    page.evaluate(WATCH, results)
    page.keyboard.press(letter)
    return float(page.evaluate("() => lasted"))


def _figures(made: dict[str, _Times]) -> Iterator[Figure]:
    for name, times in made.items():
        yield Figure(f"{name}, p50", percentile(times.warm, 0.5), "ms", LIMIT)
        yield Figure(f"{name}, p95", percentile(times.warm, 0.95), "ms", LIMIT)
        yield Figure(f"{name}, first in a new browser, p50", percentile(times.cold, 0.5), "ms", LIMIT)
        yield Figure(f"{name}, first in a new browser, slowest", max(times.cold), "ms")
