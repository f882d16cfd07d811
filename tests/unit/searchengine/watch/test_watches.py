"""Who watches a search is told once of each page that appears, changes or goes, also after coming back elsewhere."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lightship.config import SearchengineSettings
from lightship.rpc import recent
from made import Caller, page, served
from support import wait_until
from watched import LoggedShard, Watching

Watch = Callable[..., Watching]


@pytest.fixture
def made(tmp_path: Path) -> LoggedShard:
    made = LoggedShard(tmp_path / "shard", fields="team:keyword")
    made.put(*(page(number, f"lamp number {number}", fields={"team": "red"}) for number in range(1, 20)))
    return made


@pytest.fixture
def caller(tmp_path: Path, made: LoggedShard) -> Iterator[Caller]:
    with served(tmp_path / "se") as caller:
        caller.push(made)
        yield caller


@pytest.fixture
def watch() -> Iterator[Watch]:
    with contextlib.ExitStack() as opened:
        yield lambda *given, **more: opened.enter_context(contextlib.closing(Watching(*given, **more)))


def test_a_page_is_told_of_when_it_appears_changes_and_goes(caller: Caller, made: LoggedShard, watch: Watch) -> None:
    watching = watch(caller, "lighthouse")
    assert watching.response.headers["content-type"].startswith("text/event-stream")
    made.put(page(30, "a lighthouse", title="Tower"), page(31, "nothing of it"))
    caller.push(made)
    event = watching.next()
    assert (event.kind, event.url, event.data["title"]) == ("added", "https://example.org/30", "Tower")
    assert event.data["snippet"] == "a <mark>lighthouse</mark>"
    made.put(page(31, "now a lighthouse"), page(30, "a lighthouse", title="Tower"))  # the latter is not changed
    caller.push(made)
    made.put(page(30, "another lighthouse"))
    caller.push(made)
    assert sorted(watching.take(2)) == [("added", "31"), ("changed", "30")]
    made.put(page(31, "no more"))
    caller.push(made)
    made.delete("https://example.org/30")
    caller.push(made)
    assert sorted(watching.take(2)) == [("gone", "30"), ("gone", "31")]


def test_who_comes_back_is_told_what_happened_since_the_last_event_id(
    caller: Caller, made: LoggedShard, tmp_path: Path, watch: Watch
) -> None:
    with served(tmp_path / "other") as other:
        other.push(made)
        watching, there = watch(caller, "lighthouse"), watch(other, "lighthouse")
        made.put(page(1, "a lighthouse"), page(2, "a lighthouse"), page(3, "a lighthouse"))
        for each in (other, caller):
            each.push(made)
        for one in (there, watching):  # what changes again before `other` looks is announced once
            assert sorted(one.take(3)) == [("added", "1"), ("added", "2"), ("added", "3")]
            one.close()
        made.put(page(4, "a lighthouse"), page(2, "a brighter lighthouse"), page(3, "dark"), page(5, "also dark"))
        made.delete("https://example.org/1")
        other.push(made)
        back = watch(other, "lighthouse", watching.last)
        assert sorted(back.take(4)) == [("added", "4"), ("changed", "2"), ("gone", "1"), ("gone", "3")]
        made.put(page(6, "a lighthouse"))
        other.push(made)
        assert back.take(1) == [("added", "6")]


def test_each_event_id_is_one_to_go_on_from(caller: Caller, made: LoggedShard, watch: Watch) -> None:
    watching = watch(caller, "lighthouse")
    made.put(*(page(number, "a lighthouse") for number in range(100, 120)))
    caller.push(made)
    events = [watching.next() for _ in range(20)]
    for number in (0, 7, 18):
        back = watch(caller, "lighthouse", events[number].id)
        assert [back.next().url for _ in events[number + 1 :]] == [event.url for event in events[number + 1 :]]


def test_a_replica_that_is_behind_waits_until_it_has_caught_up(
    caller: Caller, made: LoggedShard, tmp_path: Path, watch: Watch
) -> None:
    with served(tmp_path / "other") as other:
        other.push(made)
        watching = watch(caller, "lighthouse")
        made.put(page(1, "a lighthouse"))
        caller.push(made)
        assert watching.take(1) == [("added", "1")]
        watching.close()
        late = threading.Timer(0.5, other.push, (made,))
        late.start()
        back = watch(other, "lighthouse", watching.last)
        late.join()
        made.put(page(2, "a lighthouse"))
        other.push(made)
        assert back.take(1) == [("added", "2")]


@pytest.mark.parametrize("position", ["00000000-1.1", "FORGOTTEN"])
def test_what_is_not_known_any_more_is_said(caller: Caller, made: LoggedShard, position: str, watch: Watch) -> None:
    if position == "FORGOTTEN":
        watching = watch(caller, "lighthouse")
        made.put(*(page(number) for number in range(1000, 1000 + recent.MOST + 1)))
        caller.push(made)
        position = watching.last
        assert watching.next().kind == "missed"
        watching.close()
    back = watch(caller, "lighthouse", position)
    assert back.next().kind == "missed"
    made.put(page(1, "a lighthouse"))
    caller.push(made)
    assert back.take(1) == [("added", "1")]


def test_a_watch_has_the_filters_of_a_search(caller: Caller, made: LoggedShard, watch: Watch) -> None:
    watching = watch(caller, "lighthouse", **{"f.team": "red"})
    made.put(page(1, "a lighthouse", fields={"team": "blue"}), page(2, "a lighthouse", fields={"team": "red"}))
    caller.push(made)
    assert watching.take(1) == [("added", "2")]
    made.put(page(2, "a lighthouse", fields={"team": "blue"}))
    caller.push(made)
    assert watching.take(1) == [("gone", "2")]


@pytest.mark.parametrize(
    ("target", "status"),
    [("/watch", 400), ("/watch?q=", 400), ("/watch?q=a&f.nothing=1", 400), ("/watch?q=a&since=never", 400)],
)
def test_what_cannot_be_watched_is_refused(caller: Caller, target: str, status: int) -> None:
    assert caller.get(target).status == status


def test_no_more_than_the_limit_may_watch(tmp_path: Path, made: LoggedShard, watch: Watch) -> None:
    with served(tmp_path / "few", settings=SearchengineSettings(watchers=1)) as caller:
        caller.push(made)
        watching = watch(caller, "lighthouse")
        assert caller.get("/watch?q=lamp").status == 503
        watching.close()
        made.put(page(1, "a lighthouse"))
        caller.push(made)
        wait_until(lambda: watch(caller, "lamp").response.status == 200, 20, "there is room again")
