"""Changed rules, applied to what is known: the plan is what happens, and it can be taken back."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from lightship.config import CrawlerSettings
from lightship.crawler.dry_run import dry_run
from lightship.crawler.frontier.entry import Kind, Link, State
from lightship.crawler.frontier.scope import Scope
from unit.crawler.frontier.crawled import HOME, SITE, Life, living

PATHS = [f"/{folder}{name}" for folder in ("", "a/", "a/b/", "c/") for name in ("", "1.html", "2.pdf", "x?q=1")]
GLOBS = ("*.pdf", "/a/", "/a/*", "**/b/**", "*?q=*", "/c/**", "/", "/a/b/1.html", "**2**")
rules = st.fixed_dictionaries(
    {"include": st.lists(st.sampled_from(GLOBS), max_size=2).map(tuple), "exclude": st.lists(st.sampled_from(GLOBS), max_size=2).map(tuple)}
)  # fmt: skip


def visited(life: Life) -> None:
    """Visit everything that is due, until nothing is; the home page links to all others."""
    while due := life.due():
        for path in due:
            life.visit(path, State.PAGE, *(PATHS if path == "/" else ()))


def alive(life: Life) -> set[str]:
    """Return the paths that are pages, and not refused."""
    found = life.rows("select url from pages where kind = 0 and state <> ?", State.REFUSED)
    return {url.removeprefix(SITE) for (url,) in found}


def allowed(given_rules: dict[str, Any]) -> set[str]:
    scope = Scope(CrawlerSettings(**given_rules))
    scope.give([HOME])
    return {path for path in PATHS if not scope.refusal(SITE + path)} | {"/"}


@settings(max_examples=60, deadline=None)
@given(first=rules, second=rules)
def test_whatever_the_rules_were_they_hold_at_the_next_start(first: dict[str, Any], second: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with living(folder, **first) as life:
            visited(life)
            assert alive(life) == allowed(first)
        said = list(dry_run(CrawlerSettings(data=name, **second), [HOME]))
        with living(folder, **second) as life:
            visited(life)
            assert alive(life) == allowed(second)
        gone = allowed(first) - allowed(second)
        told = sum(int(line.rpartition(": ")[2].split()[0]) for line in said if line.endswith("would go"))
        assert told - gone_home(second) == len(gone)
        back = sum(int(line.rpartition(": ")[2].split()[0]) for line in said if line.endswith("would be crawled"))
        assert back == len(allowed(second) - allowed(first))
        with living(folder, **first) as life:
            visited(life)
            assert alive(life) == allowed(first)
            assert life.fetched == len(life.known)


def gone_home(given_rules: dict[str, Any]) -> int:
    """Return 1 if the source itself is read for its links only, which the frontier here does not know of."""
    scope = Scope(CrawlerSettings(**given_rules))
    scope.give([HOME])
    return bool(scope.refusal(HOME))


def test_a_page_comes_back_as_it_was_found(tmp_path: Path) -> None:
    with living(tmp_path) as life:
        life.visit("/", State.PAGE, "/a")
        life.visit("/a", State.PAGE, "/a/b", "/c")
        life.visit("/a/b", State.PAGE, "/a/b/c")
    with living(tmp_path, exclude=("/a*", "/a/")) as life:
        assert life.due() == ["/c"]
        assert life.rows("select url, depth, state from pages where state = ?", State.REFUSED) == [
            (f"{SITE}/a", 1, State.REFUSED), (f"{SITE}/a/b", 2, State.REFUSED), (f"{SITE}/a/b/c", 3, State.REFUSED),
        ]  # fmt: skip
        life.visit("/", State.PAGE, "/a", "/a/new")
        assert life.refused == {"/a/new": 'rule: excluded by "/a/" of -exclude'}
    with living(tmp_path) as life:
        assert set(life.due()) == {"/c", "/a", "/a/b", "/a/b/c", "/a/new"}
        assert life.rows("select depth, found_on from pages where url = ?", f"{SITE}/a/b/c") == [(3, f"{SITE}/a/b")]
        assert life.refused == {}


def test_a_lower_depth_takes_deeper_pages_away(tmp_path: Path) -> None:
    with living(tmp_path) as life:
        life.visit("/", State.PAGE, "/1")
        life.visit("/1", State.PAGE, "/2")
        life.visit("/2", State.PAGE, "/3")
    with living(tmp_path, max_depth=1) as life:
        assert alive(life) == {"/", "/1"}
        assert life.rows("select note from pages where url = ?", f"{SITE}/2") == [
            ("depth: 2 links from the source, more than -max-depth=1",)
        ]
    with living(tmp_path, max_depth=2) as life:
        assert alive(life) == {"/", "/1", "/2"}


def test_sitemaps_and_feeds_are_never_refused(tmp_path: Path) -> None:
    with living(tmp_path, exclude=("/**",)) as life:
        life.frontier.listed(SITE, [Link(f"{SITE}/sitemap.xml", kind=Kind.SITEMAP)])
        assert set(life.due()) == {"/", "/sitemap.xml"}
    with living(tmp_path, exclude=("/sitemap*",)) as life:
        assert set(life.due()) == {"/", "/sitemap.xml"}


def test_nothing_is_planned_again_without_a_change(tmp_path: Path) -> None:
    with living(tmp_path, exclude=("/x",)) as life:
        life.visit("/", State.PAGE, "/1")
    for _ in range(2):
        with living(tmp_path, exclude=("/x",)) as life:
            assert life.due() == ["/1"]
    with living(tmp_path, exclude=("/y",)) as life:
        assert life.due() == ["/1"]


def test_only_so_many_refused_urls_are_recorded_and_the_others_are_found_in_their_pages(tmp_path: Path) -> None:
    with living(tmp_path, exclude=("/x/",)) as life:
        with life.database.transaction() as db:
            db.executemany(
                "insert into refused values (?, ?, 'rule: excluded by \"/x/\" of -exclude', null, 0)",
                [(f"{SITE}/x/{n}", SITE) for n in range(10_000)],
            )
        life.visit("/", State.PAGE, "/1", etag='"1"')
        life.visit("/1", State.PAGE, etag='"1"')
    with living(tmp_path) as life:
        # else its answer would be that nothing changed
        assert life.rows("select etag from pages where url = ?", f"{SITE}/1") == [(None,)]
        assert len(life.known) == 10_002


def test_a_source_that_moves_keeps_its_folder_when_its_host_is_handed_over(tmp_path: Path) -> None:
    source = f"{SITE}/docs/"
    with living(tmp_path, source) as life:
        life.visit("/docs/", State.MOVED, target=f"{SITE}/manual/start", document=None, digest=None)
        life.visit("/manual/start", State.PAGE, "/manual/a", "/blog")
        assert life.known == {"/docs/", "/manual/start", "/manual/a"}
        life.frontier.left(SITE)
        with life.database.transaction() as db:
            life.frontier.joined(db, SITE, source)
        life.visit("/manual/a", State.PAGE, "/manual/b", "/blog/b")
        assert "/manual/b" in life.known
        assert "/blog/b" in life.refused
