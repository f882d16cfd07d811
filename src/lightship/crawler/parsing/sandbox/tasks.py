"""The tasks of a parser process: one per message, followed by the bytes to parse."""

from __future__ import annotations

from typing import Any

import msgspec

from lightship.crawler.parsing.formats.feed import parse_feed
from lightship.crawler.parsing.formats.listing import Listed
from lightship.crawler.parsing.formats.sitemap import Sitemap, parse_sitemap
from lightship.crawler.parsing.html.extract import Page
from lightship.crawler.parsing.html.selection import Choice
from lightship.crawler.parsing.read import read_page

SECONDS = 30  # of CPU time per task
MEMORY = 192 << 20  # bytes of memory per process
HEAD, LENGTH = (
    ">II",
    ">I",
)  # precedes a task: the lengths of its message and body; precedes an answer: its length


class ReadPage(msgspec.Struct, tag="page", frozen=True):
    """Parse a page with `read_page`."""

    content_type: str
    url: str
    robots: list[str] = []
    agent: str = ""
    select: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Convert headers with undecodable bytes to valid text."""
        msgspec.structs.force_setattr(self, "content_type", _text(self.content_type))
        msgspec.structs.force_setattr(self, "robots", [_text(value) for value in self.robots])

    def run(self, body: bytes) -> Page:
        """Return the contents of `body`."""
        choice = Choice(self.select, self.drop)
        return read_page(body, self.content_type, self.url, robots=self.robots, agent=self.agent, choice=choice)


class ReadSitemap(msgspec.Struct, tag="sitemap", frozen=True):
    """Parse a sitemap with `parse_sitemap`."""

    url: str

    def run(self, body: bytes) -> Sitemap:
        """Return the list in `body`."""
        return parse_sitemap(body, self.url)


class ReadFeed(msgspec.Struct, tag="feed", frozen=True):
    """Parse a feed with `parse_feed`."""

    content_type: str
    url: str

    def __post_init__(self) -> None:
        """Convert the header to valid text, like ReadPage."""
        msgspec.structs.force_setattr(self, "content_type", _text(self.content_type))

    def run(self, body: bytes) -> list[Listed]:
        """Return the list in `body`."""
        return parse_feed(body, self.content_type, self.url)


def _text(header: str) -> str:
    return header.encode("utf-8", "replace").decode()


Task = ReadPage | ReadSitemap | ReadFeed


class Answer(msgspec.Struct, frozen=True):
    """The outcome of a task: a `result` in JSON, or the `problem` why there is none.

    `refused`: the content is invalid, rather than the parser having failed. `last`: the process ends. `seconds` is the
    CPU time used.
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
    """Return the result of the task's `run`; raises msgspec.MsgspecError if it is of another type."""
    return _RESULTS[type(task)].decode(answer.result)
