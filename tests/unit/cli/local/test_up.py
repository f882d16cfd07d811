"""What `lightship up` checks before it starts anything, and what it passes to the crawler."""

from __future__ import annotations

from pathlib import Path

import pytest

from lightship.cli.local.up import _rules, up
from lightship.config import CrawlerSettings, UpSettings, parse_settings
from lightship.core.errors import ConfigurationError


def test_rules_reach_the_crawler(tmp_path: Path) -> None:
    (tmp_path / "rules.toml").write_text('["https://x.example/"]\nexclude = ["*.pdf"]\n')
    flags = [f"--rules={tmp_path / 'rules.toml'}", "--include=/a/,*.html", "--exclude=/b/"]
    settings, _ = parse_settings(UpSettings, "lightship up", flags)
    crawler, _ = parse_settings(CrawlerSettings, "crawler", _rules(settings))
    assert (crawler.rules, crawler.include, crawler.exclude) == (settings.rules, ("/a/", "*.html"), ("/b/",))
    assert _rules(UpSettings()) == []


@pytest.mark.parametrize("sources", [[], ["https://y.example/"]])
def test_rules_of_no_source_are_an_error_before_anything_starts(tmp_path: Path, sources: list[str]) -> None:
    rules = '{"https://x.example/":{"exclude":["*.pdf"]}}'
    with pytest.raises(ConfigurationError, match=r'-rules: "https://x\.example/" is not one of the SOURCEs'):
        up([f"--rules={rules}", f"--data={tmp_path / 'up'}", *sources])
    assert not (tmp_path / "up").exists()
