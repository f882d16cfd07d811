"""A folder source opens nothing outside its folder, whatever links there are or change to."""

from __future__ import annotations

import os
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lightship.crawler.sources.files.below import LeadsOutError, open_below
from mockweb.feeding import Feed


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """Yield a folder that is not below /dev, where `make test` has the others: nothing there is read."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        yield Path(name)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "private").mkdir()
    (tmp_path / "private" / "secret.txt").write_text("secret")
    made = tmp_path / "docs"
    (made / "sub").mkdir(parents=True)
    (made / "sub" / "real.txt").write_text("real")
    (made / "inner.txt").symlink_to("sub/real.txt")
    (made / "out.txt").symlink_to("../private/secret.txt")
    (made / "chain.txt").symlink_to("out.txt")
    (made / "up").symlink_to("../private")
    (made / "host.txt").symlink_to("/etc/hostname")
    (made / "self.txt").symlink_to("/proc/self/status")
    os.mkfifo(made / "pipe.txt")
    (made / "zero.txt").symlink_to("/dev/zero")
    return made


def read(path: Path, folder: Path, *, follow: bool = False) -> str:
    with open(open_below(str(path), str(folder), follow=follow)) as file:
        return file.read()


def test_only_what_is_below_is_opened(folder: Path) -> None:
    assert read(folder / "inner.txt", folder) == read(folder / "sub" / "real.txt", folder) == "real"
    for name in ("out.txt", "chain.txt", "up/secret.txt", "host.txt", "self.txt", "zero.txt"):
        with pytest.raises(LeadsOutError):
            open_below(str(folder / name), str(folder), follow=False)


def test_with_the_setting_links_lead_out_but_to_no_device(folder: Path) -> None:
    for name in ("out.txt", "chain.txt", "up/secret.txt"):
        assert read(folder / name, folder, follow=True) == "secret"
    for name in ("self.txt", "zero.txt"):
        with pytest.raises(LeadsOutError):
            open_below(str(folder / name), str(folder), follow=True)


def test_what_is_no_file_is_not_opened(folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / "socket.txt"))
        for name in ("pipe.txt", "socket.txt", "sub"):
            with pytest.raises(OSError, match="not a regular file"):
                open_below(str(folder / name), str(folder), follow=False)


def test_a_folder_that_becomes_a_link_meanwhile_leads_nowhere(folder: Path) -> None:
    stop = threading.Event()
    (folder / "sub" / "secret.txt").write_text("harmless")

    def change() -> None:
        for number in range(1_000_000):
            if stop.is_set():
                break
            os.rename(folder / "sub", folder / "aside")
            os.symlink("../private", folder / "sub")
            time.sleep(0 if number % 2 else 0.0001)
            os.unlink(folder / "sub")
            os.rename(folder / "aside", folder / "sub")

    thread = threading.Thread(target=change)
    thread.start()
    found, reads, deadline = set(), 0, time.monotonic() + 60
    try:
        while reads < 3000 or ("harmless" not in found and time.monotonic() < deadline):
            reads += 1
            try:
                found.add(read(folder / "sub" / "secret.txt", folder))
            except OSError:
                found.add("")
    finally:
        stop.set()
        thread.join()
    assert "secret" not in found
    assert "harmless" in found


def test_a_folder_source_publishes_nothing_from_outside(
    folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    feed = Feed(tmp_path)
    with feed.running(folder):
        assert feed.documents().keys() == {"real.txt"}
    assert "out.txt: skipped: link to outside the folder" in caplog.text
    with feed.running(folder, follow_links=True):
        assert {"real.txt", "out.txt", "secret.txt"} <= feed.documents().keys()
        assert not {"self.txt", "zero.txt", "pipe.txt"} & feed.documents().keys()
    with feed.running(folder):
        assert feed.documents().keys() == {"real.txt"}


def test_an_archive_of_a_folder_is_not_read_from_outside(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    record = b"WARC/1.0\r\nWARC-Type: resource\r\nWARC-Target-URI: http://a.example/x\r\nContent-Type: text/html\r\nContent-Length: 4\r\n\r\n<p>x\r\n\r\n"
    (tmp_path / "private.warc").write_bytes(record)
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "own.warc").write_bytes(record.replace(b"/x", b"/y"))
    (tmp_path / "kept" / "link.warc").symlink_to(tmp_path / "private.warc")
    feed = Feed(tmp_path)
    with feed.running(tmp_path / "kept"):
        assert feed.documents().keys() == {"y"}
    assert "link.warc: skipped: link to outside the folder" in caplog.text
