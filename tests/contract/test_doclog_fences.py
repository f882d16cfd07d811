"""What a document log promises of changes that come late: they never undo what was acknowledged since."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from contract.doclog_helpers import everything, put, urls
from lightship.core.errors import OvertakenError
from lightship.core.model import Change, Document
from lightship.doclog import Log, open_log
from lightship.doclog.protocol import fence


@pytest.fixture
def other(log: Log, url: str) -> Iterator[Log]:
    """Open the log once more, as another program would."""
    opened = open_log(url)
    yield opened
    opened.close()


def titles(log: Log) -> dict[str, str | None]:
    return {entry.url: title_of(entry.document) for entry in everything(log)}


def title_of(document: Document | None) -> str | None:
    return document.title if document else None


def is_there(log: Log, url: str, title: str | None) -> None:
    assert titles(log)[url] == title


OLD = [Change.put(Document(url="https://example.org/0", title="old")), Change.delete("https://example.org/0")]
NEW = [Change.put(Document(url="https://example.org/0", title="new")), Change.delete("https://example.org/0")]


@pytest.mark.parametrize("before", [None, "before"])
@pytest.mark.parametrize("late", OLD, ids=["put", "delete"])
@pytest.mark.parametrize("newer", NEW, ids=["put", "delete"])
def test_a_late_change_never_undoes_a_newer_one(
    log: Log, other: Log, before: str | None, late: Change, newer: Change
) -> None:
    if before:
        log.put([put(late.url, before)])
    arrived = log.fence()
    (position,) = other.put([newer])
    with pytest.raises(OvertakenError, match="overtaken by a newer change"):
        log.put([late], [arrived])
    assert [entry.sequence for entry in everything(log)] == [position.sequence]
    is_there(log, late.url, title_of(newer.document))


def test_a_change_replaces_what_was_there_when_it_arrived_however_late_it_is(log: Log, other: Log) -> None:
    one, two = urls(2, partition=3)
    log.put([put(one, "before"), Change.delete(two)])
    arrived = log.fence()
    other.put([put("https://example.org/something/else")])
    positions = log.put([Change.delete(one), put(two, "after")], [arrived, arrived])
    assert [entry.sequence for entry in log.read(3, 0)] == [position.sequence for position in positions]
    assert [title_of(entry.document) for entry in log.read(3, 0)] == [None, "after"]


def test_what_is_not_overtaken_is_stored_and_told(log: Log, other: Log) -> None:
    some = urls(40)
    arrived = log.fence()
    other.put([put(url, "new") for url in some[::2]])
    with pytest.raises(OvertakenError) as raised:
        log.put([put(url, "old") for url in some], [arrived] * 40)
    assert raised.value.urls == set(some[::2])
    assert raised.value.stored.keys() == set(some[1::2])
    assert titles(log) == {url: "new" if url in some[::2] else "old" for url in some}
    stored = {entry.url: entry.sequence for entry in everything(log)}
    assert {url: position.sequence for url, position in raised.value.stored.items()} == {
        url: stored[url] for url in some[1::2]
    }


def test_each_change_has_its_own_fence(log: Log, other: Log) -> None:
    one, two = urls(2)
    early = log.fence()
    other.put([put(one, "new"), put(two, "new")])
    with pytest.raises(OvertakenError):
        log.put([put(one, "late")], [early])  # from here on the log has heard of what was put
    with pytest.raises(OvertakenError) as raised:
        log.put([put(one, "late"), put(two, "late")], [early, early])
    assert raised.value.urls == {one, two}
    log.put([put(one, "newest")], [log.fence()])
    with pytest.raises(OvertakenError) as raised:
        log.put([put(one, "newest of all"), put(two, "late")], [log.fence(), early])
    assert raised.value.urls == {two}
    assert titles(log) == {one: "newest of all", two: "new"}


def test_a_closed_fence_lets_nothing_through(log: Log) -> None:
    (url,) = urls(1)
    arrived = log.fence()
    arrived.close()
    with pytest.raises(OvertakenError):
        log.put([put(url)], [arrived])
    assert everything(log) == []


def test_of_two_that_put_without_fences_the_later_one_wins(log: Log, other: Log) -> None:
    (url,) = urls(1)
    for number in range(10):
        log.put([put(url, f"one {number}")])
        other.put([put(url, f"two {number}")])
    is_there(log, url, "two 9")


def test_who_puts_for_long_is_overtaken_without_a_fence_too(
    log: Log, other: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    (url,) = urls(1)
    monkeypatch.setattr(fence, "FRESH_SECONDS", -1.0)
    newer = list[object]()

    def heads() -> list[int]:
        found: list[int] = true_heads()
        newer.extend(other.put([put(url, "new")]) if not newer else [])
        return found

    held = log._reader if hasattr(log, "_reader") else log
    name = "heads" if hasattr(held, "heads") else "_heads"
    true_heads = getattr(held, name)
    monkeypatch.setattr(held, name, heads)
    with pytest.raises(OvertakenError):
        log.put([put(url, "old")])
    is_there(log, url, "new")


def test_what_was_pruned_may_be_put_again(log: Log) -> None:
    one, two = urls(2, partition=4)
    log.put([Change.delete(one)])
    (position,) = log.put([put(two)])
    assert log.prune(4, position.sequence) == 1
    log.put([put(one, "again")])
    assert [entry.url for entry in log.read(4, 0)] == [two, one]


def test_a_writer_heeds_what_it_stored_itself(log: Log) -> None:
    (url,) = urls(1)
    log.put([put(url, "before")])
    arrived = log.fence()
    log.put([put(url, "new")])
    with pytest.raises(OvertakenError):
        log.put([put(url, "late")], [arrived])
    is_there(log, url, "new")
