"""What the log on NATS promises when its servers are killed, hang, or come back empty."""

from __future__ import annotations

import asyncio
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import pytest

from contract.doclog_backends import shared_nats
from contract.doclog_helpers import everything, put, urls
from lightship.core.errors import ConfigurationError, LightshipError, OutOfSpaceError, OvertakenError, UnavailableError
from lightship.core.model import Change
from lightship.doclog import Log, open_log
from lightship.doclog.jetstream import LEASE_SECONDS, JetStreamLog
from lightship.doclog.jetstream.client import connection
from lightship.doclog.jetstream.client.connection import ANSWER_SECONDS, HURRY_SECONDS
from lightship.doclog.jetstream.client.errors import RetryError
from lightship.doclog.jetstream.reader import Reader
from nats_servers import Nats, running
from support import wait_until

pytestmark = pytest.mark.nats


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nats]:
    with running(tmp_path_factory.mktemp("cluster"), 3) as nats:
        open_log(nats.url("log")).close()
        yield nats


@pytest.fixture
def one(tmp_path: Path) -> Iterator[Nats]:
    with running(tmp_path) as nats:
        yield nats


class Load:
    """A writer and a tailing reader, in threads of their own, that note what was acknowledged and what was read."""

    def __init__(self, url: str) -> None:
        self.url, self.prefix = url, uuid.uuid4().hex
        self.acknowledged: dict[str, tuple[int, int]] = {}
        self.seen: dict[str, int] = {}
        self.rounds = 0
        self.errors: list[LightshipError] = []
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._guard, args=(what,)) for what in (self._write, self._tail)]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _guard(self, what: Callable[[Log], None]) -> None:
        log = open_log(self.url)
        try:
            what(log)
        except LightshipError as error:
            self.errors.append(error)
        finally:
            log.close()

    def _write(self, log: Log) -> None:
        while not self._stop.is_set():
            values = range(self.rounds * 20, self.rounds * 20 + 20)
            keys = [f"https://example.org/{self.prefix}/{value % 70}" for value in values]
            positions = log.put([put(key, str(value)) for key, value in zip(keys, values, strict=True)])
            for key, value, position in zip(keys, values, positions, strict=True):
                self.acknowledged[key] = value, position.sequence
            self.rounds += 1

    def _tail(self, log: Log) -> None:
        after = dict.fromkeys(range(log.partitions), 0)
        while True:
            ends = self._stop.is_set() and not self._threads[0].is_alive()
            found = [entry for p in after for entry in self._read(log, p, after)]
            if ends and not found:
                return
            log.wait(0.01)

    def _read(self, log: Log, partition: int, after: dict[int, int]) -> list[str]:
        entries = log.read(partition, after[partition])
        for entry in entries:
            assert entry.sequence > after[partition]
            after[partition] = entry.sequence
            if entry.url.startswith(f"https://example.org/{self.prefix}/"):
                assert entry.document
                self.seen[entry.url] = int(entry.document.title)
        return [entry.url for entry in entries]

    def goes_on(self, seconds: float = 30) -> None:
        """Wait until some more puts were acknowledged."""
        before = self.rounds
        wait_until(lambda: self.rounds > before + 5 or self.errors, seconds, "puts that are acknowledged")

    def check(self) -> None:
        """Assert that what is stored, and what the reader saw, is what was acknowledged last."""
        assert self.errors == []
        log = open_log(self.url)
        stored = {entry.url: entry for entry in everything(log)}
        log.close()
        for url, (value, sequence) in self.acknowledged.items():
            document = stored[url].document
            assert document
            assert (int(document.title), stored[url].sequence) == (value, sequence)
        assert self.seen == {url: value for url, (value, _) in self.acknowledged.items()}


def test_a_killed_leader_loses_nothing(cluster: Nats) -> None:
    with Load(cluster.url("log")) as load:
        load.goes_on()
        leader = cluster.leader("log-0")
        leader.kill()
        load.goes_on()
        leader.start()
        load.goes_on()
    load.check()


def test_a_leader_that_hangs_loses_nothing(cluster: Nats) -> None:
    with Load(cluster.url("log")) as load:
        load.goes_on()
        leader = cluster.leader("log-1")
        leader.pause()
        load.goes_on()
        leader.resume()
        load.goes_on()
    load.check()


