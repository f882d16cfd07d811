"""From where a shard resumes: its own index, a replica's state, or the log's beginning; after any interruption."""

from __future__ import annotations

import os
import sqlite3
import threading

import msgspec
import pytest

from lightship.core.model import Change
from lightship.indexer.recovery import recovery
from lightship.indexer.recovery import standby as copies
from lightship.indexer.recovery.positions import Positions
from lightship.indexer.shard.tiers import SMALL_MOST
from made import made_documents, page, served
from support import free_port
from unit.indexer.lab import STOPPED, Lab


def test_a_restored_index_answers_as_one_that_was_replayed(lab: Lab) -> None:
    lab.put(*made_documents(700))  # more than the small index holds
    lab.push(lab.index(move=False)[1])
    before = lab.answers()
    lab.lose()
    lab.put(page(1), page(2))
    replayed, restored = lab.index()
    assert replayed == 2
    assert [name.rpartition(".")[2] for name in lab.push(restored)].count("store") == 1, (
        "two documents are all that is new"
    )
    with_two = lab.answers()
    assert with_two != before
    count, fresh = lab.index("anew", restore=False)
    assert count == 702
    assert not fresh.files.keys() & restored.files.keys()
    lab.push(fresh, "anew")
    assert lab.answers() == with_two


def test_with_deletes_it_answers_as_before(lab: Lab) -> None:
    lab.put(*map(page, range(30)))
    lab.push(lab.index()[1])
    lab.log.put([Change.delete(page(3).url), Change.put(page(4, "newer page"))])
    lab.push(lab.index(move=False)[1])
    before = lab.answers()
    lab.lose()
    replayed, restored = lab.index()
    assert replayed == 0
    assert restored.documents == 29
    lab.push(restored)
    assert lab.answers() == before
    lab.log.put([Change.delete(page(4).url)])
    lab.push(lab.index()[1])
    assert lab.replica.found("newer") == []
    assert lab.replica.get("/?q=page&format=json").json["total"] == 28


def test_own_is_taken_when_nothing_is_ahead_of_it(lab: Lab, caplog: pytest.LogCaptureFixture) -> None:
    lab.put(page(1))
    lab.push(lab.index()[1])
    caplog.set_level("INFO")
    assert lab.index()[0] == 0
    lab.put(page(2))
    lab.index()  # not pushed: own is ahead
    assert lab.index()[0] == 0
    assert "restored" not in caplog.text
    lab.replica.port = free_port()  # and when nobody answers
    lab.names = [f"127.0.0.1:{lab.replica.port}"]
    assert lab.index()[0] == 0


def test_what_a_replica_has_is_taken_when_it_is_ahead(lab: Lab, caplog: pytest.LogCaptureFixture) -> None:
    lab.put(page(1))
    lab.index("second", restore=False)
    lab.put(page(2), page(3))
    lab.push(lab.index()[1])
    caplog.set_level("INFO")
    replayed, manifest = lab.index("second")
    assert (replayed, manifest.documents) == (0, 3)
    assert "restored 3 documents" in caplog.text
    assert lab.push(manifest, "second") == []
    assert not os.path.exists(lab.standby("second").folder)
    assert lab.index("second")[0] == 0


