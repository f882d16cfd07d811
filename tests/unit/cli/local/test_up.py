"""What `lightship up` checks before it starts anything, and what it passes to the crawler."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from lightship.cli.local.up import access_arguments, up
from lightship.config import TOKEN_VARIABLE, CrawlerSettings, Crawling, SearchengineSettings, UpSettings, parse_settings
from lightship.core.errors import ConfigurationError
from support import free_port


def test_every_setting_of_the_crawl_reaches_the_crawler(tmp_path: Path) -> None:
    (tmp_path / "rules.toml").write_text('["https://x.example/"]\nexclude = ["*.pdf"]\n')
    flags = [
        f"--rules={tmp_path / 'rules.toml'}", "--include=/a/,*.html", "--exclude=/b/", "--revisit=60", "--delay=0.5",
        "--render=x.example", "--contact=me@x.example", "--follow-links", "--max-pages=7", "--user-agent=A b/1",
    ]  # fmt: skip
    settings, _ = parse_settings(UpSettings, "lightship up", flags)
    crawler, _ = parse_settings(CrawlerSettings, "crawler", settings.arguments)
    for field in dataclasses.fields(Crawling):
        assert getattr(crawler, field.name) == getattr(settings, field.name)
    assert len(settings.arguments) == len(flags)
    assert UpSettings().arguments == []


def test_who_may_search_reaches_the_searchengines() -> None:
    flags = ["--closed", "--revoked=names", "--rate=10/s", "--host=0.0.0.0"]
    settings, _ = parse_settings(UpSettings, "lightship up", flags)
    passed, _ = parse_settings(SearchengineSettings, "searchengine", access_arguments(settings))
    assert (passed.closed, passed.revoked, passed.rate) == (True, "names", "10/s")


def test_contradictions_about_who_may_search_are_errors_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(TOKEN_VARIABLE, "0123456789abcdef")
    with pytest.raises(ConfigurationError, match="lets every web page search"):
        up(["--closed", "--origins=*", f"--data={tmp_path / 'up'}", f"--port={free_port()}", "https://y.example/"])
    assert not (tmp_path / "up" / "logs").exists()


@pytest.mark.parametrize("sources", [[], ["https://y.example/"]])
def test_rules_of_no_source_are_an_error_before_anything_starts(tmp_path: Path, sources: list[str]) -> None:
    rules = '{"https://x.example/":{"exclude":["*.pdf"]}}'
    with pytest.raises(ConfigurationError, match=r'-rules: "https://x\.example/" is not one of the SOURCEs'):
        up([f"--rules={rules}", f"--data={tmp_path / 'up'}", *sources])
    assert not (tmp_path / "up").exists()


def test_collections_of_rules_and_flags_are_declared() -> None:
    flags = ["--fields=price:number", "--collections=blog:Our blog"]
    settings, _ = parse_settings(UpSettings, "lightship up", flags)
    assert (settings.declaration, settings.collections) == ("collection:keyword,price:number", "blog:Our blog")
    settings, _ = parse_settings(UpSettings, "lightship up", ['--rules={"./a":{"collection":"docs"}}'])
    assert (settings.declaration, settings.collections) == ("collection:keyword", "")
    assert UpSettings(fields="price:number").declaration == "price:number"