def test_the_kill_of_all_servers_loses_nothing(cluster: Nats) -> None:
    with Load(cluster.url("log")) as load:
        load.goes_on()
        cluster.kill()
        cluster.start()
        load.goes_on()
    load.check()


def test_one_server_that_restarts_delays_only(one: Nats) -> None:
    with Load(one.url("log")) as load:
        load.goes_on()
        one.kill()
        one.start()
        load.goes_on()
    load.check()


@pytest.fixture
def log() -> Iterator[JetStreamLog]:
    nats, name = shared_nats(1), f"log-{uuid.uuid4().hex[:12]}"
    opened = JetStreamLog(nats.url(name))
    yield opened
    opened.close()
    nats.drop(name)


def test_a_change_whose_answer_was_lost_is_stored_once(log: JetStreamLog, monkeypatch: pytest.MonkeyPatch) -> None:
    open_session(log)
    lost = lose_answers(log, monkeypatch, 10)
    some = urls(10, partition=3)
    positions = log.put([put(url) for url in some])
    assert len(lost) == 10
    assert [position.sequence for position in positions] == list(range(2, 12))
    assert log.span(3).head == 11
    assert [entry.sequence for entry in log.read(3, 0)] == list(range(2, 12))


def test_a_mark_whose_answer_was_lost_is_stored_once(log: JetStreamLog, monkeypatch: pytest.MonkeyPatch) -> None:
    lost = lose_answers(log, monkeypatch, 1)
    assert sorted(position.sequence for position in log.put([put(url) for url in urls(3, partition=3)])) == [2, 3, 4]
    assert len(lost) == 1


def test_a_delete_whose_answer_was_lost_is_stored_once(log: JetStreamLog, monkeypatch: pytest.MonkeyPatch) -> None:
    (url,) = urls(1, partition=3)
    log.put([put(url)])
    lost = lose_answers(log, monkeypatch, 1)
    assert [position.sequence for position in log.put([Change.delete(url)])] == [3]
    assert len(lost) == 1
    assert [(entry.sequence, entry.document) for entry in log.read(3, 0)] == [(3, None)]


def open_session(log: JetStreamLog) -> None:
    """Have the mark of a partition stored, which comes before the first change: at sequence 1."""
    log._connection.run(log._sessions.open(3))


def lose_answers(log: JetStreamLog, monkeypatch: pytest.MonkeyPatch, count: int) -> list[object]:
    """Have the first acknowledgements lost, up to `count`; return those that were."""
    true_decode, lost = log._connection.decode, list[object]()

    def decode(message: object, kind: type) -> object:
        answer = true_decode(message, kind)  # type: ignore[arg-type,var-annotated]
        if kind.__name__ == "Stored" and len(lost) < count:
            lost.append(answer)
            raise RetryError("the answer was lost")
        return answer

    monkeypatch.setattr(log._connection, "decode", decode)
    return lost


def test_a_swap_whose_answer_was_lost_is_known_as_done(log: JetStreamLog, monkeypatch: pytest.MonkeyPatch) -> None:
    kv, lost = log._kv, lose_answers(log, monkeypatch, 1)
    assert log._connection.run(kv.swap("key", b"1", 0))
    assert lost
    assert not log._connection.run(kv.swap("key", b"2", 0))


def test_copies_that_lag_do_not_hide_what_the_leader_has(log: JetStreamLog, monkeypatch: pytest.MonkeyPatch) -> None:
    some = urls(5, partition=3)
    log.put([put(url) for url in some])

    async def nothing(*_: object) -> list[object]:
        return []

    monkeypatch.setattr(Reader, "_page", nothing)
    assert {entry.url for entry in everything(log)} == set(some)


