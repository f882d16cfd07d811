"""Applies changed rules to what is already known: `plan` says what would happen, `apply` does exactly that."""

from __future__ import annotations

import logging
import re
import time
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

import apsw

from lightship.config import SourceRules
from lightship.crawler.frontier.entry import AT_ONCE, NEVER, How, Kind, State
from lightship.crawler.frontier.scope import LINKS_ONLY, Scope, folder_of
from lightship.crawler.state.progress import count, tally
from lightship.crawler.state.store import is_changed

logger = logging.getLogger(__name__)

MAX_REFUSED = 10_000  # URLs recorded per site that rules refuse, and as many that are traps

_DEPTH = re.compile(r"^depth: [0-9]+ links from the source, more")
BY_RULE = "(reason like 'rule:%' or reason like 'depth:%')"

_PAGES = "select url, depth, how, state, digest is not null, note from pages where kind = 0 and site = ? order by id"
# What was refused was found `depth + 1` links from its source, unless a sitemap or feed lists it
_REFUSED = (
    "select r.url, r.reason, r.found_on, ifnull(p.depth, 0) + 1, ifnull(p.kind, 0) from refused r"
    f" left join pages p on p.url = r.found_on where r.site = ? and {BY_RULE}"
    " and not exists (select 1 from pages where url = r.url) order by r.time"
)
_LEAVE = (
    "update pages set state = ?, visit = ?, note = ?, etag = null, last_modified = null, own = 0,"
    " doomed = iif(digest is null, null, ?) where url = ?"
)
RETURN = (  # a page that was refused, to be visited
    "update pages set state = iif(fetched = 0, ?, ?), visit = iif(fetched = 0, 0, ?), doomed = null,"
    " note = 'the rules allow it again; it waits for its visit' where url = ?"
)
_READ_AGAIN = "update pages set visit = ?, etag = null, last_modified = null where url = ? and visit > 0 and state <> ?"
# What was folded into a page that leaves, or named it as its canonical one, stands for itself
_STAND_ALONE = (
    "update pages set own = max(own, state = ?), visit = ?, etag = null, last_modified = null where state in (?, ?)"
    " and target in (select url from pages where state = ?)"
)
# Of a site with more refused URLs than are recorded: the others are found again in the pages that link to them
_FORGET_VERSIONS = (
    "update pages set etag = null, last_modified = null where site = ?1 and state <> ?2"
    " and (select count(*) from refused where site = ?1) >= ?3"
)


class Leaving(NamedTuple):
    """A known page that a rule refuses now; `indexed`: it has a document."""

    url: str
    reason: str
    indexed: bool


class Returning(NamedTuple):
    """A URL that was refused for `reason`, and is allowed now. `known`: it is a page of the frontier."""

    url: str
    reason: str
    known: bool
    how: How = How.LINK
    found_on: str | None = None
    depth: int = 0


class Plan(NamedTuple):
    """What the rules do to the known pages of a site. `renamed` are those that another rule refuses than before.

    `given` are the sources and starts that are indexed from now on, or not any more, `kept` the documents that stay; `same` counts
    the URLs that each rule refuses as before, and `held` are those of them whose documents have not gone yet.
    """

    site: str
    leaving: list[Leaving]
    held: list[Leaving]
    returning: list[Returning]
    renamed: list[tuple[str, str]]
    given: list[Leaving]
    kept: int
    same: Counter[str]


def rule_of(reason: str) -> str:
    """Return the rule in a reason, without the depth of the one page."""
    return _DEPTH.sub("depth: more", reason)


def plan(db: apsw.Connection, scope: Scope, site: str, former: Collection[str]) -> Plan:
    """Return what the rules do to what is known of `site`; the folders of `former` sources stay as they are."""
    made = Plan(site, [], [], [], [], [], 0, Counter())
    kept = 0
    pages: list[Any] = db.execute(_PAGES, (site,)).fetchall()
    for url, depth, how, state, indexed, note in pages:
        reason = scope.refusal(url, depth, How(how))
        if url in scope.given and state != State.REFUSED:
            if (reason and indexed) or (not reason and note.startswith(LINKS_ONLY)):
                made.given.append(Leaving(url, reason, bool(indexed)))
            kept += indexed and not reason
        elif reason and state == State.REFUSED and url not in scope.given:
            made.same[rule_of(reason)] += 1
            if indexed:
                made.held.append(Leaving(url, reason, indexed=True))
            if reason != note:
                made.renamed.append((url, reason))
        elif reason and not _is_former(scope, url, former):
            made.leaving.append(Leaving(url, reason, bool(indexed)))
        elif state == State.REFUSED:
            made.returning.append(Returning(url, note, known=True))
            kept += indexed
        else:
            kept += indexed
    _plan_refused(db, scope, made)
    return made._replace(kept=kept)


