"""A crawler that dies between writing the log and its own store: the log converges to the source."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence

import pytest

from lightship.config import SourceRules
from lightship.core.errors import LightshipError
from lightship.core.model import Change, Document
from lightship.crawler.output.append import Appender
from lightship.crawler.output.records import Record, Records
from lightship.crawler.state.progress import activate, read_progress
from lightship.crawler.state.store import open_store
from mockweb.crawling import entries
from mockweb.feeding import Feed


class Killed(BaseException):
    """The process ends here."""


class Life:
    """One run of the crawler, on the same store and log; with `dies`, it ends right after the log has a change."""

    def __init__(self, feed: Feed, *, dies: bool = False, rules: SourceRules | None = None) -> None:
        self.database = open_store(feed.data)
        activate(self.database, ["source"])
        appender = Appender(feed.log, threading.Event())
        if dies:
            real = appender.put

            def put(changes: Sequence[Change]) -> dict[str, LightshipError]:
                refused = real(changes)
                if changes:
                    raise Killed
                return refused

            appender.put = put  # type: ignore[method-assign]
        self.records = Records(self.database, appender, "source", rules)

    def read(self, texts: dict[str, str]) -> None:
        """Read a whole source with these documents."""
        self.records.begin_pass()
        for name, text in texts.items():
            document = Document(url=f"https://example.org/{name}", text=text)
            self.records.add(Record(document, text.encode()))
        self.records.end_pass("stamp", 0)


@pytest.fixture
def lives(feed: Feed) -> Iterator[list[Life]]:
    made: list[Life] = []
    yield made
    for life in made:
        life.database.close()


@pytest.mark.parametrize(
    ("before", "while_dying", "after"),
    [
        ({"a": "1"}, {"a": "1", "b": "1"}, {"a": "1"}),  # put, not remembered, and gone from the source
        ({"a": "1"}, {"a": "2"}, {"a": "1"}),  # changed, and changed back
        ({"a": "1", "b": "1"}, {"a": "1"}, {"a": "1", "b": "1"}),  # deleted, and there again
        ({"a": "1"}, {"a": "2", "b": "1"}, {"a": "3"}),
    ],
)
def test_what_the_log_got_is_not_forgotten(
    feed: Feed, lives: list[Life], before: dict[str, str], while_dying: dict[str, str], after: dict[str, str]
) -> None:
    lives.append(Life(feed))
    lives[-1].read(before)
    lives.append(Life(feed, dies=True))
    with pytest.raises(Killed):
        lives[-1].read(while_dying)
    lives.append(Life(feed))
    lives[-1].read(after)
    assert {name: document.text for name, document in feed.documents().items()} == after
    assert read_progress(feed.data).found == len(after)


def test_what_is_doubtful_is_read_again_though_its_file_did_not_change(feed: Feed, lives: list[Life]) -> None:
    """A folder reads only files with a changed stamp, but whether the log has a doubtful one is unknown."""
    kept, put = (Record(Document(url=f"https://example.org/{n}", text=n), n.encode(), "stamp") for n in ("kept", "put"))
    lives.append(Life(feed))
    lives[-1].records.add(kept)
    lives[-1].records.flush()
    assert lives[-1].records.stamps() == {kept.document.url: "stamp"}
    lives.append(Life(feed, dies=True))
    with pytest.raises(Killed):
        lives[-1].records.add(put)  # the first one is written at once
    with pytest.raises(Killed):
        lives[-1].records.delete([kept.document.url])
    lives.append(Life(feed))
    assert lives[-1].records.stamps() == {kept.document.url: None, put.document.url: None}


def test_a_document_of_unknown_language_gets_that_of_its_site(feed: Feed) -> None:
    known = [Change.put(Document(url=f"https://example.org/{number}", language="fi")) for number in range(9)]
    appender = Appender(feed.log, threading.Event())
    assert appender.put([*known, Change.put(Document(url="https://example.org/short", title="Vuokatti"))]) == {}
    entries = [entry for partition in range(feed.log.partitions) for entry in feed.log.read(partition, 0, 100)]
    assert [entry.document.language for entry in entries if entry.document] == ["fi"] * 10


def test_language_and_fields_of_a_rule_are_set_and_changed_at_once(feed: Feed, lives: list[Life]) -> None:
    texts = {"a": "text of a", "b": "text of b"}
    for rules, language, fields in (
        (None, None, {}),
        (SourceRules("source", language="de", fields={"part": "x"}), "de", {"part": "x"}),
        (SourceRules("source", language="de", fields={"part": "y"}), "de", {"part": "y"}),
        (None, None, {}),
    ):
        lives.append(Life(feed, rules=rules))
        assert (
            lives[-1].records.stamp is None
        )  # the source is read again, whatever its stamp, and so is each entry of it
        assert not {None, "stamp of a"} & set(lives[-1].records.stamps().values())
        lives[-1].read(texts)
        documents = [entry.document for entry in entries(feed.log).values() if entry.document]
        assert [(each.language, each.fields) for each in documents] == [(language, fields)] * 2
    lives.append(Life(feed))
    assert lives[-1].records.stamp == "stamp"
