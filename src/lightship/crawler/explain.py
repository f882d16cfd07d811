"""Explains why a page is or is not in the index: what the crawler knows about one URL, and the reason in words."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import apsw
import msgspec

from lightship.config import CrawlerSettings
from lightship.core import urls
from lightship.crawler.fetching.rules import Rules
from lightship.crawler.frontier.entry import AT_ONCE, NEVER, How, Kind, State
from lightship.crawler.frontier.scope import Scope, known_scope
from lightship.crawler.state.progress import cuts
from lightship.crawler.traps.form import trap_by_form
from lightship.crawler.traps.sessions import without_session
from lightship.runtime.database import Database

MAX_CHAIN = 20
_NOT_A_PAGE = (
    "not an http or https URL of at most 2,048 bytes; the crawler explains pages of websites only, and logs what it could not"
    " read of folders and files"
)

_FOUND_BY = {
    How.SOURCE: "it is a source, or a source redirects to it", How.LINK: "a link", How.REDIRECT: "a redirect",
    How.CANONICAL: "a canonical link", How.ALTERNATE: "a link to a translation (hreflang)", How.SITEMAP: "a sitemap",
    How.START: "a rule (start)", How.LISTED: "a link; a sitemap lists it, too", How.FEED: "a feed", How.ROBOTS: "a Sitemap line of robots.txt", How.GUESS: "a guess (most sites have one)",
}  # fmt: skip
_COLUMNS = (
    "id, url, site, depth, state, kind, visit, status, failures, digest, target, own, fetched, interval, doomed, note,"
    " how, found_on, found, modified, fingerprint"
)


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """A recorded visit, and the resulting decision."""

    time: datetime
    status: int
    state: str
    note: str


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """A page that another one points to: its redirect target, canonical page or representative."""

    url: str
    state: str
    note: str


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """What the crawler knows about `url`. `reason` says in words why it is or is not in the index.

    `indexed`: whether the document log contains its document. `found_on` is the page, sitemap or feed that led to it,
    `robots` the deciding line of robots.txt, `target` the page it points to, `chain` the result of following that.
    """

    url: str
    reason: str
    known: bool = False
    indexed: bool = False
    state: str = ""
    source: str | None = None
    held: str | None = None
    found_by: str = ""
    found_on: str | None = None
    found: datetime | None = None
    depth: int | None = None
    robots: str = ""
    allowed: bool | None = None
    status: int | None = None
    target: str | None = None
    chain: list[Step] = []
    duplicate_of: str | None = None
    canonical: str | None = None
    last_visit: datetime | None = None
    next_visit: datetime | None = None
    interval_seconds: float | None = None
    failures: int = 0
    digest: str | None = None
    visits: list[Visit] = []


def explain(database: Database, settings: CrawlerSettings, text: str) -> Explanation:
    """Return what the store `database` of a crawler with these `settings` knows about the URL `text`."""
    url = urls.normalise(text)
    if url is None:
        return Explanation(url=text, reason=_NOT_A_PAGE)
    with database.access() as db:
        row = db.execute(f"select {_COLUMNS} from pages where url = ?", (url,)).fetchone()
        found = Explanation(url=url, reason="")
        found = _with_robots(db, settings, _with_site(db, found))
        scope = known_scope(db, settings)
        if row is None:
            return msgspec.structs.replace(found, **_unknown(db, scope, found))
        page: dict[str, Any] = dict(zip(_COLUMNS.split(", "), row, strict=True))
        return _page(db, scope, settings, found, page)


def _with_site(db: apsw.Connection, found: Explanation) -> Explanation:
    row = db.execute("select source, held from sites where site = ?", (urls.site(found.url),)).fetchone()
    return msgspec.structs.replace(found, source=row[0], held=row[1]) if row else found


def _with_robots(db: apsw.Connection, settings: CrawlerSettings, found: Explanation) -> Explanation:
    row = db.execute("select text from robots where site = ?", (urls.site(found.url),)).fetchone()
    if row is None:
        return msgspec.structs.replace(found, robots="robots.txt has not been read yet")
    rules = Rules(row[0], settings.agent)
    allowed = rules.allows(found.url)
    verdict = f"{'allowed' if allowed else 'disallowed'}: {rules.line(found.url)}"
    return msgspec.structs.replace(found, robots=verdict, allowed=allowed)


def _unknown(db: apsw.Connection, scope: Scope, found: Explanation) -> dict[str, Any]:
    """Return the fields of a URL that is not in the frontier."""
    row = db.execute("select reason, found_on, time from refused where url = ?", (found.url,)).fetchone()
    if row:
        return {"reason": row[0], "found_by": "a link", "found_on": row[1], "found": _moment(row[2])}
    clean = without_session(found.url)
    if found.source is None:
        site = urls.site(found.url)
        return {"reason": f"no source leads to {site}; only sites given as SOURCE are crawled"}
    if clean.dropped:
        return {"reason": f"trap: session id ({clean.dropped}); crawled without it, as {clean.url}"}
    if reason := scope.refusal(found.url) or trap_by_form(found.url):
        return {"reason": reason}
    if found.allowed is False:
        return {"reason": f"never found, and it would not be fetched: {found.robots}"}
    cut_off = cuts(db, urls.site(found.url))
    lost = "".join(f"; {cut.urls} URLs like {cut.example} were cut off ({cut.reason})" for cut in cut_off)
    return {"reason": f"never found: no page, sitemap or feed read so far links to it{lost}"}


def _page(
    db: apsw.Connection, scope: Scope, settings: CrawlerSettings, found: Explanation, page: dict[str, Any]
) -> Explanation:
    state = State(page["state"])
    target = page["target"]
    visits: list[Any] = db.execute(
        "select time, status, state, note from visits where page = ? order by time desc", (page["id"],)
    ).fetchall()
    return msgspec.structs.replace(
        found,
        reason=_reason(db, scope, settings, found, page),
        known=True,
        indexed=page["digest"] is not None,
        state=state.name.lower(),
        found_by=_FOUND_BY[How(page["how"])],
        found_on=page["found_on"],
        found=_moment(page["found"]),
        depth=page["depth"],
        status=page["status"] or None,
        target=target,
        chain=_chain(db, target),
        duplicate_of=target if state is State.DUPLICATE else None,
        canonical=target if state in (State.ALIAS, State.PAGE) else None,
        last_visit=_moment(page["fetched"]),
        next_visit=_moment(page["visit"]) if AT_ONCE < page["visit"] < NEVER else None,
        interval_seconds=page["interval"] or None,
        failures=page["failures"],
        digest=page["digest"].hex() if page["digest"] else None,
        visits=[
            Visit(time=datetime.fromtimestamp(moment, UTC), status=status, state=State(each).name.lower(), note=note)
            for moment, status, each, note in visits
        ],
    )


def _reason(
    db: apsw.Connection, scope: Scope, settings: CrawlerSettings, found: Explanation, page: dict[str, Any]
) -> str:
    state = State(page["state"])
    if page["kind"] != Kind.PAGE:
        return f"read as a {Kind(page['kind']).name.lower()}, for the URLs it lists: {page['note'] or 'not yet'}"
    if state is State.NEW:
        return _why_new(db, scope, settings, found, page)
    if state is State.PAGE:
        failed = (
            f"; {page['failures']} visits have failed since then, and the document is kept" if page["failures"] else ""
        )
        return f"indexed: {page['note']}{failed}"
    if state is State.FAILED:
        return f"no usable answer so far: {page['note']}"
    if page["digest"] is not None and page["doomed"] is not None:
        why = (
            f"held: {found.held}"
            if found.held
            else "it will be deleted once other pages of the site are confirmed to work"
        )
        return f"{page['note']}; its document is still indexed: {why}"
    return str(page["note"])


def _why_new(
    db: apsw.Connection, scope: Scope, settings: CrawlerSettings, found: Explanation, page: dict[str, Any]
) -> str:
    """Return why a page has not been visited yet."""
    site = page["site"]
    documents = db.execute("select count(digest) from pages where site = ?", (site,)).get
    if found.allowed is False:
        return f"found, but it will not be fetched: {found.robots}"
    if documents >= (most := scope.max_pages(site)):
        by = "-max-pages" if most == settings.max_pages else "max_pages"
        return f"budget: the site has {documents} documents, {by}={most}"
    day, size = db.execute("select day, bytes from sites where site = ?", (site,)).fetchone() or (0, 0)
    if 0 < settings.max_site_bytes <= size and day == int(time.time() // 86_400):
        return f"budget: {size} bytes fetched from the site today, -max-site-bytes={settings.max_site_bytes}"
    if page["visit"]:
        return "the first visit was interrupted; it will be retried after the least interval"
    return "found, and waiting for its first visit"


def _chain(db: apsw.Connection, target: str | None) -> list[Step]:
    """Return the pages that a page points to, step by step."""
    steps: list[Step] = []
    while target and len(steps) < MAX_CHAIN and target not in (step.url for step in steps):
        row = db.execute("select state, note, target from pages where url = ?", (target,)).fetchone()
        if row is None:
            why = db.execute("select reason from refused where url = ?", (target,)).get
            return [*steps, Step(url=target, state="unknown", note=str(why or "not in this crawl"))]
        steps.append(Step(url=target, state=State(row[0]).name.lower(), note=row[1]))
        target = row[2] if State(row[0]) in (State.MOVED, State.ALIAS, State.DUPLICATE) else None
    return steps


def _moment(seconds: float | None) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds else None