def _plan_refused(db: apsw.Connection, scope: Scope, made: Plan) -> None:
    """Add to the plan what was refused when it was found."""
    refused: list[Any] = db.execute(_REFUSED, (made.site,)).fetchall()
    for url, before, found_on, depth, kind in refused:
        how = {Kind.SITEMAP: How.SITEMAP, Kind.FEED: How.FEED}.get(kind, How.LINK)
        reason = scope.refusal(url, depth, how)
        if not reason:
            made.returning.append(Returning(url, before, False, how, found_on, depth))
        else:
            made.same[rule_of(reason)] += 1
            if reason != before:
                made.renamed.append((url, reason))


def _is_former(scope: Scope, url: str, former: Collection[str]) -> bool:
    """Whether `url` is in the folder of a source that is no longer given, rather than in that of one that is."""
    longest = max((len(folder) for each in former if url.startswith(folder := folder_of(each))), default=0)
    source = scope.judge(url)
    return longest > (source.claim(url) if source else 0)


def apply(db: apsw.Connection, made: Plan) -> list[Returning]:
    """Change the frontier as planned; return the URLs that are to be added to it."""
    now = time.time()
    db.executemany(_LEAVE, [(State.REFUSED, NEVER, leaving.reason, now, leaving.url) for leaving in made.leaving])
    if made.leaving:
        db.execute(_STAND_ALONE, (State.ALIAS, AT_ONCE, State.ALIAS, State.DUPLICATE, State.REFUSED))
    db.executemany(RETURN, [(State.NEW, State.EXCLUDED, AT_ONCE, each.url) for each in made.returning if each.known])
    db.executemany(_READ_AGAIN, [(AT_ONCE, each.url, State.REFUSED) for each in made.given])
    db.execute(_FORGET_VERSIONS, (made.site, State.REFUSED, MAX_REFUSED))
    added = [each for each in made.returning if not each.known]
    db.executemany("delete from refused where url = ?", [(each.url,) for each in added])
    for url, reason in made.renamed:
        db.execute("update refused set reason = ? where url = ?", (reason, url))
        db.execute("update pages set note = ? where url = ? and state = ?", (reason, url, State.REFUSED))
    return added


def former_sources(db: apsw.Connection, names: Collection[str]) -> list[str]:
    """Return the websites that were sources before, but are not among `names`."""
    known = [str(name) for (name,) in db.execute("select name from sources where name like 'http%'")]
    return [name for name in known if name not in names]


def rescope(
    db: apsw.Connection, scope: Scope, sites: Mapping[str, str], *, handed_over: bool = False
) -> list[Returning]:
    """Apply the rules to what is known of `sites` (site -> source); return the URLs that are to be added.

    The sources of sites that another crawler has `handed_over` were read by it under the same rules: not again.
    """
    former = former_sources(db, [source.name for source in scope.sources])
    added: list[Returning] = []
    for site, source in sites.items():
        before = tally(db, site)
        made = plan(db, scope, site, former)
        if handed_over:
            made.given.clear()
        if made.leaving or made.returning:
            logger.info(
                "%s: the rules refuse %d known pages, %d of them with a document, and allow %d that they refused before", site,
                len(made.leaving), sum(page.indexed for page in made.leaving), len(made.returning),
            )  # fmt: skip
        added += apply(db, made)
        count(db, source, **{name: now - before[name] for name, now in tally(db, site).items()})
    return added


def read_again(db: apsw.Connection, scope: Scope, sites: Iterable[str]) -> None:
    """Have the pages read again whose source has other rules about their contents than at the last start."""
    changed = {
        source.name
        for source in scope.sources
        if is_changed(db, f"contents/{source.name}", _contents(source.rules), _contents(SourceRules("")))
    }
    for site in sites if changed else ():
        pages: list[Any] = db.execute("select url from pages where kind = 0 and site = ?", (site,)).fetchall()
        due = [url for (url,) in pages if (source := scope.judge(url)) and source.name in changed]
        db.executemany(_READ_AGAIN, [(AT_ONCE, url, State.REFUSED) for url in due])
        db.execute("update sites set probed = 0 where site = ?", (site,))  # its soft 404s are read otherwise, too


def _contents(rules: SourceRules) -> tuple[Any, ...]:
    return rules.language, rules.all_fields, rules.select, rules.drop
