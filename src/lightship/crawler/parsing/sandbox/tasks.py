"""What a reading process is asked to do: one task a message, with the bytes to read behind it."""

from __future__ import annotations

from typing import Any

import msgspec

from lightship.crawler.parsing.formats.feed import parse_feed
from lightship.crawler.parsing.formats.listing import Listed
from lightship.crawler.parsing.formats.sitemap import Sitemap, parse_sitemap
from lightship.crawler.parsing.html.extract import Page
from lightship.crawler.parsing.read import read_page

SECONDS = 30  # of processor time that one task may take
MEMORY = 192 << 20  # bytes of memory of one process
HEAD, LENGTH = (
    ">II",
    ">I",
)  # what comes before a task: the lengths of its message and body; before an answer: its length


class ReadPage(msgspec.Struct, tag="page", frozen=True):
    """Read a page as `read_page` does."""

    content_type: str
    url: str
    robots: list[str] = []
    agent: str = ""

    def __post_init__(self) -> None:
        """Make texts of headers, which may hold bytes that are none."""
        msgspec.structs.force_setattr(self, "content_type", _text(self.content_type))
        msgspec.structs.force_setattr(self, "robots", [_text(value) for value in self.robots])

    def run(self, body: bytes) -> Page:
        """Return what `body` holds."""
        return read_page(body, self.content_type, self.url, robots=self.robots, agent=self.agent)


class ReadSitemap(msgspec.Struct, tag="sitemap", frozen=True):
    """Read a sitemap as `parse_sitemap` does."""

    url: str

    def run(self, body: bytes) -> Sitemap:
        """Return what `body` lists."""
        return parse_sitemap(body, self.url)


class ReadFeed(msgspec.Struct, tag="feed", frozen=True):
    """Read a feed as `parse_feed` does."""

    content_type: str
    url: str

    def __post_init__(self) -> None:
        """Make a text of the header, as ReadPage does."""
        msgspec.structs.force_setattr(self, "content_type", _text(self.content_type))

    def run(self, body: bytes) -> list[Listed]:
        """Return what `body` lists."""
        return parse_feed(body, self.content_type, self.url)


def _text(header: str) -> str:
    return header.encode("utf-8", "replace").decode()


Task = ReadPage | ReadSitemap | ReadFeed


class Answer(msgspec.Struct, frozen=True):
    """What came of a task: a `result` in JSON, or the `problem` why there is none.

    `refused` tells that the problem is what was read, and not that its reading went wrong; `last`, that the process
    ends. `seconds` of processor time were used.
    """

    result: msgspec.Raw = msgspec.Raw(b"null")
    problem: str = ""
    refused: bool = False
    last: bool = False
    seconds: float = 0.0


decode_task = msgspec.json.Decoder(Task).decode
decode_answer = msgspec.json.Decoder(Answer).decode
_RESULTS: dict[type, Any] = {
    ReadPage: msgspec.json.Decoder(Page), ReadSitemap: msgspec.json.Decoder(Sitemap),
    ReadFeed: msgspec.json.Decoder(list[Listed]),
}  # fmt: skip


def result_of(task: Task, answer: Answer) -> Any:
    """Return what the task's `run` returned; raises msgspec.MsgspecError when it is not of that kind."""
    return _RESULTS[type(task)].decode(answer.result)
