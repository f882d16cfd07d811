"""What is read of a NATS server's files: each entry, also those that were replaced."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

from chaos.blocks import entries
from chaos.history import history
from lightship.core.model import Change, Document, partition_of
from lightship.doclog import open_log
from nats_servers import PROGRAM, running
from support import require

URL, OTHER = "https://a.example/1", "https://a.example/2"


def test_the_files_tell_every_version_and_who_wrote_it(tmp_path: Path) -> None:
    require("nats-server", PROGRAM.exists())
    began = time.time()
    with running(tmp_path) as nats:
        with (
            contextlib.closing(open_log(nats.url("docs"))) as first,
            contextlib.closing(open_log(nats.url("docs"))) as second,
        ):
            first.put([version(URL, 1), version(OTHER, 1)])
            first.put([version(URL, 2)])
            second.put([Change.delete(URL)])
            second.put([version(URL, 2)])
            newest = first.read(partition_of(URL), 0)
        store = nats.servers[0].folder
        found = [each for each in entries(store, "docs", partition_of(URL)) if each.url == URL]
        told = history(URL, {"nats-0": store}, "docs", next(each for each in newest if each.url == URL))
    assert [bool(each.value) for each in found] == [True, True, False, True]
    assert [each.sequence for each in found] == sorted({each.sequence for each in found})
    assert all(began <= each.time <= time.time() for each in found)
    assert found[0].writer == found[1].writer != found[2].writer == found[3].writer
    assert all(len(each.writer) == 12 for each in found)
    lines = [line.split() for line in told.splitlines()[1:]]
    assert [line[0] for line in lines] == ["leader", *["nats-0"] * 4]
    assert [line[-1] for line in lines] == ["2", "1", "2", "delete", "2"]


def test_a_record_that_is_being_written_is_left_out(tmp_path: Path) -> None:
    block = tmp_path / "jetstream/$G/streams/docs-3/msgs/1.blk"
    block.parent.mkdir(parents=True)
    block.write_bytes(b"\x80\x00\x00\x00" + bytes(40))
    assert entries(tmp_path, "docs", 3) == []
    block.write_bytes(bytes(100))
    assert entries(tmp_path, "docs", 3) == []


def version(url: str, number: int) -> Change:
    """Return a put of a document."""
    return Change.put(Document(url=url, fields={"version": number}))
