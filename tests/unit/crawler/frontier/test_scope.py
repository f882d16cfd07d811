"""Which pages the sources and their rules allow, and which rule is named for one that they refuse."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from lightship.config import CrawlerSettings, read_rules
from lightship.core.errors import ConfigurationError
from lightship.crawler.frontier.entry import How
from lightship.crawler.frontier.scope import Scope, folder_of

X = "https://x.example"
DOCS, WHOLE = f"{X}/docs/", f"{X}/"


def scope(*sources: str, flags: dict[str, Any] | None = None, **rules: Any) -> Scope:
    """Return the scope of `sources`; `rules` are those of the first one, `flags` those of all."""
    own = read_rules(json.dumps({sources[0]: rules})) if rules else ()
    made = Scope(dataclasses.replace(CrawlerSettings(rules=own), **(flags or {})))
    made.give(sources)
    return made


@pytest.mark.parametrize(
    ("source", "folder"),
    [
        (f"{X}/", "/"), (f"{X}/docs/", "/docs/"), (f"{X}/docs/index.html", "/docs/"), (f"{X}/docs", "/"),
        (f"{X}/docs/?a=/b/c", "/docs/"), (f"{X}/wiki/Main_Page", "/wiki/"),
    ],
)  # fmt: skip
def test_a_source_keeps_to_its_folder(source: str, folder: str) -> None:
    assert folder_of(source) == X + folder
    found = scope(source)
    assert found.refusal(f"{X}{folder}a/b?c") == ""
    assert bool(found.refusal(f"{X}/other/a")) == (folder != "/")


@pytest.mark.parametrize(
    ("rules", "path", "reason"),
    [
        ({}, "/blog/", f"rule: outside of {DOCS}"),
        ({}, "/docs", ""),  # the folder's page, as many sites write it
        ({}, "/docs?a", f"rule: outside of {DOCS}"),
        ({}, "/docsa", f"rule: outside of {DOCS}"),
        ({"exclude": ["*.pdf"]}, "/docs/a.pdf", f'rule: excluded by "*.pdf" of {DOCS}'),
        ({"exclude": ["*.pdf"]}, "/docs/a", ""),
        ({"exclude": ["*.pdf"]}, "/a.pdf", f'rule: excluded by "*.pdf" of {DOCS}'),
        ({"include": ["/api/"]}, "/api/a", ""),
        ({"include": ["/api/"]}, "/docs/a", f'rule: not included by "/api/" of {DOCS}'),
        ({"include": ["/api/", "/a*", "/b*", "/c*"]}, "/z", f'rule: not included by "/api/", "/a*", "/b*", … of {DOCS}'),
        ({"include": ["/api/"], "exclude": ["**/old/**"]}, "/api/old/a", f'rule: excluded by "**/old/**" of {DOCS}'),
        ({"max_depth": 4}, "/docs/deep", f"depth: 5 links from the source, more than max_depth=4 of {DOCS}"),
        ({"max_depth": 5}, "/docs/deep", ""),
    ],
)  # fmt: skip
def test_the_reason_names_the_rule(rules: dict[str, Any], path: str, reason: str) -> None:
    assert scope(DOCS, **rules).refusal(X + path, 5) == reason


def test_flags_are_for_all_sources() -> None:
    found = scope(DOCS, WHOLE, flags={"exclude": ("*.pdf",)}, max_depth=3)
    assert {found.refusal(X + path) for path in ("/docs/a.pdf", "/a.pdf")} == {'rule: excluded by "*.pdf" of -exclude'}
    assert found.refusal(f"{X}/a", 101) == "depth: 101 links from the source, more than -max-depth=100"
    included = scope(DOCS, flags={"include": ("/api/",)})
    assert (included.refusal(DOCS), included.refusal(f"{X}/api/")) == ('rule: not included by "/api/" of -include', "")
    own = scope(DOCS, flags={"include": ("/b/",)}, include=["/a/"])
    assert (own.refusal(f"{X}/a/"), bool(own.refusal(f"{X}/b/"))) == ("", True)  # its own counts instead


@pytest.mark.parametrize(
    ("sources", "rules", "path", "judge"),
    [
        ([DOCS, WHOLE], {}, "/docs/a", DOCS),
        ([WHOLE, DOCS], {}, "/docs/a", DOCS),
        ([DOCS, WHOLE], {}, "/a", WHOLE),
        ([DOCS, WHOLE], {"include": ["/api/**"]}, "/api/a", DOCS),  # named more exactly than by a folder that is all
        ([WHOLE, DOCS], {"include": ["*.html"]}, "/docs/a.html", DOCS),
        ([DOCS, WHOLE], {"include": ["/docs/v2/"]}, "/docs/v1/a", DOCS),  # which refuses it
        ([DOCS, f"{X}/blog/"], {}, "/a", None),
        ([f"{X}/b.html", f"{X}/a.html"], {"exclude": ["*.pdf"]}, "/a", f"{X}/b.html"),  # the one with rules
        ([f"{X}/a", "https://y.example/"], {}, "/b", f"{X}/a"),
    ],
)
def test_the_source_judges_that_names_most_of_a_url(
    sources: list[str], rules: dict[str, Any], path: str, judge: str | None
) -> None:
    found = scope(*sources, **rules).judge(X + path)
    assert (found and found.name) == judge


def test_pages_between_the_folders_are_refused_for_all_of_them() -> None:
    assert scope(DOCS, f"{X}/blog/a").refusal(WHOLE) == f"rule: outside of {DOCS}, {X}/blog/"
    assert scope(DOCS).refusal("https://other.example/") == ""  # another site: for others to decide


def test_sitemap_only_wants_a_sitemap() -> None:
    found = scope(WHOLE, sitemap_only=True)
    reason = f"rule: no sitemap lists it, and sitemap_only of {WHOLE} crawls nothing else"
    assert {how: found.refusal(f"{X}/a", 1, how) for how in How} == {
        how: reason if how in (How.LINK, How.ALTERNATE, How.FEED) else "" for how in How
    }


@pytest.mark.parametrize(
    ("source", "target", "inside", "outside"),
    [
        (DOCS, f"{X}/manual/start", [f"{X}/manual/a", f"{X}/docs/a"], [f"{X}/a"]),
        (DOCS, f"{X}/docs/en/", [f"{X}/docs/a"], [f"{X}/a"]),
        (DOCS, "https://y.example/d/x", ["https://y.example/d/a"], ["https://y.example/a", f"{X}/a"]),
        (WHOLE, "https://y.example/en/x", ["https://y.example/a"], []),  # a whole site moved
        (DOCS, f"{X}/login", [f"{X}/docs/a"], [f"{X}/a"]),  # above: would be everything
    ],
)
def test_a_redirect_brings_its_folder(source: str, target: str, inside: list[str], outside: list[str]) -> None:
    found = scope(source)
    found.bring(target, source)
    assert [found.refusal(url) for url in inside] == [""] * len(inside)
    assert all(found.refusal(url) for url in outside)
    assert target in found.given


def test_starts_are_on_the_site_and_given_but_bring_no_folder() -> None:
    found = scope(DOCS, start=["/archive/", "more", f"{X}/list?x"])
    assert {DOCS, f"{X}/archive/", f"{X}/docs/more", f"{X}/list?x"} == set(found.given)
    assert found.refusal(f"{X}/archive/a")
    with pytest.raises(
        ConfigurationError, match=r"start 'https://y.example/' of https://x.example/docs/ is not a url of"
    ):
        scope(DOCS, start=["https://y.example/"])


def test_revisit_and_pages_of_each_source() -> None:
    found = scope(DOCS, WHOLE, revisit=600, max_pages=7)
    assert (found.pace(f"{X}/docs/a").first, found.pace(f"{X}/a").first) == (600, 3600)
    assert (scope(DOCS, max_pages=7).max_pages(X), found.max_pages(X)) == (7, 100_000)
