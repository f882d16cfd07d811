"""Says what the rules would do to the known pages of a data folder, before it happens."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator, Sequence

import apsw

from lightship.config import RULES, CrawlerSettings
from lightship.core import urls
from lightship.core.errors import ConfigurationError
from lightship.crawler.frontier.deletion_guard import may_leave, too_many_leave
from lightship.crawler.frontier.rescope import Plan, former_sources, plan, rule_of
from lightship.crawler.frontier.scope import LINKS_ONLY, Scope
from lightship.crawler.parsing.html.selection import check_selector
from lightship.crawler.sources.names import Kind, Source, name_of
from lightship.crawler.state.store import FILE

EXAMPLES = 10  # of what each rule does
FOR_ALL = frozenset({"language", "fields"})  # rules that also apply to what is not a website


def check_rules(settings: CrawlerSettings, sources: Sequence[Source]) -> None:
    """Raise ConfigurationError for rules of none of `sources`, for those that do not fit its kind, and for bad selectors."""
    kinds = {source.name: source.kind for source in sources}
    seen: set[str] = set()
    for rules in settings.rules:
        name = name_of(rules.source)
        if name in seen:
            raise ConfigurationError(f'-rules: "{rules.source}" is {name}, which has rules already')
        seen.add(name)
        if name not in kinds:
            given = ", ".join(source.name for source in sources[:5])
            raise ConfigurationError(f'-rules: "{rules.source}" is not one of the SOURCEs: {given or "none is given"}')
        wrong = [key for key in RULES if key not in FOR_ALL and getattr(rules, key) != RULES[key].default]
        if wrong and kinds[name] is not Kind.WEBSITE:
            raise ConfigurationError(f'-rules: "{rules.source}": {", ".join(wrong)}: for websites only')
        for selector in (*rules.select, *rules.drop):
            try:
                check_selector(selector)
            except ValueError as error:
                raise ConfigurationError(f'-rules: "{rules.source}": {error}') from error
    Scope(settings).give(name for name, kind in kinds.items() if kind is Kind.WEBSITE)


def dry_run(settings: CrawlerSettings, websites: Sequence[str]) -> Iterator[str]:
    """Yield what a crawler with these `settings` and sources would do at its start, line by line.

    The crawler of the data folder may run meanwhile. Raises ConfigurationError if there is nothing to read.
    """
    path = os.path.join(settings.data, FILE)
    if not os.path.exists(path):
        raise ConfigurationError(f"{settings.data} has no crawler's data yet; name its folder with -data")
    scope = Scope(settings)
    scope.give(websites)
    try:
        with contextlib.closing(apsw.Connection(path, flags=apsw.SQLITE_OPEN_READONLY)) as db, db:
            db.set_busy_timeout(1000)
            scope.load(db)
            former = former_sources(db, websites)
            known = {str(site) for site, source in db.execute("select site, source from sites") if source in websites}
            plans = [plan(db, scope, site, former) for site in sorted(known | {urls.site(name) for name in websites})]
    except apsw.Error as error:
        raise ConfigurationError(f"can't read {path}: {error}; start its crawler once with this version") from error
    yield from _rules(plans)
    yield from _idle_globs(scope, plans)
    for each in plans:
        leaving = [page.reason for page in (*each.held, *each.leaving) if page.indexed]
        if leaving and each.site not in settings.accept and not may_leave(len(leaving), each.kept, settings.hold):
            yield f"{each.site} would be held: {too_many_leave(each.site, len(leaving), each.kept, leaving[-1])}"
    yield "nothing has been changed"


def _rules(plans: Sequence[Plan]) -> Iterator[str]:
    """Yield what each rule does."""
    done: dict[tuple[str, str], list[str]] = {}
    for each in plans:
        for page in (*each.held, *each.leaving, *(page for page in each.given if page.reason)):
            what = "document|s would go" if page.indexed else "page|s without a document would not be visited any more"
            done.setdefault((rule_of(page.reason), what), []).append(page.url)
        for source in (page for page in each.given if not page.reason):
            done.setdefault((LINKS_ONLY, "source or start would be a document, too"), []).append(source.url)
        for found in each.returning:
            done.setdefault((rule_of(found.reason), "url|s, refused until now, would be crawled"), []).append(found.url)
    for (rule, what), named in sorted(done.items()):
        yield f"{rule}: {len(named)} {what.replace('|s', 's' * (len(named) != 1))}"
        yield from _examples(named)


def _idle_globs(scope: Scope, plans: Sequence[Plan]) -> Iterator[str]:
    """Yield the globs of `exclude` that match nothing that is known."""
    active = {reason for each in plans for reason in (*each.same, *(rule_of(page.reason) for page in each.leaving))}
    for source in scope.sources:
        for glob, by in source.exclude:
            if (reason := f'rule: excluded by "{glob.text}" of {by}') not in active:
                active.add(reason)
                yield f"{reason}: matches nothing that is known"


def _examples(urls: Sequence[str]) -> Iterable[str]:
    return (f"  {url}" for url in urls[:EXAMPLES])
