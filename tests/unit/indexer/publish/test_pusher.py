"""Pushing to real searchengines, and to other servers."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lightship.core.errors import SupersededError, UnavailableError
from lightship.core.manifest import File, Manifest
from lightship.indexer.publish import peer_fanout
from lightship.indexer.publish import pusher as module
from lightship.indexer.publish.metrics import render_metrics
from lightship.indexer.publish.pusher import Pusher
from lightship.rpc.client import RpcClient
from made import Caller, MadeShard, page, served
from support import free_port, wait_until


@pytest.fixture
def made(tmp_path: Path) -> MadeShard:
    return MadeShard(tmp_path / "shard").put(page(1))


def unexpected(error: SupersededError) -> None:
    pytest.fail(str(error))


@contextlib.contextmanager
def pushing(
    made: MadeShard, *ports: int, token: str = "", superseded: Callable[[SupersededError], None] = unexpected
) -> Iterator[Pusher]:
    names = [f"127.0.0.1:{port}" for port in ports]
    pusher = Pusher(names, str(made.published), token, superseded=superseded)
    try:
        yield pusher
    finally:
        pusher.close()


def serves(caller: Caller, *numbers: int) -> None:
    """Wait until exactly these pages are found."""
    expected = {page(number).url for number in numbers}
    wait_until(lambda: caller.get("/readyz").status == 200 and set(caller.found("page")) == expected, 30, f"{expected}")


@contextlib.contextmanager
def silent() -> Iterator[int]:
    """Yield the port of a server that accepts and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=100) as listener:
        yield listener.getsockname()[1]


