"""What every document log must do, whatever it is made of."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from contract.doclog_backends import Backend
from contract.doclog_helpers import everything, put, tail, urls
from lightship.core.errors import InvalidDocumentError, OutOfSpaceError, TooLargeError, UnavailableError
from lightship.core.model import MAX_DOCUMENT_BYTES, PARTITIONS, Change, Document, partition_of
from lightship.doclog import Log, open_log


def test_who_hurries_is_served_all_the_same(log: Log) -> None:
    log.hurry()
    (position,) = log.put([put("https://example.org/")])
    assert [entry.url for entry in log.read(position.partition, 0)] == ["https://example.org/"]
    assert log.span(position.partition).head >= position.sequence


def test_stores_documents_whole(log: Log) -> None:
    documents = [
        Document(url="https://example.org/empty"),
        Document(
            url="https://example.org/中文?q=é#𝄞",
            title="搜索引擎 \N{ROCKET}\ufffd\u2028",
            text="a\tb\n" * 40_000,
            headings=["one", ""],
            description="d",
            language="zh",
            modified=datetime(1969, 1, 2, 3, 4, 5, 678901, tzinfo=UTC),
            fetched=datetime(9999, 12, 31, tzinfo=UTC),
            fields={"s": "x", "i": -(2**63), "f": 0.1, "b": True, "l": [1, 2.5, "y", False], "": []},
        ),
    ]
    before = time.time()
    positions = log.put([Change.put(document) for document in documents])
    for document, (partition, sequence) in zip(documents, positions, strict=True):
        (entry,) = [entry for entry in log.read(partition, 0) if entry.url == document.url]
        assert entry.document == document
        assert entry.sequence == sequence
        assert before <= entry.time <= time.time()


def test_has_64_partitions_that_urls_are_spread_over(log: Log) -> None:
    assert log.partitions == PARTITIONS == 64
    some = urls(300)
    for url, position in zip(some, log.put([put(url) for url in some]), strict=True):
        assert position.partition == partition_of(url)
        assert url in [entry.url for entry in log.read(position.partition, 0)]


def test_an_empty_put_stores_nothing(log: Log) -> None:
    assert log.put([]) == []
    assert log.span(0).head == 0


def test_an_empty_log_has_nothing_to_read(log: Log) -> None:
    assert everything(log) == []
    span = log.span(63)
    assert (span.floor, span.head) == (0, 0)
    assert span.log_id


def test_keeps_only_the_newest_change_of_a_url(log: Log) -> None:
    first, second = urls(2, partition=5)
    log.put([put(first, "old")])
    log.put([put(second)])
    log.put([put(first, "new")])
    assert [(entry.url, entry.document and entry.document.title) for entry in log.read(5, 0)] == [
        (second, ""),
        (first, "new"),
    ]


def test_a_delete_replaces_the_document_and_is_kept(log: Log) -> None:
    (url,) = urls(1)
    log.put([put(url)])
    log.put([Change.delete(url)])
    ((sequence, _, found, document),) = everything(log)
    assert (found, document) == (url, None)
    (position,) = log.put([put(url, "again")])
    assert position.sequence > sequence
    assert [entry.document for entry in everything(log)] == [Document(url=url, title="again")]


def test_the_last_of_equal_urls_in_one_put_wins(log: Log) -> None:
    first, second = urls(2)
    positions = log.put([put(first, "a"), Change.delete(second), Change.delete(first), put(second), put(first, "z")])
    stored = {entry.url: entry for entry in everything(log)}
    assert stored[first].document == Document(url=first, title="z")
    assert stored[second].document == Document(url=second)
    expected = [stored[url].sequence for url in (first, second, first, second, first)]
    assert [position.sequence for position in positions] == expected
    assert len(stored) == 2


def test_order_within_a_partition_is_that_of_the_puts(log: Log) -> None:
    some = urls(30, partition=7)
    for url in some:
        log.put([put(url)])
    for url in some[::3]:
        log.put([put(url, "moved up")])
    entries = log.read(7, 0)
    assert [entry.url for entry in entries] == [url for url in some if url not in some[::3]] + some[::3]
    sequences = [entry.sequence for entry in entries]
    assert sequences == sorted(set(sequences))
    times = [entry.time for entry in entries]
    assert times == sorted(times)


def test_time_never_goes_back_with_the_clock(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = urls(2, partition=1)
    log.put([put(first)])
    monkeypatch.setattr(time, "time", lambda: 12.0)
    log.put([put(second)])
    old, new = log.read(1, 0)
    assert new.time >= old.time > 1e9


def test_read_goes_on_after_a_sequence_across_holes(log: Log) -> None:
    some = urls(10, partition=2)
    for url in some:
        log.put([put(url)])
    entries = log.read(2, 0)
    log.put([put(some[4])])  # leaves a hole
    assert [entry.url for entry in log.read(2, entries[4].sequence)] == [*some[5:], some[4]]
    assert [entry.url for entry in log.read(2, entries[3].sequence, 2)] == some[5:7]
    assert log.read(2, log.span(2).head) == []
    assert log.read(2, log.span(2).head + 1000) == []


@pytest.mark.parametrize("limit", [1, 3, 500])
def test_read_gives_at_most_limit(log: Log, limit: int) -> None:
    some = urls(20, partition=3)
    log.put([put(url) for url in some])
    assert len(log.read(3, 0, limit)) == min(limit, 20)
    assert {entry.url for entry in tail(log, 3, limit)} == set(some)


def test_one_read_does_not_fill_the_memory(log: Log) -> None:
    some = urls(20, partition=4)
    for url in some:  # 60 MB that compress to little
        log.put([Change.put(Document(url=url, text="long " * 600_000))])
    assert 1 <= len(log.read(4, 0)) < 20
    assert [entry.url for entry in tail(log, 4)] == some


def test_a_put_of_many_changes(log: Log) -> None:
    some = urls(2500)
    positions = log.put([put(url) for url in some])
    assert {(entry.url, entry.sequence) for entry in everything(log)} == {
        (url, position.sequence) for url, position in zip(some, positions, strict=True)
    }


def test_a_document_over_the_limit_is_refused_and_nothing_of_its_put_is_kept(log: Log) -> None:
    huge = Document(url="https://example.org/huge", text="x" * MAX_DOCUMENT_BYTES)
    with pytest.raises(TooLargeError, match=rf"https://example.org/huge .*\d+ bytes.* {MAX_DOCUMENT_BYTES}"):
        log.put([put("https://example.org/small"), Change.put(huge)])
    assert everything(log) == []
    log.put([Change.put(Document(url=huge.url, text="x" * (MAX_DOCUMENT_BYTES - 100)))])
    assert len(everything(log)) == 1


def test_what_can_not_be_stored_is_refused(log: Log) -> None:
    with pytest.raises(InvalidDocumentError, match=r"example\.org/bad"):
        log.put([put("https://example.org/bad", "\ud800")])
    with pytest.raises(InvalidDocumentError):
        log.put([Change.delete("https://example.org/\udfff")])
    assert everything(log) == []


def test_a_log_keeps_its_identity_and_content(log: Log, url: str) -> None:
    log.put([put("https://example.org/")])
    kept, span = everything(log), log.span(0)
    log.close()
    again = open_log(url)
    assert (everything(again), again.span(0)) == (kept, span)
    again.close()


def test_another_log_has_another_id(log: Log, backend: Backend, tmp_path: Path) -> None:
    other = open_log(backend.url(tmp_path / "other"))
    assert other.span(0).log_id != log.span(0).log_id
    other.close()


def test_sequences_are_never_given_out_twice(log: Log, url: str) -> None:
    gone, last = urls(2, partition=6)
    log.put([Change.delete(gone)])
    (position,) = log.put([Change.delete(last)])
    log.prune(6, position.sequence)
    log.close()
    again = open_log(url)
    assert again.span(6).head == position.sequence
    assert again.put([put(gone)])[0].sequence > position.sequence
    again.close()


def test_prune_forgets_deletes_and_raises_the_floor(log: Log) -> None:
    one, two, three, four = urls(4, partition=8)
    log.put([put(one)])
    log.put([Change.delete(two)])
    (middle,) = log.put([Change.delete(three)])
    log.put([Change.delete(four)])
    log.put([put(one, "newest")])
    assert log.prune(8, middle.sequence) == 2
    assert [entry.url for entry in log.read(8, 0)] == [four, one]
    assert log.span(8).floor == middle.sequence
    assert log.prune(8, middle.sequence - 1) == 0
    assert log.span(8).floor == middle.sequence  # never lowered
    assert log.span(9).floor == 0


def test_a_reader_that_read_everything_is_never_below_the_floor(log: Log) -> None:
    one, two = urls(2, partition=10)
    log.put([put(one)])
    log.put([Change.delete(one)])
    (newest,) = log.put([Change.delete(two)])
    log.put([put(url) for url in urls(5, partition=11)])  # moves the head on
    assert log.prune(10, log.span(10).head + 99) == 1
    assert log.read(10, 0)[-1].sequence == newest.sequence >= log.span(10).floor
    assert log.prune(12, 99) == 0
    assert log.span(12).floor == 0


def test_a_full_disk_refuses_puts_and_keeps_what_it_has(backend: Backend, tmp_path: Path) -> None:
    kept: dict[str, int] = {}

    def put_noise(log: Log) -> None:
        url, noise = f"https://example.org/{len(kept)}", random.Random(len(kept)).randbytes(5000).hex()
        (position,) = log.put([Change.put(Document(url=url, text=noise))])
        kept[url] = position.sequence

    with backend.small(tmp_path) as (log, grow):
        with pytest.raises(OutOfSpaceError, match=r"no (?:space left|room) .* free some disk space"):
            for _ in range(10_000):
                put_noise(log)
        assert len(kept) > 5
        assert {entry.url: entry.sequence for entry in everything(log)} == kept
        grow()
        put_noise(log)
        assert {entry.url: entry.sequence for entry in everything(log)} == kept


def test_a_closed_log_says_so(log: Log) -> None:
    log.put([put("https://example.org/")])
    log.close()
    log.close()
    for use in (lambda: log.read(0, 0), lambda: log.put([put("https://example.org/")]), lambda: log.wait(0)):
        with pytest.raises(UnavailableError, match="closed"):
            use()
