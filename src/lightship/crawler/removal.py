"""Removes a source with its documents, and tells which sources have documents left though they are not given any more."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from typing import Any

import apsw

from lightship.config import CrawlerSettings
from lightship.core import urls
from lightship.core.model import Change
from lightship.crawler.frontier.entry import AT_ONCE, State
from lightship.crawler.frontier.scope import Scope
from lightship.crawler.output.append import Appender
from lightship.runtime.database import Database

BATCH = 1000  # documents per write
_IN = "in (select value from json_each(?))"


class Removal:
    """What is known in a store because of the source `name`, and of no other one that was ever given."""

    def __init__(self, db: apsw.Connection, name: str) -> None:
        """Look it up."""
        self.name = name
        self._scope = Scope(CrawlerSettings())
        self._scope.give(str(each) for (each,) in db.execute("select name from sources where name like 'http%'"))
        self._scope.load(db)
        rows: list[Any] = db.execute("select site, source from sites").fetchall()
        self._sites: dict[str, str] = dict(rows)
        self.pages: dict[str, bool] = {}  # URL -> whether it has a document
        self.refused: list[str] = []
        for site in self.sites:
            pages: list[Any] = db.execute(
                "select url, digest is not null from pages where site = ?", (site,)
            ).fetchall()
            self.pages |= {url: bool(indexed) for url, indexed in pages if self._owns(url)}
            refused = db.execute("select url from refused where site = ?", (site,))
            self.refused += [str(url) for (url,) in refused if self._owns(str(url))]
        self.records = [str(url) for (url,) in db.execute("select url from records where source = ?", (name,))]

    @property
    def sites(self) -> list[str]:
        """The sites that the source shares or has."""
        return [site for site, source in self._sites.items() if self.name in (source, *self._others(site, also=True))]

    @property
    def documents(self) -> list[str]:
        """The URLs of its documents."""
        return [*(url for url, indexed in self.pages.items() if indexed), *self.records]

    def _owns(self, url: str) -> bool:
        source = self._scope.judge(url)
        return (source.name if source else self._sites[urls.site(url)]) == self.name

    def _others(self, site: str, *, also: bool = False) -> list[str]:
        """Return the other sources of `site`, or `also` this one."""
        found = [each.name for each in self._scope.sources if any(urls.site(folder) == site for folder in each.folders)]
        return [name for name in found if also or name != self.name]

    def run(self, database: Database, appender: Appender) -> None:
        """Delete the documents, and then everything else; after a crash in between, the source can be removed again."""
        documents = self.documents
        for start in range(0, len(documents), BATCH):
            appender.put([Change.delete(url) for url in documents[start : start + BATCH]])
        with database.transaction() as db:
            pages = json.dumps(list(self.pages))
            db.execute(f"delete from visits where page in (select id from pages where url {_IN})", (pages,))
            db.execute(f"delete from pages where url {_IN}", (pages,))
            db.execute(f"delete from refused where url {_IN}", (json.dumps(self.refused),))
            for site in self.sites:
                self._leave(db, site)
            for table in ("records", "passes"):
                db.execute(f"delete from {table} where source = ?", (self.name,))
            db.execute("delete from settings where name = ?", (f"contents/{self.name}",))
            db.execute("delete from settings where name like 'elsewhere/%' and value = ?", (self.name,))
            db.execute("delete from settings where name = 'rules'")  # the next start judges what is left
            db.execute("delete from sources where name = ?", (self.name,))

    def _leave(self, db: apsw.Connection, site: str) -> None:
        """Leave `site` to its other sources, whose pages may have been found from the removed ones; or forget it."""
        others = self._others(site)
        if others:
            db.execute("update sites set source = ? where site = ? and source = ?", (others[0], site, self.name))
            db.execute(
                "update pages set visit = ?, etag = null, last_modified = null where site = ? and visit > 0 and state <> ?",
                (AT_ONCE, site, State.REFUSED),
            )
            return
        for table in ("pages", "refused", "robots", "sites"):
            db.execute(f"delete from {table} where site = ?", (site,))


def known_sources(db: apsw.Connection) -> list[str]:
    """Return the names of all sources that were ever given."""
    return [str(name) for (name,) in db.execute("select name from sources order by name")]


def left_over(database: Database, given: Collection[str], folder: str) -> Iterator[str]:
    """Yield a line for each source that has documents though it is not `given` any more."""
    with database.access() as db:
        for name in known_sources(db):
            if name not in given and (documents := Removal(db, name).documents):
                yield (
                    f"{name} is no longer a SOURCE; its {len(documents)} documents stay until you run: lightship remove"
                    f" {name} -data={folder}"
                )


def removal(database: Database, name: str) -> Removal:
    """Return what belongs to the source `name`."""
    with database.access() as db:
        return Removal(db, name)
