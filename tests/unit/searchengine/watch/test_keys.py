"""Who watches with a key is told of what the key lets its holder see, and of nothing else."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lightship.config import SearchengineSettings
from lightship.http.keys.key import Key, sign, signing_keys
from made import Caller, page, served
from watched import LoggedShard, Watching

SECRET = "0123456789abcdef" * 2
FILTER = "f.team=red"


def key(**more: object) -> str:
    return sign(Key(**{"right": "search", "name": "watcher", "filter": FILTER, **more}), signing_keys([SECRET])[0])  # type: ignore[arg-type]


@pytest.fixture
def made(tmp_path: Path) -> LoggedShard:
    made = LoggedShard(tmp_path / "shard", fields="team:keyword")
    made.put(*(page(number, "lamp", fields={"team": "red"}) for number in range(1, 20)))
    return made


@pytest.fixture
def caller(tmp_path: Path, made: LoggedShard) -> Iterator[Caller]:
    with served(tmp_path / "se", SECRET, settings=SearchengineSettings(closed=True)) as caller:
        caller.push(made)
        yield caller


def push(caller: Caller, made: LoggedShard) -> None:
    caller.token, before = SECRET, caller.token
    caller.push(made)
    caller.token = before


def test_only_what_the_key_sees_is_told(caller: Caller, made: LoggedShard) -> None:
    caller.token = ""
    with contextlib.closing(Watching(caller, "lighthouse", key=key())) as watching:
        made.put(*(page(number, "a lighthouse", fields={"team": "blue"}) for number in (30, 31, 32)))
        push(caller, made)
        made.put(page(40, "a lighthouse", fields={"team": "red"}))
        push(caller, made)
        assert watching.take(1) == [("added", "40")]
        made.put(page(40, "a lighthouse", fields={"team": "blue"}), page(41, "a lighthouse", fields={"team": "red"}))
        push(caller, made)
        assert sorted(watching.take(2)) == [("added", "41"), ("gone", "40")]
        last = watching.last
    made.put(page(33, "a lighthouse", fields={"team": "blue"}), page(42, "a lighthouse", fields={"team": "red"}))
    push(caller, made)
    with contextlib.closing(Watching(caller, "lighthouse", last, key=key())) as back:
        assert back.take(1) == [("added", "42")]


def test_a_closed_searchengine_asks_watchers_for_a_key(caller: Caller) -> None:
    caller.token = ""
    for refused in ("", key(expires=int(time.time()) - 1), key() + "x"):
        more = {"key": refused} if refused else {}
        with contextlib.closing(Watching(caller, "lighthouse", **more)) as watching:
            assert watching.response.status == 401


def test_a_key_whose_filter_the_index_does_not_know_is_refused(caller: Caller) -> None:
    caller.token = ""
    with contextlib.closing(Watching(caller, "lighthouse", key=key(filter="f.nothing=1"))) as watching:
        assert watching.response.status == 403
