"""The scope of a crawl: which pages the sources and their rules allow, and which rule refuses a page.

A source keeps to its folder, unless its `include` names pages. Where several sources share a site, each page is judged
by the one that names the longest beginning of its url, with its folder or with a glob.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import apsw

from lightship.config import CrawlerSettings, SourceRules
from lightship.core import urls
from lightship.core.errors import ConfigurationError
from lightship.core.globs import Glob
from lightship.crawler.frontier.entry import How
from lightship.crawler.frontier.revisit import Pace

logger = logging.getLogger(__name__)

LINKS_ONLY = "read for its links only"  # what a note begins with of a source or start that the rules refuse
SHOWN = 3  # globs or folders in a reason

_ROOTS = "select url, found_on from pages where how = ? and found_on is not null order by id"
_BESIDE_SITEMAPS = frozenset({How.LINK, How.ALTERNATE, How.FEED})  # how sitemap_only finds no page


def folder_of(url: str) -> str:
    """Return the folder of a normal URL: what relative links on the page begin with."""
    return url.partition("?")[0].rpartition("/")[0] + "/"


class Scoped:
    """One source with its rules; `folders` are its own, and those to which it redirects."""

    def __init__(self, name: str, rules: SourceRules, settings: CrawlerSettings) -> None:
        """Compile `rules`, which add to those that `settings` have for all sources."""
        self.name, self.rules = name, rules
        self.folders = [folder_of(name)]
        self.include = [Glob(each) for each in rules.include or settings.include]
        own = [(Glob(each), name) for each in rules.exclude]
        self.exclude = own + [(Glob(each), "-exclude") for each in settings.exclude]
        self._includes_by = name if rules.include else "-include"
        self.pace = Pace.of(settings if rules.revisit is None else dataclasses.replace(settings, revisit=rules.revisit))
        self._depth = settings.max_depth if rules.max_depth is None else rules.max_depth
        self._depth_by = (
            f"-max-depth={self._depth}" if rules.max_depth is None else f"max_depth={self._depth} of {name}"
        )
        self.starts = [_start(each, name) for each in rules.start]

    @property
    def is_whole_site(self) -> bool:
        """Whether the source has no path: it means all of its site."""
        return self.folders[0].count("/") == 3

    @property
    def decisive(self) -> tuple[object, ...]:
        """What decides which pages are crawled."""
        include, exclude = [glob.text for glob in self.include], [(glob.text, by) for glob, by in self.exclude]
        return self.folders[0], include, exclude, sorted(self.starts), self.rules.sitemap_only, self._depth_by

    def claim(self, url: str) -> int:
        """Return how long a beginning of `url` a folder or glob of the source names; -1: none."""
        named = [len(folder) for folder in self.folders if _is_in(url, folder)]
        named += [glob.begins(url) for glob in self.include if glob.matches(url)]
        return max(named, default=-1)

    def refusal(self, url: str, depth: int, how: How | None) -> str:
        """Return why the page is not crawled for this source, or an empty string."""
        for glob, by in self.exclude:
            if glob.matches(url):
                return f'rule: excluded by "{glob.text}" of {by}'
        if self.include:
            if not any(glob.matches(url) for glob in self.include):
                named = _some([f'"{glob.text}"' for glob in self.include])
                return f"rule: not included by {named} of {self._includes_by}"
        elif not any(_is_in(url, folder) for folder in self.folders):
            return f"rule: outside of {_some(self.folders)}"
        if self.rules.sitemap_only and how in _BESIDE_SITEMAPS:
            return f"rule: no sitemap lists it, and sitemap_only of {self.name} crawls nothing else"
        if depth > self._depth:
            return f"depth: {depth} links from the source, more than {self._depth_by}"
        return ""


class Scope:
    """What the sources of a crawl allow; grows when one of them redirects elsewhere."""

    def __init__(self, settings: CrawlerSettings) -> None:
        """Start without a source, for the rules in `settings`."""
        self._settings = settings
        self._rules = {urls.normalise(rules.source) or rules.source: rules for rules in settings.rules}
        self._sources: dict[str, Scoped] = {}
        self._by_site: dict[str, list[Scoped]] = {}
        self._given: set[str] = set()
        self._roots: dict[str, str] = {}  # sources and what they redirect to -> the source

    def give(self, names: Iterable[str]) -> None:
        """Add the sources `names` (normal URLs); raises ConfigurationError for a start that is not on their site."""
        for name in names:
            source = Scoped(name, self._rules.get(name, SourceRules(name)), self._settings)
            self._sources[name] = source
            self._by_site.setdefault(urls.site(name), []).append(source)
            self._roots[name] = name
            self._given |= {name, *source.starts}

    @property
    def sources(self) -> Sequence[Scoped]:
        """The sources."""
        return list(self._sources.values())

    @property
    def key(self) -> object:
        """What the scope depends on: equal for equal sources and rules."""
        return sorted((each.name, *each.decisive) for each in self.sources)

    @property
    def given(self) -> Collection[str]:
        """What is fetched in any case, if only for its links: sources, what they redirect to, and where else they start."""
        return self._given

    def load(self, db: apsw.Connection) -> None:
        """Add what the sources are known to redirect to."""
        rows: list[Any] = db.execute(_ROOTS, (How.SOURCE,)).fetchall()
        for url, name in rows:
            self.bring(url, name)

    def bring(self, url: str, name: str) -> bool:
        """Add the folder of `url`, to which the source `name` redirects; True if the scope grew.

        A source without a path brings the whole site. A folder above the source's own is not brought: a redirect to the
        home page, or to a login, must not turn the crawl of a folder into one of everything.
        """
        source = self._sources.get(name)
        if source is None or url in self._roots:
            return False
        self._roots[url] = name
        self._given.add(url)
        folder = f"{urls.site(url)}/" if source.is_whole_site else folder_of(url)
        if any(_is_in(url, own) for own in source.folders):
            return False
        if any(own.startswith(folder) for own in source.folders):
            logger.warning(
                "%s redirects to %s, above its folder: only what is below %s is crawled; give %s as SOURCE to crawl all of it",
                name, url, _some(source.folders), folder,
            )  # fmt: skip
            return False
        source.folders.append(folder)
        known = self._by_site.setdefault(urls.site(url), [])
        if source not in known:
            known.append(source)
        return True

    def source_of_root(self, url: str) -> str | None:
        """Return the source that `url` is, or that redirects to it."""
        return self._roots.get(url)

    def judge(self, url: str) -> Scoped | None:
        """Return the source that decides about the normal `url`, or None."""
        sources = self._by_site.get(urls.site(url), ())
        if len(sources) == 1:
            return sources[0]
        claims = [(source.claim(url), source.rules != SourceRules(source.name)) for source in sources]
        best = max(claims, default=(-1, False))
        return sources[claims.index(best)] if best[0] >= 0 else None

    def refusal(self, url: str, depth: int = 0, how: How | None = None) -> str:
        """Return which rule refuses `url`, found `depth` links from its source in the way `how`; or an empty string."""
        source = self.judge(url)
        if source:
            return source.refusal(url, depth, how)
        folders = [folder for each in self._by_site.get(urls.site(url), ()) for folder in each.folders]
        return f"rule: outside of {_some(folders)}" if folders else ""

    def rules(self, url: str) -> SourceRules:
        """Return the rules for the normal `url`."""
        source = self.judge(url)
        return source.rules if source else SourceRules("")

    def pace(self, url: str) -> Pace:
        """Return how often `url` is visited."""
        source = self.judge(url)
        return source.pace if source else Pace.of(self._settings)

    def max_pages(self, site: str) -> int:
        """Return how many documents `site` may have."""
        given = [each.rules.max_pages or self._settings.max_pages for each in self._by_site.get(site, ())]
        return max(given, default=self._settings.max_pages)


def longest(settings: CrawlerSettings) -> float:
    """Return the longest interval in seconds between two visits, by any source's rules."""
    own = [rules.revisit for rules in settings.rules if rules.revisit]
    return max(Pace.of(dataclasses.replace(settings, revisit=each)).most for each in [settings.revisit, *own])


def _is_in(url: str, folder: str) -> bool:
    """Whether `url` is in `folder`, or is its page without a slash at the end, as many sites write it."""
    return url.startswith(folder) or url == folder[:-1]


def _start(text: str, source: str) -> str:
    url = urls.normalise(text, source)
    if url is None or urls.site(url) != urls.site(source):
        raise ConfigurationError(
            f"start {text!r} of {source} is not a url of {urls.site(source)}; give it as a SOURCE of its own"
        )
    return url


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:SHOWN]) + (", …" if len(names) > SHOWN else "")


def known_scope(db: apsw.Connection, settings: CrawlerSettings) -> Scope:
    """Return the scope of the crawl whose store is `db`."""
    scope = Scope(settings)
    scope.give(str(name) for (name,) in db.execute("select name from sources where active and name like 'http%'"))
    scope.load(db)
    return scope
