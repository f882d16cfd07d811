"""What the mailboxes of every document log must do."""

from __future__ import annotations

from lightship.doclog import Log, open_log


def bodies(log: Log, box: str, limit: int = 100) -> list[bytes]:
    return [letter.body for letter in log.receive(box, limit)]


def test_letters_come_in_order_and_stay_until_they_are_removed(log: Log) -> None:
    assert bodies(log, "crawler 1") == []
    log.remove("crawler 1", 100)
    log.send("crawler 1", [b"one", b"", bytes(range(256)) * 100])
    log.send("crawler 2", [b"other"])
    log.send("crawler 1", [b"four"])
    whole = [b"one", b"", bytes(range(256)) * 100, b"four"]
    assert bodies(log, "crawler 1") == whole == bodies(log, "crawler 1")
    assert bodies(log, "crawler 1", 2) == whole[:2]
    log.remove("crawler 1", log.receive("crawler 1", 2)[-1].sequence)
    assert bodies(log, "crawler 1") == whole[2:]
    assert bodies(log, "crawler 2") == [b"other"]
    log.remove("crawler 1", log.receive("crawler 1")[-1].sequence)
    assert bodies(log, "crawler 1") == []
    log.send("crawler 1", [b"five"])
    assert bodies(log, "crawler 1") == [b"five"]


def test_letters_are_there_for_whoever_opens_the_log(log: Log, url: str) -> None:
    log.send("box", [b"before"])
    second = open_log(url)
    assert bodies(second, "box") == [b"before"]
    second.send("box", [b"after"])
    assert bodies(log, "box") == [b"before", b"after"]
    second.remove("box", second.receive("box")[0].sequence)
    second.close()
    assert bodies(log, "box") == [b"after"]


def test_mail_and_documents_do_not_meet(log: Log) -> None:
    log.send("box", [b"letter"])
    assert all(log.read(partition, 0) == [] for partition in range(log.partitions))
