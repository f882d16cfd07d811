"""What is checked before a crawl begins, and what a dry run needs."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lightship.config import CrawlerSettings, read_rules
from lightship.core.errors import ConfigurationError
from lightship.crawler.dry_run import EXAMPLES, check_rules, dry_run
from lightship.crawler.frontier.entry import State
from lightship.crawler.sources.names import parse_sources
from lightship.crawler.state.progress import read_progress
from mockweb.site import MockSite
from mockweb.traps import html, prose
from support import Program, wait_until
from unit.crawler.frontier.crawled import HOME, SITE, living

X = "https://x.example"


@pytest.mark.parametrize(
    ("sources", "rules", "wrong"),
    [
        ([f"{X}/docs/"], {f"{X}/": {}}, rf'"{X}/" is not one of the SOURCEs: {X}/docs/'),
        ([f"{X}/docs/"], {f"{X}/docs": {}}, rf'"{X}/docs" is not one of the SOURCEs'),
        ([f"{X}/"], {f"{X}/": {"select": ["div >"]}}, "'div >' is not a CSS selector; write it like"),
        ([f"{X}/"], {f"{X}/": {"drop": ["::"]}}, "'::' is not a CSS selector"),
        (
            [f"{X}/"],
            {f"{X}/": {"start": ["https://y.example/"]}},
            "is not a url of https://x.example; give it as a SOURCE",
        ),
        ([f"{X}/"], {f"{X}/": {}, X: {}}, r"is https://x\.example/, which has rules already"),
        (["."], {".": {"include": ["/a/"], "language": "de"}}, r'"\.": include: for websites only'),
        (["feed+https://x.example/f"], {"feed+https://x.example/f": {"drop": ["i"]}}, "drop: for websites only"),
    ],
)
def test_rules_that_fit_no_source_are_errors(sources: list[str], rules: dict[str, Any], wrong: str) -> None:
    settings = CrawlerSettings(rules=read_rules(json.dumps(rules)))
    with pytest.raises(ConfigurationError, match=wrong):
        check_rules(settings, parse_sources(sources))


def test_a_source_may_be_written_as_it_was_given() -> None:
    rules = {"HTTPS://X.example:443/docs/": {"exclude": ["*.pdf"]}, ".": {"language": "de"}}
    check_rules(CrawlerSettings(rules=read_rules(json.dumps(rules))), parse_sources(list(rules)))


def test_a_dry_run_needs_the_data_of_a_crawler(tmp_path: Path) -> None:
    settings = CrawlerSettings(data=str(tmp_path))
    with pytest.raises(ConfigurationError, match="has no crawler's data yet; name its folder with -data"):
        list(dry_run(settings, [HOME]))
    (tmp_path / "frontier.sqlite").write_bytes(b"not a database" * 100)
    with pytest.raises(ConfigurationError, match=r"can't read .*frontier\.sqlite"):
        list(dry_run(settings, [HOME]))


def test_a_thousand_pages_and_globs_take_little_time(tmp_path: Path) -> None:
    paths = [f"/{kind}/{n}.{kind}" for kind in ("pdf", "html", "old", "new") for n in range(250)]
    with living(tmp_path) as life:
        life.visit("/", links=[])
        with life.database.transaction() as db:
            db.executemany(
                "insert into pages (url, site, depth, state, visit, fetched, digest) values (?, ?, 1, 1, 2e9, 1e9, x'01')",
                [(SITE + path, SITE) for path in paths],
            )
    globs = [f"/x{n}/**/*a*b*{n}" for n in range(1000)] + ["*.pdf", "/old/", "**/1*0.new"]
    settings = dataclasses.replace(CrawlerSettings(data=str(tmp_path)), exclude=tuple(globs))
    began = time.process_time()
    said = list(dry_run(settings, [HOME]))
    assert time.process_time() - began < 4.0  # 0.2 s; a busy machine takes twice that
    assert [line for line in said if "would go" in line] == [
        'rule: excluded by "**/1*0.new" of -exclude: 11 documents would go',
        'rule: excluded by "*.pdf" of -exclude: 250 documents would go',
        'rule: excluded by "/old/" of -exclude: 250 documents would go',
    ]
    assert sum(line.startswith("  ") for line in said) == 3 * EXAMPLES


def test_documents_of_a_held_site_would_go_once_it_is_accepted(tmp_path: Path) -> None:
    rules = read_rules(json.dumps({HOME: {"exclude": ["/old/*"]}}))
    with living(tmp_path, rules=rules) as life:
        with life.database.transaction() as db:
            for number in range(30):
                kind = ("old", "new", "new")[number % 3]
                reason = 'rule: excluded by "/old/*" of the rules of https://example.org/' if kind == "old" else ""
                db.execute(
                    "insert into pages (url, site, depth, state, visit, fetched, digest, note) values (?, ?, 1, ?, 2e9, 1e9, x'01', ?)",
                    (f"{SITE}/{kind}/{number}", SITE, State.REFUSED if reason else State.PAGE, reason),
                )
        told = list(dry_run(CrawlerSettings(data=str(tmp_path), rules=rules), [HOME]))
        accepted = list(dry_run(CrawlerSettings(data=str(tmp_path), rules=rules, accept=(SITE,)), [HOME]))
    assert any("10 documents would go" in line for line in told)
    assert any("would be held" in line for line in told)
    assert any("10 documents would go" in line for line in accepted)
    assert not any("would be held" in line for line in accepted)


def test_the_programs_say_what_would_happen_and_remove_a_source(
    site: MockSite, tmp_path: Path, spawn: Callable[..., Program]
) -> None:
    paths = [f"/docs/{n}" for n in range(6)] + ["/docs/a.pdf"]
    for path in paths:
        site.pages[path] = html(path, prose(path))
    site.pages["/docs/"] = html("Docs", prose("docs"), paths)
    (tmp_path / "b.jsonl").write_text('{"url": "https://ex.org/b", "text": "b"}\n')
    source = site.url("/docs/")
    flags = ("-log=sqlite://log.sqlite", "-data=data")
    crawler = spawn("crawler", *flags, source, "b.jsonl")
    wait_until(lambda: read_progress(str(tmp_path / "data")).idle, 60, "the first pass is complete")
    (tmp_path / "rules.toml").write_text(f'["{source}"]\nexclude = ["*.pdf"]\n["b.jsonl"]\nlanguage = "de"\n')
    dry = spawn("lightship", "crawl", "--dry-run", "-rules=rules.toml", *flags, source, "b.jsonl")
    assert dry.process.wait(60) == 0
    assert f'rule: excluded by "*.pdf" of {source}: 1 document would go\n  {site.url("/docs/a.pdf")}' in dry.output
    busy = spawn("lightship", "remove", source, "-yes", *flags)
    assert busy.process.wait(60) == 1
    assert "data is in use by another crawler; stop that" in busy.output
    assert crawler.stop() == 0
    for arguments, said in (
        (["https://nowhere.example/"], "was never a SOURCE here; known sources: "),
        ([source], "no answer on standard input; add --yes to delete without asking"),
        ([source, "-yes"], f"deleted 8 documents; leave {source} out when the crawler is started again"),
        ([source, "-yes"], "was never a SOURCE here"),
        (["b.jsonl", "-yes"], "deleted 1 documents"),
    ):
        removed = spawn("lightship", "remove", *arguments, *flags)
        removed.process.wait(60)
        assert said in removed.output
    assert read_progress(str(tmp_path / "data"))[:3] == (0, 0, 0)
