"""`lightship watch` prints or posts each event once, from one replica or the next, and goes on after a restart."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from lightship.cli.watching import stream as watching
from lightship.cli.watching import watch as module
from lightship.cli.watching.stream import Event
from lightship.cli.watching.watch import watch
from lightship.core.errors import ConfigurationError, InvalidInputError
from made import page, served
from support import free_port
from watched import LoggedShard


def taking(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the command end after `count` events."""

    def some(*given: object) -> Iterator[Event]:
        events = watching.watch(*given)  # type: ignore[arg-type]
        shown = 0
        for event in events:
            yield event
            shown += event.kind != watching.PASSED
            if shown == count:
                return

    monkeypatch.setattr(module, "follow", some)


def test_it_goes_on_where_it_was_and_at_another_replica(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made = LoggedShard(tmp_path / "shard")
    made.put(page(1, "a lamp"))
    with served(tmp_path / "se") as caller:
        caller.push(made)
        dead, name = f"localhost:{free_port()}", f"localhost:{caller.port}"
        arguments = [
            "lighthouse",
            f"-searchengine={dead},{name}",
            f"-data={tmp_path}",
            f"-state={tmp_path / 'state.json'}",
        ]
        state = tmp_path / "state.json"
        for first in (10, 20):
            taking(2, monkeypatch)
            running = threading.Thread(target=watch, args=(arguments,))
            if first == 20:  # happened before it is started again
                made.put(page(first, "a lighthouse"), page(first + 1, "a lighthouse"))
                caller.push(made)
            running.start()
            if first == 10:
                for _ in itertools.takewhile(
                    lambda _: not (state.exists() and json.loads(state.read_text())["last"]), itertools.count()
                ):
                    running.join(0.05)
                made.put(page(first, "a lighthouse"), page(first + 1, "a lighthouse"))
                caller.push(made)
            running.join(20)
            assert not running.is_alive()
            lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
            assert {(line["type"], line["data"]["url"]) for line in lines} == {
                ("added", f"https://example.org/{number}") for number in (first, first + 1)
            }
        assert state.stat().st_mode & 0o777 == 0o600


def test_it_says_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="what to watch for"):
        watch([f"-data={tmp_path}"])
    with served(tmp_path / "se") as caller:
        caller.push(LoggedShard(tmp_path / "shard"))
        with pytest.raises(InvalidInputError, match="nothing"):
            watch(["lamp", "-filter=f.nothing=1", f"-data={tmp_path}", f"-searchengine=localhost:{caller.port}"])
    (tmp_path / "broken").write_text("{")
    with pytest.raises(ConfigurationError, match="broken"):
        watch(["lamp", f"-state={tmp_path / 'broken'}"])
