"""What the frontier remembers of a page, and what a visit to it brought."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import msgspec

from lightship.core.model import Change, Document
from lightship.crawler.parsing.html.fingerprint import NEAR, distance

AT_ONCE = 1.0  # as the time of a visit: long due; 0 means never visited


class State(IntEnum):
    """What a page is."""

    NEW = 0
    PAGE = 1  # its document is in the log
    ALIAS = 2  # it names another url of the host as its canonical one
    MOVED = 3  # it redirects
    EXCLUDED = 4  # it must not be indexed, or holds no text
    GONE = 5
    FAILED = 6  # never an answer so far
    DUPLICATE = 7  # another page of the site has the same text, and stands for it
    LIST = 8  # a sitemap or feed, read for what it lists


class Kind(IntEnum):
    """What a url is read as."""

    PAGE = 0
    SITEMAP = 1
    FEED = 2


class How(IntEnum):
    """What a url was found by."""

    SOURCE = 0
    LINK = 1
    REDIRECT = 2
    CANONICAL = 3
    ALTERNATE = 4
    SITEMAP = 5
    FEED = 6
    ROBOTS = 7
    GUESS = 8  # /sitemap.xml, which most sites have


class Link(NamedTuple):
    """A url (normal) that was found; `modified` is when it was last changed, in seconds since the epoch, 0 if nobody says."""

    url: str
    how: How = How.LINK
    kind: Kind = Kind.PAGE
    modified: float = 0.0


class Entry(NamedTuple):
    """A page of the frontier. `digest` is that of the document in the log, None when the log holds none.

    `hops` counts the redirects and canonical links that led here; an `own` page is indexed under its own url, since
    its canonical one could not be had. `visit` is when to look again, `fetched` when it was looked at last, `interval`
    the seconds between the two as far as the page alone decides. `content` is 8 bytes that stand for the text and 8
    for the title, `fingerprint` a SimHash of the text (0: too short). `doomed` is since when its document is to be deleted.
    """

    url: str
    site: str
    depth: int
    hops: int
    state: State
    visit: float
    failures: int
    etag: str | None
    last_modified: str | None
    digest: bytes | None
    own: bool
    kind: Kind
    fetched: float
    interval: float
    content: bytes | None
    fingerprint: int
    doomed: float | None


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What a visit to `entry` brought; `next_visit` is in seconds since the epoch.

    `digest` is that of `document`; `target` is what a MOVED page, ALIAS or DUPLICATE points to. `failed` tells that
    the visit got no usable answer, `kept` that the page is as it was. `pause` is how many seconds the site wants to be
    left alone, `size` the bytes that came.
    """

    entry: Entry
    state: State
    status: int = 0
    note: str = ""
    next_visit: float = 0.0
    interval: float = 0.0
    fetched: float = 0.0
    failures: int = 0
    etag: str | None = None
    last_modified: str | None = None
    document: Document | None = None
    digest: bytes | None = None
    content: bytes | None = None
    fingerprint: int = 0
    links: list[Link] = []
    target: str | None = None
    failed: bool = False
    pause: float = 0.0
    size: int = 0

    @property
    def kept(self) -> bool:
        """Whether the page stays what it was: the visit failed, or found it not modified."""
        return self.failed or self.status == 304

    @property
    def change(self) -> Change | None:
        """The document to put into the log, if it changed. Deletes are decided elsewhere (see Hold)."""
        if self.document is None or self.digest == self.entry.digest:
            return None
        return Change.put(self.document)

    @property
    def changed(self) -> bool:
        """Whether the page is not what it was at the visit before: by more than a date or counter in a long text."""
        entry = self.entry
        if self.kept or (self.state is entry.state and self.content == entry.content):
            return False
        both = self.fingerprint and entry.fingerprint and self.state is entry.state
        return not (both and distance(self.fingerprint, entry.fingerprint) <= NEAR)
