"""A frontier in a real store, driven without a network: visits are outcomes."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from lightship.config import CrawlerSettings
from lightship.core.model import Document
from lightship.crawler.frontier.entry import Entry, Link, Outcome, State
from lightship.crawler.frontier.frontier import Frontier
from lightship.crawler.state.journal import Journal
from lightship.crawler.state.progress import activate, read_progress
from lightship.crawler.state.store import open_store

SITE = "https://example.org"
HOME = f"{SITE}/"


class Life:
    """A process's life with the data in `folder`: a frontier that has begun with `seeds`."""

    def __init__(self, folder: Path, *seeds: str, **settings: Any) -> None:
        self.folder, self.database = folder, open_store(str(folder))
        self.journal = Journal(str(folder))
        self.frontier = Frontier(self.database, CrawlerSettings(data=str(folder), **settings))
        activate(self.database, seeds)
        self.frontier.begin(seeds, self.journal)

    def close(self) -> None:
        self.journal.close()
        self.database.close()

    def due(self, limit: int = 100, at: float = 0.0, busy: Sequence[str] = ()) -> list[str]:
        """Return the paths of the pages to visit at `at` (0: now)."""
        return [path(entry) for entry in self.frontier.due(SITE, at or time.time(), limit, busy)]

    def entry(self, where: str) -> Entry:
        """Return the page of a path, which is due in a thousand years at the latest."""
        everything = self.frontier.due(SITE, time.time() + 1e10, 10_000, ())
        return next(entry for entry in everything if path(entry) == where)

    def visit(self, where: str, state: State = State.PAGE, *links: str, **outcome: Any) -> None:
        """Settle a visit that found `links` (paths) on the page of the path `where`."""
        entry = self.entry(where)
        now = time.time()
        document = Document(url=entry.url, text=f"text of {where}") if state is State.PAGE else None
        made = {
            "status": 200, "fetched": now, "next_visit": now + 1000, "interval": 1000.0, "document": document,
            "digest": f"digest of {where}".encode() if document else None, "content": where.encode(),
            "links": [Link(f"{SITE}{each}") for each in links],
        }  # fmt: skip
        self.frontier.settle([Outcome(entry=entry, state=state, **{**made, **outcome})])

    def rows(self, query: str, *bindings: Any) -> list[Any]:
        with self.database.access() as db:
            return list(db.execute(query, bindings))

    @property
    def known(self) -> set[str]:
        """The paths of all known pages of the site."""
        return {url.removeprefix(SITE) for (url,) in self.rows("select url from pages where kind = 0")}

    @property
    def refused(self) -> dict[str, str]:
        """Why urls were refused, by path."""
        return {url.removeprefix(SITE): reason for url, reason in self.rows("select url, reason from refused")}

    @property
    def fetched(self) -> int:
        return read_progress(str(self.folder)).fetched


@contextlib.contextmanager
def living(folder: Path, *seeds: str, **settings: Any) -> Iterator[Life]:
    life = Life(folder, *(seeds or (HOME,)), **settings)
    try:
        yield life
    finally:
        life.close()


def path(entry: Entry) -> str:
    return entry.url.removeprefix(SITE)
