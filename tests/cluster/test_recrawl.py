"""A site that is crawled again: what did not change is hardly transferred, what did is right in the search page in one cycle."""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote
from urllib.request import Request, urlopen

import pytest

from made import words
from support import Program, free_port, wait_until

PAGES = 40
CYCLE = 6.0  # seconds between two visits of a page
GONE = 1.0  # seconds until the document of a page that is gone goes
SLACK = 5.0  # seconds for a crawler, an indexer and a searchengine on a busy machine


class Site:
    """The files of a folder, with Last-Modified as every server of files gives it; `moved` are redirects."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.moved = folder, dict[str, str]()
        self.sent, self.asked = 0, Counter[str]()
        site = self

        class Handler(SimpleHTTPRequestHandler):
            def __init__(self, *given: Any) -> None:
                super().__init__(*given, directory=str(folder))

            def do_GET(self) -> None:
                site.asked[self.path] += 1
                if self.path not in site.moved:
                    super().do_GET()
                    return
                self.send_response(301)
                self.send_header("Location", site.moved[self.path])
                self.end_headers()

            def setup(self) -> None:
                super().setup()
                write = self.wfile.write

                def counted(data: Any) -> int:
                    site.sent += len(data)
                    return write(data)

                self.wfile.write = counted  # type: ignore[method-assign]

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}"

    def write(self, name: str, text: str) -> None:
        """Write a page as it was yesterday: a server that is asked a second later must see that it differs."""
        links = "".join(f'<a href="/{number}.html">{number}</a> ' for number in range(PAGES)) if name == "index" else ""
        path = self.folder / f"{name}.html"
        path.write_text(f"<html lang=en><title>Page {name}</title><main><p>{text}</p>{links}</main>")

    def all_asked(self, times: int) -> bool:
        """Tell whether each page was asked for so often."""
        return all(self.asked[f"/{number}.html"] >= times for number in range(PAGES))


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    folder = tmp_path / "site"
    folder.mkdir()
    made = Site(folder)
    for number in range(PAGES):
        made.write(str(number), f"word{number} " + " ".join(words(1500, number)))
        os.utime(folder / f"{number}.html", (time.time() - 86400,) * 2)
    made.write("index", "all pages")
    thread = threading.Thread(target=made.server.serve_forever, args=(0.02,))
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


def test_a_second_crawl_transfers_little_and_changes_are_right_after_one_cycle(
    site: Site, spawn: Callable[..., Program]
) -> None:
    engine = free_port()
    revisit = (f"-revisit={CYCLE}", f"-revisit-least={GONE}", f"-revisit-most={CYCLE}")
    spawn("searchengine", f"-addr=127.0.0.1:{engine}", "-data=store").wait_for("listening")
    spawn("indexer", f"-searchengine=127.0.0.1:{engine}", "-log=sqlite://log.sqlite", "-data=ix")
    crawler = spawn("crawler", "-log=sqlite://log.sqlite", "-data=crawl", *revisit, f"{site.address}/index.html")

    def shows(word: str) -> list[str]:
        """Return the paths of the site that the search page links to as results of `word`."""
        page = Request(f"http://127.0.0.1:{engine}/?q={quote(word)}", headers={"Accept": "text/html"})
        with urlopen(page, timeout=10) as answer:
            text = answer.read().decode()
        return [name for name in [*map(str, range(PAGES)), "new"] if f'href="{site.address}/{name}.html"' in text]

    crawler.wait_for("the first pass is complete", 30)
    first = site.sent
    wait_until(lambda: all(shows(f"word{number}") == [str(number)] for number in range(PAGES)), 20, "all is searchable")
    wait_until(lambda: site.all_asked(2), 30, "a second crawl")
    second = site.sent - first
    print(f"first crawl {first} bytes, second one {second} bytes: {second / first:.1%}")
    assert first > PAGES * 10_000
    assert 0 < second < 0.05 * first

    site.write("1", "changedword " + " ".join(words(1500, 101)))
    (site.folder / "2.html").unlink()
    (site.folder / "3.html").rename(site.folder / "new.html")
    site.moved["/3.html"] = "/new.html"
    began = time.monotonic()
    wait_until(
        lambda: [shows(word) for word in ("changedword", "word1", "word2", "word3")] == [["1"], [], [], ["new"]],
        CYCLE + GONE + SLACK, "the search page is right within one cycle",
    )  # fmt: skip
    print(f"right after {time.monotonic() - began:.1f} s of a cycle of {CYCLE:g} s")
    assert all(shows(f"word{number}") == [str(number)] for number in range(4, PAGES))