def test_without_wake_ups_a_reader_is_late_but_misses_nothing(
    log: JetStreamLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = JetStreamLog(shared_nats(1).url(log._connection.address.name))
    assert everything(other) == []
    other._wake_subject = "elsewhere"
    log._wake_subject = "elsewhere"
    log.put([put(url) for url in urls(3)])
    wait_until(lambda: len(everything(other)) == 3, 3, "the puts that nobody told of")
    other.close()


def test_a_message_that_was_lost_on_the_way_is_noticed(log: JetStreamLog, monkeypatch: pytest.MonkeyPatch) -> None:
    some = urls(5, partition=3)
    log.put([put(url) for url in some])
    true_ask = log._connection.ask
    lost: list[object] = []

    async def ask(*arguments: object, many: bool = False, **more: object) -> list[object]:
        found: list[object] = list(await true_ask(*arguments, many=many, **more))  # type: ignore[arg-type]
        if many and len(found) > 3 and len(lost) < 3:
            lost.append(found.pop(len(lost)))
        return found

    monkeypatch.setattr(log._connection, "ask", ask)
    assert [entry.url for entry in log.read(3, 0)] == some
    assert len(lost) == 3


def test_a_log_made_anew_has_another_id_and_who_had_it_open_is_told(one: Nats) -> None:
    old = open_log(one.url("log"))
    before = old.span(0).log_id
    assert old.read(0, 0) == []
    one.drop("log")
    new = open_log(one.url("log"))
    assert new.span(0).log_id != before

    def told() -> bool:
        try:
            return old.read(0, 0) != []
        except ConfigurationError as error:
            return "recreated" in str(error)

    wait_until(told, 30, "the word that the log is another one")
    new.close()
    old.close()


def test_a_lost_stream_is_trouble_and_is_not_made_again(one: Nats, monkeypatch: pytest.MonkeyPatch) -> None:
    open_log(one.url("log")).close()
    one.remove_stream("log-7")
    monkeypatch.setattr(connection, "PATIENCE", 0.5)
    log = open_log(one.url("log"))
    (url,) = urls(1, partition=7)
    for use in (lambda: log.read(7, 0), lambda: log.put([put(url)]), lambda: log.span(7), lambda: log.prune(7, 1)):
        with pytest.raises(UnavailableError, match=r"stream not found|responsible|replicas of a stream"):
            use()
    assert log.read(6, 0) == []
    log.close()


def test_a_server_that_is_away_for_too_long_is_told(one: Nats, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "PATIENCE", 0.5)
    log = open_log(one.url("log", user="someone:secret@"))
    one.kill()
    for use in (lambda: log.put([put("https://example.org/")]), lambda: log.read(0, 0), lambda: log.span(0)):
        with pytest.raises(UnavailableError, match=r"127\.0\.0\.1") as told:
            use()
        assert "secret" not in str(told.value)
    log.close()
    with pytest.raises(UnavailableError, match=r"no server of the log .* answers"):
        open_log(one.url("log"))


def test_who_hurries_does_not_wait_for_servers_that_are_away(one: Nats) -> None:
    log = open_log(one.url("log"))
    one.kill()
    with ThreadPoolExecutor(3) as threads:
        uses = [
            threads.submit(use)
            for use in (lambda: log.put([put("https://example.org/")]), lambda: log.read(0, 0), lambda: log.span(0))
        ]
        assert not wait(uses, 0.5).done
        log.hurry()
        assert not wait(uses, HURRY_SECONDS + ANSWER_SECONDS + 2).not_done
    assert {type(use.exception()) for use in uses} == {UnavailableError}
    log.close()


def test_who_asks_for_a_lease_is_told_soon_that_nobody_answers(one: Nats) -> None:
    log = open_log(one.url("log"))
    assert log.acquire("shard", "one", 1)
    one.kill()
    began = time.monotonic()
    with pytest.raises(UnavailableError, match="did not answer for 2 s"):
        log.acquire("shard", "one", 1)
    assert time.monotonic() - began < 2 * LEASE_SECONDS
    log.close()


def test_a_lease_is_not_taken_over_an_outage(log: JetStreamLog, monkeypatch: pytest.MonkeyPatch) -> None:
    assert log.acquire("shard", "one", 5)
    clock = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])

    def poll(step: float) -> bool:
        clock[0] += step
        return log.acquire("shard", "two", 5) is not None

    assert not any(poll(1) for _ in range(5))
    assert not poll(60)  # the log was away: the holder gets its chance
    assert not any(poll(1) for _ in range(5))
    assert poll(1)


