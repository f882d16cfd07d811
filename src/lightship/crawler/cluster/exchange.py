"""Messages between crawlers: links to another's hosts, hosts that joined the crawl, and hosts that are handed over."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import apsw
import msgspec

from lightship.crawler.cluster.host_partitioning import HostPartitioning, box_of
from lightship.crawler.frontier.discovery import Where
from lightship.crawler.frontier.entry import How, Kind, Link
from lightship.crawler.frontier.frontier import Frontier
from lightship.crawler.state.progress import count, tally
from lightship.runtime.database import Database

logger = logging.getLogger(__name__)

LINKS, ROWS = 200, 200  # per message
BATCH = 20  # messages read at once
_SITE = "site, source, held, held_since, resume, day, bytes, probed, absent, absent_fingerprint"
_PAGE = (
    "url, site, depth, hops, state, visit, status, failures, etag, last_modified, digest, target, own, kind, fetched,"
    " interval, content, fingerprint, doomed, note, how, found_on, found, modified"
)
_TAKE = (
    f"insert into pages ({_PAGE}) values ({', '.join('?' * len(_PAGE.split(',')))}) on conflict (url) do update set "
    + ", ".join(f"{name.strip()} = excluded.{name.strip()}" for name in _PAGE.split(","))
    + " where excluded.fetched > pages.fetched"
)


class Links(msgspec.Struct, tag="links", array_like=True):
    """Discovered links: (url, how, kind, modified, found on, depth, hops)."""

    links: list[tuple[str, int, int, float, str | None, int, int]]


class Adopted(msgspec.Struct, tag="adopted", array_like=True):
    """A site that joined the crawl, because a source redirected to `url`."""

    url: str
    source: str


class Handed(msgspec.Struct, tag="handed", array_like=True):
    """A site handed over to another crawler, with some of its pages."""

    site: list[Any]
    pages: list[list[Any]]


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Links | Adopted | Handed).decode


class Exchange:
    """The messages of one crawler, to and from the others. Used by one thread."""

    def __init__(self, database: Database, frontier: Frontier, partitioning: HostPartitioning) -> None:
        """Exchange links and sites between `frontier` and the other crawlers."""
        self._database, self._frontier, self._partitioning = database, frontier, partitioning

    def post(self) -> None:
        """Deliver queued messages, at least once: after a crash they are sent again."""
        with self._database.access() as db:
            rows: list[Any] = db.execute("select id, box, letter from mail order by id limit 5000").fetchall()
        if not rows:
            return
        for box, letters in _by_box(rows).items():
            self._partitioning.log.send(box, letters)
        with self._database.transaction() as db:
            db.execute("delete from mail where id <= ?", (rows[-1][0],))

    def receive(self) -> None:
        """Process received messages; those for a host that has another owner by now are forwarded."""
        box = box_of(self._partitioning.number)
        while letters := self._partitioning.log.receive(box, BATCH):
            with self._database.transaction() as db:
                for letter in letters:
                    self._take(db, _decode(letter.body))
            self._partitioning.log.remove(box, letters[-1].sequence)

    def _take(self, db: apsw.Connection, letter: Links | Adopted | Handed) -> None:
        if isinstance(letter, Links):
            for url, how, kind, modified, found_on, depth, hops in letter.links:
                link = Link(url, How(how), Kind(kind), modified)
                self._frontier.add(db, link, Where(found_on, depth, hops))
        elif isinstance(letter, Adopted):
            self._frontier.adopted(db, letter.url, letter.source)
        elif self._partitioning.wants(f"{letter.site[0]}/"):
            self._take_over(db, letter)
        else:
            self._lay(db, self._partitioning.owner(f"{letter.site[0]}/"), letter)

    def _take_over(self, db: apsw.Connection, letter: Handed) -> None:
        site, source = str(letter.site[0]), str(letter.site[1])
        marks = ", ".join("?" * len(letter.site))
        before = tally(db, site)
        db.execute(f"insert or replace into sites ({_SITE}) values ({marks})", letter.site)
        db.executemany(_TAKE, letter.pages)
        count(db, source, **{name: now - before[name] for name, now in tally(db, site).items()})
        self._frontier.joined(db, site, source)

    def wants(self, url: str) -> bool:
        """Whether the host of a normal URL belongs to this crawler."""
        return self._partitioning.wants(url)

    def hand_over(self) -> None:
        """Queue all data about hosts that now belong to another crawler, and forget it."""
        with self._database.access() as db:
            sites = [list(row) for row in db.execute(f"select {_SITE} from sites")]
        for site in sites:
            owner = self._partitioning.owner(f"{site[0]}/")
            if owner == self._partitioning.number:
                continue
            with self._database.access() as db:
                pages: list[Any] = db.execute(f"select {_PAGE} from pages where site = ?", (site[0],)).fetchall()
            letters = [_encode(Handed(site, list(part))) for part in _parts(map(list, pages), ROWS)]
            self._partitioning.log.send(box_of(owner), letters or [_encode(Handed(site, []))])
            with self._database.transaction() as db:
                count(db, str(site[1]), **{name: -number for name, number in tally(db, str(site[0])).items()})
                db.execute("delete from visits where page in (select id from pages where site = ?)", (site[0],))
                for table in ("pages", "refused", "sites", "robots"):
                    db.execute(f"delete from {table} where site = ?", (site[0],))
                self._frontier.left(str(site[0]))
            logger.info("%s: handed over to crawler %d, %d pages", site[0], owner, len(pages))

    def lay_links(self, db: apsw.Connection, links: Sequence[Link], where: Where) -> None:
        """Queue links to other crawlers' hosts, each once."""
        new: dict[int, list[Link]] = {}
        for link in links:
            db.execute("insert or ignore into mailed values (?)", (link.url,))
            if db.changes() or link.modified:
                new.setdefault(self._partitioning.owner(link.url), []).append(link)
        for owner, some in new.items():
            for part in _parts(some, LINKS):
                rows = [
                    (*link[:1], int(link.how), int(link.kind), link.modified, where.url, where.depth, where.hops)
                    for link in part
                ]
                self._lay(db, owner, Links(rows))

    def lay_adopted(self, db: apsw.Connection, url: str, source: str) -> None:
        """Queue for all others that the site of `url` joined the crawl."""
        for number in self._partitioning.others:
            self._lay(db, number, Adopted(url, source))

    def _lay(self, db: apsw.Connection, owner: int, letter: Links | Adopted | Handed) -> None:
        db.execute("insert into mail (box, letter) values (?, ?)", (box_of(owner), _encode(letter)))


def _by_box(rows: Iterable[tuple[int, str, bytes]]) -> dict[str, list[bytes]]:
    boxes: dict[str, list[bytes]] = {}
    for _, box, letter in rows:
        boxes.setdefault(box, []).append(letter)
    return boxes


def _parts(items: Iterable[Any], size: int) -> Iterator[list[Any]]:
    iterator = iter(items)
    while part := list(islice(iterator, size)):
        yield part
