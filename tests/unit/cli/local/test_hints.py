"""What `lightship up` says on its terminal."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from lightship.cli.local.hints import failures, greeting, ways
from lightship.config import ExplainSettings, UpSettings, parse_settings

USUAL = UpSettings()


def test_who_may_search_is_told() -> None:
    closed = dataclasses.replace(USUAL, closed=True, host="0.0.0.0")
    told = "\n".join(greeting(closed, ["notes"], own_secret=True))
    assert "CLOSED on 0.0.0.0:8080" in told
    assert "OPEN" not in told
    assert "OPEN" in "\n".join(greeting(dataclasses.replace(closed, closed=False), ["notes"], own_secret=True))


def test_the_demo_says_that_it_is_one() -> None:
    assert any("no SOURCE given" in line for line in greeting(USUAL, [], own_secret=True))
    assert not any("no SOURCE given" in line for line in greeting(USUAL, ["notes"], own_secret=True))


def test_the_usual_ways_are_short() -> None:
    box, agents, missing, about = ways(USUAL, ["notes", "HTTPS://docs.example.org/guide/"])
    assert '<script src="http://localhost:8080/box.js" defer></script><lightship-search></lightship-search>' in box
    assert "--origins=https://docs.example.org)" in box
    assert "http://localhost:8080/mcp" in agents
    assert missing.endswith("lightship explain URL")
    assert about.endswith("http://localhost:8080/about")


def test_the_box_is_said_to_work_where_it_does() -> None:
    assert "--origins=https://www.example.org)" in ways(USUAL, ["notes"])[0]
    allowed = dataclasses.replace(USUAL, origins=("https://a.example", "https://b.example"))
    assert "the pages of https://a.example, https://b.example may use it" in ways(allowed, ["https://a.example/"])[0]


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "::1"])
def test_the_command_that_explains_finds_the_programs(host: str, tmp_path: Path) -> None:
    settings = dataclasses.replace(USUAL, host=host, port=8600, data=str(tmp_path))
    words = ways(settings, [])[2].partition("lightship explain ")[2].split()
    found, urls = parse_settings(ExplainSettings, "lightship explain", words, positional="URL")
    place = "[::1]" if host == "::1" else "127.0.0.1"
    assert (found.searchengine, found.crawler) == ((f"{place}:8600",), (f"{place}:9710",))
    assert (found.data, urls) == (str(tmp_path), ["URL"])


def test_what_could_not_be_read_is_counted_since_this_start(tmp_path: Path) -> None:
    log = tmp_path / "crawler.log"
    log.write_text("a WARNING crawler: of an earlier run\n")
    begun = log.stat().st_size
    assert failures(0, str(log), begun) == []
    with log.open("a") as file:
        file.writelines(f"now WARNING crawler: bad.jsonl line {number}: not JSON\n" for number in range(5))
    told = failures(5, str(log), begun)
    assert told[0] == f"5 lines, files or pages could not be read, 5 warnings; see {log}:"
    assert told[1:] == [f"  bad.jsonl line {number}: not JSON" for number in range(3)]
