"""What `lightship up` checks before it starts anything, and what it passes to the crawler."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from lightship.cli.local.up import up
from lightship.config import CrawlerSettings, Crawling, UpSettings, parse_settings
from lightship.core.errors import ConfigurationError


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


@pytest.mark.parametrize("sources", [[], ["https://y.example/"]])
def test_rules_of_no_source_are_an_error_before_anything_starts(tmp_path: Path, sources: list[str]) -> None:
    rules = '{"https://x.example/":{"exclude":["*.pdf"]}}'
    with pytest.raises(ConfigurationError, match=r'-rules: "https://x\.example/" is not one of the SOURCEs'):
        up([f"--rules={rules}", f"--data={tmp_path / 'up'}", *sources])
    assert not (tmp_path / "up").exists()
