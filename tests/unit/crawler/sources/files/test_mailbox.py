"""Each message of a mailbox is a document."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from lightship.crawler.output.records import Record
from lightship.crawler.sources.files.mailbox import read_mailbox
from lightship.crawler.sources.names import Kind, parse_source
from mockweb.feeding import Feed

FIRST = b"From a@b Sat Feb  3 04:05:06 2024\nMessage-ID: <1@b>\nSubject: One\nFrom: A <a@b>\n\nText.\n\n>From the start.\nFrom here\n\n"
SECOND = b"From c@d Sat Feb  3 04:05:06 2024\r\nSubject: Two\r\n\r\nMore.\r\n"


def problems(path: Path, max_bytes: int = 1 << 20) -> list[str]:
    found = read_mailbox(str(path), lambda task, body: task.run(body), max_bytes)
    return [f"{place}: {each}" for place, each in found if not isinstance(each, Record)]


@pytest.mark.parametrize("name", ["m.mbox", "m.mbox.gz"])
def test_each_message_is_a_document(feed: Feed, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    body = FIRST + SECOND
    path.write_bytes(gzip.compress(body) if name.endswith("gz") else body)
    assert parse_source(str(path)).kind is Kind.MAILBOX
    with feed.running(path):
        first, second = sorted(feed.documents().values(), key=lambda each: each.title)
    assert (first.url, first.title, first.type) == (f"{path.as_uri()}#1@b", "One", "mail")
    assert (first.text, first.fields["author"]) == ("Text.\n\nFrom the start. From here", "A")
    assert (second.title, second.text) == ("Two", "More.")
    path.write_bytes(gzip.compress(FIRST) if name.endswith("gz") else FIRST)
    with feed.running(path):
        assert [each.title for each in feed.documents().values()] == ["One"]


def test_a_bad_message_does_not_affect_the_others(tmp_path: Path) -> None:
    path = tmp_path / "m.mbox"
    path.write_bytes(b"From x\nno header\n\n" + FIRST + SECOND.replace(b"More.", b"x" * 5000))
    said = problems(path, 1000)
    assert [each.partition(":")[0] for each in said] == ["message 1", "message 3"]
    assert "not a message" in said[0]
    assert "-max-bytes=1000" in said[1]


def test_what_is_no_mailbox_is_one_error(tmp_path: Path) -> None:
    path = tmp_path / "m.mbox"
    path.write_bytes(b"\0\n" * 100_000)
    assert len(problems(path)) == 1
    path.write_bytes(b"")
    assert problems(path) == []
