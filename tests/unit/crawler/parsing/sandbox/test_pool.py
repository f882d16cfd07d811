"""Pages are read in processes of their own: what a page does there befalls that page alone."""

from __future__ import annotations

import asyncio
import fcntl
import os
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import CancelledError
from pathlib import Path

import msgspec
import pytest

from lightship.core.errors import InvalidDocumentError, UnreadableError
from lightship.crawler.parsing.encodings.media import HTML, PDF
from lightship.crawler.parsing.formats.sitemap import parse_sitemap
from lightship.crawler.parsing.read import read_page
from lightship.crawler.parsing.sandbox import process as limits
from lightship.crawler.parsing.sandbox.pool import ParserPool, StoppedError
from lightship.crawler.parsing.sandbox.tasks import HEAD, LENGTH, ReadFeed, ReadPage, ReadSitemap
from support import wait_until

URL = "https://example.org/"
PAGE = ReadPage(HTML, URL)
SLOW = b"<p " + b" ".join(b"a%d=1" % number for number in range(300_000)) + b">"  # quadratic: many minutes
LARGE = b"<div>" * 1_600_000


@pytest.fixture
def stop() -> threading.Event:
    return threading.Event()


@pytest.fixture
def pool(stop: threading.Event) -> Iterator[ParserPool]:
    with ParserPool(2, stop) as made:
        yield made


def pids(pool: ParserPool) -> list[int]:
    return [made.pid for each in pool._processes if (made := each._process)]


def test_what_is_read_there_is_what_is_read_here(pool: ParserPool) -> None:
    body = "<title>T</title><meta name=date content=2024-05-06><p>words é 中<a href=/x>x</a>".encode()
    task = ReadPage("text/html; charset=utf-8", URL, ["nofollow"], "lightship")
    assert pool.wait("a", task, body) == read_page(body, task.content_type, URL, robots=["nofollow"], agent="lightship")
    sitemap = b"<urlset><url><loc>/a</loc><lastmod>2024-05-06T07:08:09+02:00</lastmod></url></urlset>"
    assert pool.wait("a", ReadSitemap(URL), sitemap) == parse_sitemap(sitemap, URL)
    feed = b"<rss><item><link>/a</link></item></rss>"
    assert [page.url for page in asyncio.run(pool.read("a", ReadFeed("", URL), feed))] == [f"{URL}a"]
    assert pool.wait("a", ReadPage("text/html; x=\udcff", URL, ["\udcff"]), b"<p>x").text == "x"


def test_what_can_not_be_read_is_told_in_the_same_words(pool: ParserPool) -> None:
    for body, kind in ((b"\0" * 5000, HTML), (b"%PDF-1.7 nothing", PDF)):
        with pytest.raises(InvalidDocumentError) as here:
            read_page(body, kind, URL)
        with pytest.raises(InvalidDocumentError) as there:
            pool.wait("a", ReadPage(kind, URL), body)
        assert str(here.value) == str(there.value)
        assert not isinstance(there.value, UnreadableError)


def test_a_page_that_takes_too_much_is_one_failed_page(pool: ParserPool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "WALL_SECONDS", 3.0)
    slow, large = pool.submit("bad", PAGE, SLOW), pool.submit("bad", PAGE, LARGE)
    began = time.monotonic()
    assert pool.wait("good", PAGE, b"<p>text").text == "text"
    assert time.monotonic() - began < 2.5, "the other site waited"
    assert "more than 3 s" in str(slow.exception(30))
    assert "memory" in str(large.exception(30)) or "3 s" in str(large.exception(30))
    assert pool.wait("bad", PAGE, b"<p>text").text == "text"


def test_processor_time_is_bounded_by_the_kernel(monkeypatch: pytest.MonkeyPatch, stop: threading.Event) -> None:
    program = "from lightship.crawler.parsing.sandbox import worker; worker.SECONDS = 0; worker.main()"
    monkeypatch.setattr(limits, "COMMAND", ("-c", program))
    with ParserPool(1, stop) as pool:
        with pytest.raises(UnreadableError, match="processor time"):
            pool.wait("a", PAGE, SLOW)
        assert pool.wait("a", PAGE, b"<p>text").text == "text"


