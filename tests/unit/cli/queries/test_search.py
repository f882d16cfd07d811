from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from lightship.cli.queries.search import lines_of, search
from lightship.core.errors import ConfigurationError, UnavailableError
from lightship.core.model import Document
from lightship.searchengine.search.api import Answer
from made import Caller, MadeShard, served
from support import free_port, wait_until

ESCAPE = "\x1b]0;owned\x07"
PAGES = (
    Document(url="https://example.org/lamp", title="A lamp", text="Before it is dark, the lamp & its <oil> are looked at. " * 3),
    Document(url="https://example.org/bad", title=f"Odd{ESCAPE}", text=f"lighthouse {ESCAPE} lighthouse"),
)  # fmt: skip


@pytest.fixture(scope="module")
def caller(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caller]:
    folder = tmp_path_factory.mktemp("searched")
    with served(folder / "se") as caller:
        caller.push(MadeShard(folder / "shard").put(*PAGES))
        yield caller


@pytest.fixture
def there(caller: Caller, tmp_path: Path) -> list[str]:
    return [f"-searchengine=127.0.0.1:{caller.port}", f"-data={tmp_path}"]


def test_results_are_printed_with_their_urls(there: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    search([*there, "lamp", "oil"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == [" 1. A lamp", "    https://example.org/lamp"]
    assert "the lamp & its <oil> are looked at" in " ".join(line.strip() for line in lines[2:])
    assert lines[-1].startswith("1 result, ")
    assert max(map(len, lines)) <= 100


def test_no_command_of_a_document_reaches_the_terminal(there: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    search([*there, "lighthouse"])
    shown = capsys.readouterr().out
    assert "https://example.org/bad" in shown
    assert {each for each in shown if not each.isprintable()} == {"\n"}


def test_a_terminal_is_shown_links_and_what_was_found(caller: Caller) -> None:
    answer = msgspec.convert(caller.get("/search?q=lamp&format=json").json, Answer)
    shown = "\n".join(lines_of(answer, 40, styled=True))
    assert "\x1b]8;;https://example.org/lamp\x1b\\" in shown
    assert shown.count("\x1b[1mlamp\x1b[0m") == shown.count("lamp") - 3 > 0  # the title, and the url twice
    for line in shown.split("\n"):
        assert line.count("\x1b[1m") + line.count("\x1b[2m") == line.count("\x1b[0m")


def test_a_mark_goes_on_in_the_next_line(caller: Caller) -> None:
    answer = msgspec.convert(caller.get("/search?q=%22dark+the+lamp+its+oil+are+looked%22&format=json").json, Answer)
    lines = [line for line in lines_of(answer, 24, styled=True) if "\x1b[1m" in line]
    assert len(lines) > 2
    assert all(line.count("\x1b[1m") == line.count("\x1b[0m") for line in lines)


def test_corrections_are_told_and_can_be_left_out(
    caller: Caller, there: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    wait_until(
        lambda: caller.get("/search?q=lightouse&format=json").json["corrected"], 20, "the words that documents have"
    )
    search([*there, "lightouse"])
    assert "Showing results for lighthouse; -exact searches for lightouse alone" in capsys.readouterr().out
    search([*there, "-exact", "lightouse"])
    assert capsys.readouterr().out.startswith("0 results, ")


def test_json_is_the_answer(there: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    search([*there, "-json", "-size=1", "-page=2", "-sort=-length", "lamp", "OR", "lighthouse"])
    found = json.loads(capsys.readouterr().out)
    assert [hit["url"] for hit in found["hits"]] == ["https://example.org/bad"]
    assert (found["total"], found["page"], found["size"]) == (2, 2, 1)


def test_words_that_begin_with_a_dash_come_after_two(there: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    search([*there, "--", "lamp", "-oil"])
    assert capsys.readouterr().out.startswith("0 results, ")
    with pytest.raises(ConfigurationError, match="unrecognized arguments: -oil"):
        search([*there, "lamp", "-oil"])


def test_what_is_wrong_is_told(there: list[str]) -> None:
    with pytest.raises(UnavailableError, match="sort"):
        search([*there, "-sort=prize", "lamp"])
    silent = f"127.0.0.1:{free_port()}"
    with pytest.raises(UnavailableError, match=f"no answer from {silent}: .*refused"):
        search([f"-searchengine={silent}", "lamp"])