@contextlib.contextmanager
def answering(reply: bytes) -> Iterator[int]:
    """Yield the port of a server that answers every request with `reply`."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(65536)
            self.request.sendall(reply)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def test_every_searchengine_gets_every_generation_and_a_restarted_one_too(made: MadeShard, tmp_path: Path) -> None:
    with served(tmp_path / "a") as first, served(tmp_path / "b") as second, pushing(made, first.port, second.port) as p:
        for number in (2, 3):
            p.offer(made.put(page(number)).manifest())
            for caller in (first, second):
                serves(caller, *range(1, number + 1))


def test_one_that_comes_later_is_reached_without_another_offer(made: MadeShard, tmp_path: Path) -> None:
    port = free_port()
    with pushing(made, port) as pusher:
        pusher.offer(made.manifest())
        once = f'lightship_push_failures_total{{searchengine="http://127.0.0.1:{port}"}} 1.0'
        wait_until(lambda: once in render_metrics()[0].decode(), 30, "tried while nobody listens")
        with served(tmp_path / "late", port=port) as caller:
            serves(caller, 1)


def test_when_one_file_fails_no_other_goes_on_beside_the_next_try(
    made: MadeShard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = made.manifest()
    running: list[str] = []
    most, tries = 0, 0

    async def put_file(_: RpcClient, __: Manifest, file: File, *___: object) -> None:
        nonlocal most, tries
        running.append(file.name)
        most = max(most, len(running))
        try:
            if file.name != min(manifest.files):
                await asyncio.Event().wait()
            tries += 1
            raise UnavailableError("not this one")
        finally:
            running.remove(file.name)

    monkeypatch.setattr(RpcClient, "put_file", put_file)
    with served(tmp_path / "picky") as caller, pushing(made, caller.port) as pusher:

        def tried() -> bool:
            pusher.offer(manifest)
            return tries > 2

        wait_until(tried, 30, "three tries")
    assert len(manifest.files) > module.FILES_AT_ONCE >= most
    assert not running


def unsettled(pusher: Pusher) -> list[str]:
    return [address for address, each in pusher._replicas.items() if not each.settled.is_set()]


def test_one_that_never_answers_delays_no_other(made: MadeShard, tmp_path: Path) -> None:
    with silent() as dead, served(tmp_path / "alive") as caller, pushing(made, dead, caller.port) as pusher:
        for number in (2, 3, 4):
            pusher.offer(made.put(page(number)).manifest())
            serves(caller, *range(1, number + 1))
        wait_until(lambda: unsettled(pusher) == [f"http://127.0.0.1:{dead}"], 30, "the living one settled")


def test_closing_waits_for_a_dead_one_only_so_long(made: MadeShard) -> None:
    with silent() as dead:
        pusher = Pusher([f"127.0.0.1:{dead}"], str(made.published), "", superseded=unexpected)
        pusher.offer(made.manifest())
        wait_until(lambda: pusher._replicas, 30, "it is found")
        started = time.monotonic()
        pusher.close(flush_seconds=0.2)
        assert time.monotonic() - started < 30  # it would be for ever


@pytest.mark.parametrize("attempt", range(5))
def test_closing_at_once_ends(made: MadeShard, attempt: int) -> None:
    Pusher(["127.0.0.1:1"], str(made.published), "", superseded=unexpected).close()


@pytest.mark.parametrize(
    "reply",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n<html></html",
        b'HTTP/1.1 202 Accepted\r\nContent-Length: 22\r\n\r\n{"files":["nonsense"]}',
        b"HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\n\xff\xfe",
        b"HTTP/1.1 500 Oops\r\nContent-Length: 4\r\n\r\n\xff\xfe\xff\xfe",
        b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n",
        b"\x16\x03\x01 not HTTP",
        b"",
    ],
)  # fmt: skip
def test_one_that_answers_nonsense_is_tried_again_and_harms_no_other(
    made: MadeShard, tmp_path: Path, reply: bytes
) -> None:
    with answering(reply) as odd, served(tmp_path / "good") as caller, pushing(made, odd, caller.port) as pusher:
        pusher.offer(made.put(page(2)).manifest())
        serves(caller, 1, 2)
        assert set(pusher._replicas) == {f"http://127.0.0.1:{port}" for port in (odd, caller.port)}
        replica = pusher._replicas[f"http://127.0.0.1:{odd}"]
        wait_until(replica.settled.is_set, 30, "the odd one was tried")
        pusher.offer(made.put(page(3)).manifest())
        serves(caller, 1, 2, 3)
        wait_until(lambda: replica.settled.is_set() and not replica.changed.is_set(), 30, "and tried again")


def test_of_several_generations_that_wait_only_the_newest_is_sent(
    made: MadeShard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offered: list[int] = []
    real, free = RpcClient.put_manifest, threading.Event()

    async def put_manifest(self: RpcClient, manifest: Any, enclosed: Any = ()) -> Any:
        offered.append(manifest.generation)
        await asyncio.to_thread(free.wait)
        return await real(self, manifest, enclosed)

    monkeypatch.setattr(RpcClient, "put_manifest", put_manifest)
    with served(tmp_path / "store") as caller, pushing(made, caller.port) as pusher:
        pusher.offer(made.manifest())
        wait_until(lambda: offered, 30, "the first is under way")
        for number in (2, 3, 4):
            last = made.put(page(number)).manifest()
            pusher.offer(last)
        wait_until(lambda: pusher._manifest is last, 30, "the last waits")
        free.set()
        serves(caller, 1, 2, 3, 4)
    assert 2 not in offered
    assert 3 not in offered
    assert offered[-1] == 4


def test_a_commit_is_one_request(made: MadeShard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    real = RpcClient._put

    async def put(self: RpcClient, path: str, *arguments: Any) -> Any:
        calls.append(path.rpartition("/")[2])
        return await real(self, path, *arguments)

    monkeypatch.setattr(RpcClient, "_put", put)
    with served(tmp_path / "store") as caller, pushing(made, caller.port) as pusher:
        pusher.offer(first := made.manifest())
        wait_until(lambda: pusher.everywhere(first, 1), 30, "the first")
        calls.clear()
        pusher.offer(second := made.put(page(2)).manifest())
        wait_until(lambda: pusher.everywhere(second, 1), 30, "the second")
        assert calls == ["0"]
        serves(caller, 1, 2)


def test_a_newer_indexer_is_told_of(made: MadeShard, tmp_path: Path) -> None:
    told: list[SupersededError] = []
    with served(tmp_path / "store") as caller:
        newer = MadeShard(tmp_path / "newer", epoch=9).put(page(9))
        caller.push(newer)
        with pushing(made, caller.port, superseded=told.append) as pusher:
            pusher.offer(made.manifest())
            wait_until(lambda: told, 30, "it is told")
        assert told[0].installed == (9, 1)
        serves(caller, 9)


def test_an_older_generation_of_ones_own_is_no_reason_to_stop(made: MadeShard, tmp_path: Path) -> None:
    with served(tmp_path / "store") as caller, pushing(made, caller.port) as pusher:
        old = made.manifest()
        caller.push(made)
        pusher.offer(old)
        wait_until(lambda: pusher._replicas and all(r.settled.is_set() for r in pusher._replicas.values()), 30, "tried")
        pusher.offer(made.put(page(2)).manifest())
        serves(caller, 1, 2)


def test_the_token_is_shown(made: MadeShard, tmp_path: Path) -> None:
    with served(tmp_path / "store", "gehéim-秘密") as caller:
        with pushing(made, caller.port, token="wrong") as pusher:
            pusher.offer(made.manifest())
            wait_until(
                lambda: pusher._replicas and all(r.settled.is_set() for r in pusher._replicas.values()), 30, "tried"
            )
        assert caller.get("/readyz").status == 503
        with pushing(made, caller.port, token="gehéim-秘密") as pusher:
            pusher.offer(made.manifest())
            serves(caller, 1)


def test_names_are_looked_up_all_the_time(made: MadeShard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_UP_SECONDS", 0.05)
    answers: list[str] | Exception = ["127.0.0.1"]

    async def look_up(host: str, port: int, **_: object) -> list[tuple[Any, ...]]:
        if isinstance(answers, Exception):
            raise answers
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in answers]

    with served(tmp_path / "store") as caller:
        pusher = Pusher([f"replicas.example:{caller.port}"], str(made.published), "", superseded=unexpected)
        monkeypatch.setattr(pusher._loop, "getaddrinfo", look_up)
        try:
            first, second = (f"http://127.0.0.{number}:{caller.port}" for number in (1, 2))
            wait_until(lambda: pusher._replicas.keys() == {first}, 30, "the first address")
            answers = ["127.0.0.1", "127.0.0.2"]
            wait_until(lambda: pusher._replicas.keys() == {first, second}, 30, "both addresses")
            answers = OSError("no name server answers")
            kept = dict(pusher._replicas)
            time.sleep(0.3)  # several look-ups
            assert pusher._replicas == kept
            answers = UnicodeError("label empty or too long")
            time.sleep(0.2)
            assert pusher._replicas == kept
            answers = ["127.0.0.2"]
            wait_until(lambda: pusher._replicas.keys() == {second}, 30, "only the second")
            pusher.offer(made.manifest())
        finally:
            pusher.close()


def test_a_published_file_that_was_replaced_meanwhile_is_no_trouble(made: MadeShard, tmp_path: Path) -> None:
    old = made.manifest()
    made.delete(page(1).url)
    new = made.put(page(2)).manifest()
    for name in old.files.keys() - new.files.keys():
        (made.published / name).unlink()
    with served(tmp_path / "store") as caller, pushing(made, caller.port) as pusher:
        pusher.offer(old)
        wait_until(lambda: pusher._replicas and all(r.settled.is_set() for r in pusher._replicas.values()), 30, "tried")
        pusher.offer(new)
        serves(caller, 2)


def test_large_files_are_sent_to_some_who_feed_the_others(
    made: MadeShard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peer_fanout, "LEAST_BYTES", 0)
    fed: list[tuple[RpcClient, str]] = []
    sent: list[tuple[RpcClient, str]] = []
    fetch, put = RpcClient.fetch_file, RpcClient.put_file

    async def fetch_file(self: RpcClient, manifest: Any, file: Any, source: str) -> None:
        await fetch(self, manifest, file, source)
        fed.append((self, file.name))

    async def put_file(self: RpcClient, manifest: Any, file: Any, path: str, pace: float) -> None:
        sent.append((self, file.name))
        await put(self, manifest, file, path, pace)

    monkeypatch.setattr(RpcClient, "fetch_file", fetch_file)
    monkeypatch.setattr(RpcClient, "put_file", put_file)
    with contextlib.ExitStack() as stack:
        callers = [stack.enter_context(served(tmp_path / f"{number}", "token")) for number in range(4)]
        pusher = stack.enter_context(pushing(made, *(caller.port for caller in callers), token="token"))
        manifest = made.put(page(2)).manifest()
        pusher.offer(manifest)
        for caller in callers:
            serves(caller, 1, 2)
        assert len(fed) >= len(manifest.files)  # of three times as many at most
        assert not {*fed} & {*sent}


def test_a_peer_that_fails_is_replaced_by_the_indexer(
    made: MadeShard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peer_fanout, "LEAST_BYTES", 0)
    monkeypatch.setattr(peer_fanout, "LEAST_REPLICAS", 1)
    manifest = made.manifest()
    with answering(b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n") as odd, served(tmp_path / "a", "token") as caller:
        pusher = Pusher([f"127.0.0.1:{caller.port}"], str(made.published), "token", superseded=unexpected)
        asyncio.run_coroutine_threadsafe(
            pusher._fanout.note(f"http://127.0.0.1:{odd}", manifest.files.values()), pusher._loop
        ).result()
        pusher.offer(manifest)
        serves(caller, 1)
        pusher.close()


def test_what_is_coming_is_sent_beside_the_manifests(
    made: MadeShard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slow large file delays nothing else; a dead searchengine does not count."""
    later = MadeShard(tmp_path / "merged").put(*map(page, range(1, 4)))
    merged = later.manifest()
    coming = list(merged.files.values())
    for file in coming:
        (made.published / file.name).write_bytes(later.bytes_of(file))
    go, put_file = threading.Event(), RpcClient.put_file

    async def slow(client: RpcClient, manifest: Manifest, file: File, path: str, pace: float) -> None:
        if file in coming:
            await asyncio.to_thread(go.wait, 20)
            assert pace == module.AHEAD_PACE
        await put_file(client, manifest, file, path, pace)

    monkeypatch.setattr(RpcClient, "put_file", slow)
    with (
        served(tmp_path / "a") as first,
        served(tmp_path / "b") as second,
        pushing(made, first.port, second.port, free_port()) as pusher,
    ):
        pusher.offer(made.manifest(coming=coming))
        serves(first, 1)
        pusher.offer(made.put(page(9)).manifest(coming=coming))
        serves(first, 1, 9)
        serves(second, 1, 9)
        assert not pusher.has_come(coming)
        go.set()
        wait_until(lambda: pusher.has_come(coming), 30, "what is coming")
        pusher.offer(made.manifest(segments=merged.segments))
        serves(first, 1, 2, 3)
        serves(second, 1, 2, 3)
