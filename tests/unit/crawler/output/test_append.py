"""What a crawler found goes into the log, however long that is away; but a log that was replaced needs a restart."""

from __future__ import annotations

import os
import threading
from contextlib import closing
from pathlib import Path

import pytest

from lightship.core.errors import ReplacedError
from lightship.core.model import Change
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