def test_what_was_published_already_is_not_fetched(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    lab.put(page(1))
    lab.index()
    lab.put(page(2))
    lab.push(lab.index(move=False)[1])  # the large index does not hold the second page yet
    monkeypatch.setattr(copies.StandbyCopy, "_pull", None)
    lab.log.put([Change.put(page(3))])
    replayed, manifest = lab.index()
    assert (replayed, manifest.documents) == (1, 3)


@pytest.mark.parametrize("change", ["another log", "above the head", "below the floor"])
def test_what_the_log_does_not_know_is_not_restored(lab: Lab, change: str, caplog: pytest.LogCaptureFixture) -> None:
    lab.put(*map(page, range(5)))
    manifest = lab.index()[1]
    if change == "another log":
        manifest = msgspec.structs.replace(manifest, log_id="another")
    elif change == "above the head":
        manifest = msgspec.structs.replace(manifest, positions={**manifest.positions, "7": 10_000})
    else:
        with sqlite3.connect(lab.folder / "log.sqlite") as database:
            database.execute("insert into floors select partition, 1000 from docs limit 1")
        database.close()
    lab.push(manifest)
    lab.lose()
    replayed, manifest = lab.index()
    assert (replayed, manifest.documents) == (5, 5)
    assert "restored" not in caplog.text


def test_without_any_answer_the_log_is_replayed_after_a_bounded_time(
    lab: Lab, caplog: pytest.LogCaptureFixture
) -> None:
    lab.put(page(1))
    lab.names = [f"127.0.0.1:{free_port()}"]
    assert lab.index()[0] == 1
    assert "no searchengine answered within 1 s; nothing to restore from" in caplog.text


def test_who_does_not_answer_at_first_is_asked_again(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recovery, "ASK_SECONDS", 20.0)
    lab.put(page(1))
    lab.push(lab.index()[1])
    lab.lose()
    port = free_port()
    lab.names.append(f"127.0.0.1:{port}")
    started = threading.Event()

    def start_late() -> None:
        with served(lab.folder / "late", port=port):
            started.wait(20)

    thread = threading.Timer(0.5, start_late)
    thread.start()
    assert lab.index()[0] == 0
    started.set()
    thread.join()


class Crash(BaseException):
    """The process dies here."""


@pytest.mark.parametrize(
    ("owner", "name"),
    [(recovery, "restore"), (recovery.Recovery, "_clear"), (recovery.Recovery, "_publish"), (Positions, "write_ahead")],
)
@pytest.mark.parametrize("after", [False, True])
def test_an_interrupted_restore_is_done_again(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, owner: object, name: str, after: bool
) -> None:
    lab.put(page(1))
    lab.index("second", restore=False)
    lab.put(page(2), page(3))
    lab.push(lab.index()[1])
    real = getattr(owner, name)

    def die(*arguments: object) -> None:
        if after:
            real(*arguments)
        raise Crash

    with monkeypatch.context() as patch:
        patch.setattr(owner, name, die)
        with pytest.raises(Crash):
            lab.index("second")
    lab.put(page(4))
    replayed, manifest = lab.index("second")
    assert (replayed, manifest.documents) == (1, 4)
    lab.push(manifest, "second")
    assert set(lab.replica.found("page")) == {page(number).url for number in (1, 2, 3, 4)}


def test_the_first_commit_after_a_restore_that_was_not_made_is_made_again(lab: Lab) -> None:
    lab.put(*map(page, range(400)))  # something in each partition: the history of the log knows those that were read
    lab.push(lab.index()[1])
    more = range(400, 400 + SMALL_MOST + 10)
    lab.put(*map(page, more))
    shard, _ = lab.start("second")
    while shard._read_round(STOPPED):
        pass

    def die() -> None:
        raise Crash

    commit, shard._tiers.commit = shard._tiers.commit, die  # type: ignore[method-assign]
    with pytest.raises(Crash):
        shard.finish()
    shard._tiers.commit = commit  # type: ignore[method-assign]
    shard.close()
    replayed, manifest = lab.index("second")
    assert (replayed, manifest.documents) == (len(more), 400 + len(more))


def test_a_copy_that_is_whole_is_enough_when_no_replica_is_left(lab: Lab) -> None:
    lab.put(*map(page, range(5)))
    lab.push(lab.index()[1])
    stop = threading.Event()
    standby = lab.standby("second")
    thread = threading.Thread(target=copies.follow, args=(standby, stop))
    thread.start()
    while standby.manifest is None:
        thread.join(0.02)
    stop.set()
    thread.join()
    lab.names = [f"127.0.0.1:{free_port()}"]
    lab.put(page(9))
    assert lab.index("second")[0] == 1