def test_a_partition_without_a_leader_holds_up_no_other(cluster: Nats) -> None:
    log = open_log(cluster.url("log"))
    log.put([put(url, "before") for partition in range(log.partitions) for url in urls(1, partition=partition)])
    after = {p: log.read(p, 0)[-1].sequence for p in range(log.partitions)}
    leader = cluster.leader("log-1")
    leader.kill()

    def answers(partition: int) -> bool:
        try:
            return log.read(partition, after[partition], 100, 0.1) == []
        except UnavailableError:
            return False

    try:
        wait_until(lambda: not answers(1), 30, "the partition of the killed leader does not answer")
        started = time.monotonic()
        others = [answers(partition) for partition in range(log.partitions)]
        assert any(others)
        assert time.monotonic() - started < 10  # 0.1 s each at most, however long the election takes
        wait_until(lambda: answers(1), 30, "another leader answers")
    finally:
        leader.start()
    (url,) = urls(1, partition=1)
    log.put([put(url, "after")])
    (entry,) = log.read(1, after[1])
    assert entry.document
    assert entry.document.title == "after"
    log.close()


def test_what_may_be_stored_and_was_replaced_is_not_stored_again(
    log: JetStreamLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    (url,) = urls(1, partition=3)
    open_session(log)
    other = JetStreamLog(shared_nats(1).url(log._connection.address.name))
    open_session(other)
    true_decode, lost = log._connection.decode, list[object]()

    def decode(message: object, kind: type) -> object:
        answer = true_decode(message, kind)  # type: ignore[arg-type,var-annotated]
        if kind.__name__ == "Stored" and not lost:
            lost.append(answer)
            other.put([put(url, "another's")])
            raise RetryError("the answer was lost")
        return answer

    monkeypatch.setattr(log._connection, "decode", decode)
    with pytest.raises(OvertakenError) as raised:
        log.put([put(url, "own")])
    assert raised.value.maybe == {url}
    assert [entry.sequence for entry in other.read(3, 0)] == [4]
    other.close()


def test_a_put_that_fails_leaves_nothing_running(log: JetStreamLog, monkeypatch: pytest.MonkeyPatch) -> None:
    full, slow = urls(2, partition=3)
    true_ask, refused, late = log._connection.ask, threading.Event(), threading.Event()

    async def ask(subject: str, payload: bytes = b"", *rest: Any, **more: Any) -> Any:
        if full.encode() in payload:
            refused.set()
            raise OutOfSpaceError("this partition's disk is full")
        if slow.encode() in payload and not late.is_set():
            late.set()
            await asyncio.sleep(0.3)
        return await true_ask(subject, payload, *rest, **more)

    monkeypatch.setattr(log._connection, "ask", ask)
    with pytest.raises(OutOfSpaceError):
        log.put([put(full), put(slow, "old")])
    assert refused.is_set()
    log.put([put(slow, "new")])
    assert [entry.document and entry.document.title for entry in log.read(3, 0)] == ["new"]


def test_an_end_that_was_told_long_ago_is_not_believed(log: JetStreamLog, monkeypatch: pytest.MonkeyPatch) -> None:
    """A shard that was led again took it for the end of the log, and published what lacked all that came since."""
    (url,) = urls(1, partition=3)
    true_read, told = log._reader._read, threading.Event()

    async def read(*asked: int) -> Any:
        page = await true_read(*asked)
        if not told.is_set():
            told.set()
            await asyncio.sleep(0.3)
        return page

    monkeypatch.setattr(log._reader, "_read", read)
    with pytest.raises(UnavailableError):
        log.read(3, 0, patience=0.1)
    (task,) = log._reader._stalled.values()
    wait_until(task.done, 30, "the answer, which nobody waits for")
    log.put([put(url)])
    assert [entry.url for entry in log.read(3, 0)] == [url]


def test_a_log_that_went_back_is_written_to_again(log: JetStreamLog) -> None:
    (url,) = urls(1, partition=3)
    log.put([put(url, "before")])
    log._writer._known = dict.fromkeys(log._writer._known, 99)  # where it was, in what the servers have lost
    log.put([put(url, "after")])
    assert [entry.document and entry.document.title for entry in log.read(3, 0)] == ["after"]
