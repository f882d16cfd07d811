"""What a crawler found goes into the log, however long that is away; but a log that was replaced needs a restart."""

from __future__ import annotations

import logging
import os
import threading
from contextlib import closing
from pathlib import Path

import pytest

from lightship.core.declaration import declared
from lightship.core.errors import ReplacedError
from lightship.core.model import Change, Document, FieldValue, partition_of
from lightship.crawler.output.append import Appender
from lightship.doclog.sqlite import SqliteLog
from made import page


def test_a_replaced_log_is_not_waited_for(tmp_path: Path) -> None:
    path, other = tmp_path / "log.sqlite", tmp_path / "other.sqlite"
    SqliteLog(str(other)).close()
    with closing(SqliteLog(str(path))) as log:
        os.replace(other, path)
        with pytest.raises(ReplacedError, match="was replaced while programs were using it"):
            Appender(log, threading.Event()).put([Change.put(page(1))])


def test_values_that_do_not_fit_are_left_out_and_counted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    urls = [f"https://ex.org/{number}" for number in range(3)]
    with closing(SqliteLog(str(tmp_path / "log.sqlite"))) as log, caplog.at_level(logging.WARNING):
        appender = Appender(log, threading.Event(), declared("price:number"))
        prices: list[FieldValue] = ["a lot", "little", "3.00"]
        changes = [
            Change.put(Document(url=url, fields={"price": price, "x": 1}))
            for url, price in zip(urls, prices, strict=True)
        ]
        assert appender.put([*changes, Change.delete("https://ex.org/gone")]) == {}
        stored = {entry.url: entry.document for url in urls for entry in log.read(partition_of(url), 0)}
    assert [document.fields for url in urls if (document := stored[url])] == [{"x": 1}, {"x": 1}, {"price": 3, "x": 1}]
    assert appender.misfits == {"price": 2}
    (message,) = caplog.messages
    assert message.startswith(
        "https://ex.org/0: field 'price' is left out: 'a lot' is not a number; price is declared as"
    )
