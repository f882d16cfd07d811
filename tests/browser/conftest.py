"""A searchengine and an indexer with a few documents, and a real Chromium to look at their page.

With SCREENSHOTS=folder in the environment, the pages that tests look at are saved there.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Dialog, Error, Page, expect, sync_playwright

from lightship.core.model import Change, Document
from lightship.doclog import open_log
from support import Program, free_port, wait_until

ENGLISH, CHINESE, ARABIC = 50, 12, 8
FIELDS = "built:date,height:number,keeper:keyword,lit:boolean,region:path"
KEEPERS = ["Ann Keeper", "حارس المنارة", "守塔人", "O'Neill & Sons"]
HOSTILE = """</title></mark>"'><script>alert(1)</script><img src=x onerror=alert(2)> javascript:alert(3)"""
ONE_RENDERER = "--renderer-process-limit=1"  # otherwise one more is started with each page, for the next one
PATIENCE = 20_000  # milliseconds that a busy machine may take
NETWORK_CHANGED = "ERR_NETWORK_CHANGED"
FIRST_DAY = datetime(2024, 1, 1, tzinfo=UTC)

expect.set_options(timeout=PATIENCE)


def documents() -> list[Document]:
    """Return 50 English documents (one a day, all with `lighthouse`), 12 Chinese, 8 Arabic and 2 hostile ones."""
    english = [
        Document(
            url=f"https://example.org/keepers/{number}/a/rather/long/path/to/the/log-book.html",
            title=f"Log book of lighthouse keeper {number}",
            text=f"Day {number}. The lighthouse was lit at dusk & burned until dawn. "
            + "Wind from the west. " * number,
            language="en",
            modified=FIRST_DAY + timedelta(days=number),
            fields={
                "built": f"{1850 + number}-06-01",
                "height": 10 + number,
                "keeper": KEEPERS[number % 4],
                "lit": number % 2 == 0,
                "region": f"coast > {'north' if number % 3 else 'south'}",
            },
        )
        for number in range(ENGLISH)
    ]
    chinese = [
        Document(
            url=f"https://example.cn/灯塔/{number}",
            title=f"灯塔日志第{number}页",
            text="灯塔在黄昏时点亮，一直亮到黎明。搜索引擎可以找到这一页。",
            language="zh",
        )
        for number in range(CHINESE)
    ]
    arabic = [
        Document(
            url=f"https://example.eg/منارة/{number}",
            title=f"سجل المنارة، الصفحة {number}",
            text="أضيئت المنارة عند الغسق وظلت مضاءة حتى الفجر. يمكن لمحرك البحث Lightship أن يجد هذه الصفحة.",
            language="ar",
            fields={"keeper": KEEPERS[1]},
        )
        for number in range(ARABIC)
    ]
    hostile = [
        Document(
            url=f'https://example.org/{quote("hostile")}"><script>alert(4)</script>',
            title=HOSTILE,
            text=f"hostile {HOSTILE}",
        ),
        Document(url="file:///home/%3Cb%3Enotes.txt", title="", text=f"hostile {HOSTILE}"),
    ]
    return english + chinese + arabic + hostile


def search(base: str, query: str) -> dict[str, Any]:
    """Return the JSON answer to `query`."""
    with urlopen(f"{base}/?format=json&q={quote(query)}", timeout=5) as response:
        answer: dict[str, Any] = json.load(response)
    return answer


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of a searchengine that has all `documents()`."""
    folder = tmp_path_factory.mktemp("browser")
    url, address = f"sqlite://{folder}/log.sqlite", f"127.0.0.1:{free_port()}"
    log = open_log(url)
    log.put([Change.put(document) for document in documents()])
    log.close()
    programs = {
        "lightship.searchengine.main": [f"-addr={address}", f"-data={folder}/s"],
        "lightship.indexer.main": [
            f"-searchengine={address}",
            f"-log={url}",
            f"-data={folder}/i",
            f"-fields={FIELDS}",
        ],
    }
    with ExitStack() as stack:
        for module, arguments in programs.items():
            program = Program(module, *arguments, folder=folder, log=folder / f"{module}.log")
            stack.callback(program.kill)
        base = f"http://{address}"
        wait_until(lambda: _documents_of(base) == len(documents()), 30, f"all documents searchable; see {folder}")
        wait_until(lambda: b"lighthouse" in urlopen(f"{base}/suggest?q=light").read(), 30, "words to suggest")
        program.kill()  # the indexer has nothing left to do, and would look for it until the end of the run
        yield base


def _documents_of(base: str) -> int:
    documents: int = search(base, "lighthouse")["index"]["documents"]
    return documents


@pytest.fixture(scope="module")  # while playwright runs, no other test could run an event loop of its own
def browser(chromium: str) -> Iterator[Browser]:
    """Return a headless Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", ONE_RENDERER])
        yield browser
        browser.close()


@pytest.fixture
def told() -> list[str]:
    """Return what pages told on a console or in a dialog; a test that expects something clears it."""
    return []


def visit(page: Page, address: str) -> None:
    """Open `address`, again if another test adds or removes a network interface just then: Chromium gives up at once."""
    for _ in range(10):
        try:
            page.goto(address)
        except Error as error:
            if NETWORK_CHANGED not in str(error):
                raise
        else:
            return
    raise AssertionError(f"no page at {address}: the machine's networks change all the time")


@pytest.fixture
def open_page(browser: Browser, base: str, told: list[str]) -> Iterator[Callable[..., Page]]:
    """Return what opens a page in a new context; at the end nothing may have been `told`.

    `before` is a script that runs before those of the page.
    """
    contexts: list[BrowserContext] = []

    def refuse(dialog: Dialog) -> None:
        told.append(f"dialog {dialog.message}")
        dialog.dismiss()

    def hear(message: ConsoleMessage) -> None:
        if NETWORK_CHANGED not in message.text:  # other tests add and remove network interfaces meanwhile
            told.append(message.text)

    def open_page(address: str = "/", *, before: str = "", **options: Any) -> Page:
        contexts.append(browser.new_context(base_url=base, **options))
        page = contexts[-1].new_page()
        if before:
            page.add_init_script(before)
        page.set_default_timeout(PATIENCE)
        page.on("console", hear)
        page.on("pageerror", lambda error: told.append(str(error)))
        page.on("dialog", refuse)
        visit(page, address)
        if (box := page.locator("[autofocus]")).count():
            expect(box).to_be_focused()  # a frame after the page is there; keys before that would go nowhere
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert told == []


@pytest.fixture(scope="session")
def save() -> Callable[[Page, str], None]:
    """Return what saves a screenshot under a name, if SCREENSHOTS says where."""
    folder = os.environ.get("SCREENSHOTS")

    def save(page: Page, name: str) -> None:
        if folder:
            page.screenshot(path=Path(folder) / f"{name}.png")

    return save
