"""What a document log promises to several processes and threads, and when it is killed."""

from __future__ import annotations

import contextlib
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from contract.doclog_child import is_delete
from contract.doclog_helpers import PATIENCE, child, everything, put, urls
from lightship.core.model import Document
from lightship.doclog import Log, open_log

BATCHES = "60"  # of 20 changes of 300 documents: each changes four times


def test_what_was_acknowledged_survives_kill_9(log: Log, url: str) -> None:
    for number in range(3):
        with child(url, "write", f"k{number}-", "40", "100000", "5") as process:
            assert process.stdout is not None
            acknowledged = [process.stdout.readline().split() for _ in range(60)]
            process.kill()
            acknowledged += [line.split() for line in process.stdout if line.endswith("\n")]
        stored = {entry.url.rpartition("/")[2]: entry for entry in everything(log)}
        newest = {key: (int(value), int(sequence)) for key, value, sequence in acknowledged}
        for key, (value, sequence) in newest.items():
            entry = stored[key]  # may be newer: stored, but killed before it was acknowledged
            assert entry.sequence >= sequence
            if entry.document:
                assert int(entry.document.title) >= value
            if entry.sequence == sequence:
                assert (entry.document is None) == is_delete(value)


def test_two_writing_processes_and_a_tailing_reader(log: Log, url: str) -> None:
    view: dict[str, Document] = {}
    after = dict.fromkeys(range(log.partitions), 0)
    with child(url, "write", "a", "300", BATCHES, "20") as one, child(url, "write", "b", "300", BATCHES, "20") as two:
        outputs = ThreadPoolExecutor(2).map(lambda process: process.communicate()[0], [one, two])
        deadline = time.monotonic() + PATIENCE
        done = False
        while not done:
            assert time.monotonic() < deadline
            done = one.poll() is not None and two.poll() is not None  # before the last reading
            for partition in after:
                for entry in log.read(partition, after[partition], 50):
                    assert entry.sequence > after[partition]
                    after[partition] = entry.sequence
                    view.pop(entry.url, None)
                    if entry.document:
                        view[entry.url] = entry.document
                    done = False
        written = [line.split() for output in outputs for line in output.splitlines()]
    assert len(written) == 2 * int(BATCHES) * 20
    assert one.returncode == two.returncode == 0
    newest = {f"https://example.org/{key}": int(value) for key, value, _ in written}
    assert {url: int(document.title) for url, document in view.items()} == {
        url: value for url, value in newest.items() if not is_delete(value)
    }


def test_many_processes_make_the_log_at_once(url: str) -> None:
    with contextlib.ExitStack() as stack:
        children = [stack.enter_context(child(url, "write", f"p{number}-", "5", "1", "5")) for number in range(6)]
        assert [process.wait(PATIENCE) for process in children] == [0] * 6
    log = open_log(url)
    assert len(everything(log)) == 30
    log.close()


@pytest.mark.quiet
def test_wait_wakes_for_a_put_of_another_process(log: Log, url: str) -> None:
    with child(url, "once") as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        lags = []
        for number in range(10):
            log.wait(0)
            print(f"w{number}", file=process.stdin, flush=True)
            log.wait(PATIENCE)
            seen = time.time()
            lags.append(seen - float(process.stdout.readline()))
            assert any(entry.url.endswith(f"/w{number}") for entry in everything(log))
    assert sorted(lags)[7] < 0.2


def test_wait_wakes_for_a_put_of_another_thread(log: Log) -> None:
    log.wait(0)
    thread = threading.Timer(0.05, log.put, [[put("https://example.org/")]])
    thread.start()
    started = time.monotonic()
    log.wait(PATIENCE)
    assert time.monotonic() - started < PATIENCE / 2
    assert len(everything(log)) == 1
    thread.join()


@pytest.mark.parametrize("elsewhere", [False, True])
def test_a_put_between_read_and_wait_is_not_slept_through(log: Log, elsewhere: bool) -> None:
    log.wait(0)
    assert everything(log) == []
    changes = [put("https://example.org/")]
    if elsewhere:
        with ThreadPoolExecutor(1) as pool:
            pool.submit(log.put, changes).result()
    else:
        log.put(changes)
    started = time.monotonic()
    log.wait(PATIENCE)
    assert time.monotonic() - started < PATIENCE / 2


def test_the_first_wait_of_a_thread_misses_nothing(log: Log) -> None:
    def follow() -> float:
        assert everything(log) == []
        ThreadPoolExecutor(1).submit(log.put, [put("https://example.org/")]).result()
        started = time.monotonic()
        log.wait(PATIENCE)
        return time.monotonic() - started

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(follow).result() < PATIENCE / 2


def test_wait_ends_when_nothing_comes(log: Log) -> None:
    log.wait(0)
    started = time.monotonic()
    log.wait(0.1)
    assert 0.1 <= time.monotonic() - started < PATIENCE


def test_threads_read_while_others_write(log: Log) -> None:
    some = urls(600)
    wrote = threading.Event()

    def write(part: list[str]) -> None:
        for start in range(0, len(part), 20):
            log.put([put(url, url) for url in part[start : start + 20]])

    def follow() -> int:
        while not wrote.is_set():
            for entry in everything(log, 7):
                assert entry.document == Document(url=entry.url, title=entry.url)
        return len(everything(log))

    with ThreadPoolExecutor(8) as pool:
        readers = [pool.submit(follow) for _ in range(4)]
        try:
            list(pool.map(write, [some[number::4] for number in range(4)]))
        finally:
            wrote.set()
        assert [reader.result() for reader in readers] == [600] * 4