@pytest.mark.parametrize(
    ("does", "problem"),
    [
        ("os.kill(os.getpid(), 11)", "SIGSEGV"),
        ("os._exit(3)", "exit status 3"),
        ("raise RecursionError('too deep')", "RecursionError: too deep"),
        ("raise BaseException('a panic')", "broke a library: a panic"),
        ("raise MemoryError", "memory"),
        ("bytearray(1 << 30)", "memory"),
        ("os.write(os.open('written', os.O_CREAT | os.O_WRONLY), b'x')", "OSError"),
        *([("os.fork()", "failed|broke")] if os.geteuid() else []),  # root may have as many processes as it likes
        ("[open('/dev/null') for _ in range(100)]", "Too many open files"),
        ("return print('noise') or os.environ.get('SECRET', 'none')", ""),
    ],
)
def test_whatever_reading_does_befalls_that_page_alone(
    does: str, problem: str, stop: threading.Event, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = f"""
import os
import struct
from lightship.crawler.parsing.sandbox import tasks, worker
def run(self, body):
    if body == b'bad':
        {does}
    return tasks.Page(text=body.decode())
tasks.ReadPage.run = run
worker.main()"""
    monkeypatch.setattr(limits, "COMMAND", ("-c", program))
    monkeypatch.setenv("SECRET", "LIGHTSHIP_TOKEN")
    monkeypatch.chdir(tmp_path)
    with ParserPool(1, stop) as pool:
        if problem:
            with pytest.raises(UnreadableError, match=problem):
                pool.wait("a", PAGE, b"bad")
        else:
            with pytest.raises(UnreadableError, match="failed"):  # a text is no page
                pool.wait("a", PAGE, b"bad")
        assert pool.wait("a", PAGE, b"good").text == "good"


def test_nothing_of_the_parent_is_inherited(pool: ParserPool, monkeypatch: pytest.MonkeyPatch) -> None:
    if sys.platform != "linux":
        pytest.skip("told by /proc")
    monkeypatch.setenv("LIGHTSHIP_TOKEN", "a secret of enough characters")
    pool.wait("a", PAGE, b"x")
    wait_until(lambda: len(pids(pool)) == 2, 5, "both have started")
    for pid in pids(pool):
        assert b"secret" not in Path(f"/proc/{pid}/environ").read_bytes()
    reader = next(pid for pid in pids(pool) if "/dev/null" in os.readlink(f"/proc/{pid}/fd/1"))
    opened = [os.readlink(f"/proc/{reader}/fd/{number}") for number in os.listdir(f"/proc/{reader}/fd")]
    assert all(place == "/dev/null" or place.startswith("pipe:") for place in opened), opened


def test_an_end_interrupts_whatever_is_read(stop: threading.Event) -> None:
    with ParserPool(1, stop) as pool:
        running, waiting = pool.submit("a", PAGE, SLOW), pool.submit("a", PAGE, b"x")
        wait_until(running.running, 5, "it is read")
        threading.Timer(0.1, stop.set).start()
        with pytest.raises(StoppedError):
            pool.wait("a", PAGE, b"x")
        ended = pids(pool)
        began = time.monotonic()
    assert time.monotonic() - began < 2
    assert isinstance(running.exception(1), StoppedError)
    with pytest.raises(CancelledError):
        waiting.result(1)
    for pid in ended:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere its limit of processor time ends it")
def test_it_dies_with_its_parent_whatever_it_does() -> None:
    program = f"""
import threading, time
from lightship.crawler.parsing.sandbox.pool import ParserPool
from lightship.crawler.parsing.sandbox.tasks import ReadPage
with ParserPool(1, threading.Event()) as pool:
    future = pool.submit("a", ReadPage("text/html", {URL!r}), b"<p " + b" ".join(b"a%d=1" % n for n in range(300_000)))
    while pool._processes[0].memory < 35 << 20: time.sleep(0.01)
    print(pool._processes[0]._process.pid, flush=True)
    time.sleep(60)"""
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
    assert parent.stdout
    pid = int(parent.stdout.readline())
    parent.kill()
    parent.communicate()

    def is_gone() -> bool:
        try:
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
        except FileNotFoundError:
            return True

    wait_until(is_gone, 5, "the reading process has ended")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere its limit of processor time ends it")
def test_it_reads_nothing_for_a_parent_that_died_before_it_began() -> None:
    message, body = msgspec.json.encode(PAGE), SLOW[:700_000] + b">"
    read, write = os.pipe()
    fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, 1 << 20)
    assert os.write(write, struct.pack(HEAD, len(message), len(body)) + message + body) > len(body)
    os.close(write)
    with open(read, "rb") as stdin:
        reader = subprocess.Popen([sys.executable, *limits.COMMAND], stdin=stdin, stdout=subprocess.PIPE)
    assert reader.communicate(timeout=60)[0] == struct.pack(LENGTH, 0)  # it was ready, and answered nothing
    assert reader.returncode == 0
