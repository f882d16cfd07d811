"""A page of the frontier, and the outcome of a visit to it."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import msgspec

from lightship.core.model import Change, Document
from lightship.crawler.parsing.signals.fingerprint import NEAR, distance

AT_ONCE = 1.0  # as the time of the next visit: overdue (0 means never visited)
NEVER = 1e18  # as the time of the next visit of a page that a rule refuses


class State(IntEnum):
    """The state of a page."""

    NEW = 0
    PAGE = 1  # its document is in the log
    ALIAS = 2  # it names another URL of the host as its canonical one
    MOVED = 3  # it redirects
    EXCLUDED = 4  # it must not be indexed, or holds no text
    GONE = 5
    FAILED = 6  # no usable answer so far
    DUPLICATE = 7  # another page of the site has the same text, and is indexed instead
    LIST = 8  # a sitemap or feed, read for the URLs it lists
    REFUSED = 9  # a rule refuses it, though it was found before; it is not visited


class Kind(IntEnum):
    """How a URL is parsed."""

    PAGE = 0
    SITEMAP = 1
    FEED = 2


class How(IntEnum):
    """How a URL was found."""

    SOURCE = 0
    LINK = 1
    REDIRECT = 2
    CANONICAL = 3
    ALTERNATE = 4
    SITEMAP = 5
    FEED = 6
    ROBOTS = 7
    GUESS = 8  # /sitemap.xml, which most sites have
    START = 9  # where a source is to begin besides its own url
    LISTED = 10  # by a link first, and then by a sitemap


class Link(NamedTuple):
    """A discovered URL (normal); `modified` is the time of its last change, in seconds since the epoch (0: unknown)."""

    url: str
    how: How = How.LINK
    kind: Kind = Kind.PAGE
    modified: float = 0.0


class Entry(NamedTuple):
    """A page of the frontier. `digest` is that of the document in the log, None if there is none.

    `hops` counts the redirects and canonical links that led here; an `own` page is indexed under its own URL, because
    its canonical one is not available. `visit` is the time of the next visit, `fetched` of the last, `interval` the
    page's own interval in seconds. `content` has 8-byte hashes of the text, the title and its telling words, `fingerprint`
    a SimHash of the text (0: too short). `doomed` is the time since which its document is to be deleted.
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
    """The outcome of a visit to `entry`; `next_visit` is in seconds since the epoch.

    `digest` is that of `document`; `target` is what a MOVED, ALIAS or DUPLICATE page points to. `failed`: the visit got
    no usable answer; `kept`: the page is unchanged. `pause` is for how many seconds the site asked not to be visited,
    `size` the bytes received. `alike`: how the titles of the site begin, if that has just become known (state/titles.py).
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
    alike: str = ""

    @property
    def kept(self) -> bool:
        """Whether the page's state is unchanged: the visit failed, or found it not modified."""
        return self.failed or self.status == 304

    @property
    def change(self) -> Change | None:
        """The document to put into the log, if it changed. Deletes are decided elsewhere (see DeletionGuard)."""
        if self.document is None or self.digest == self.entry.digest:
            return None
        return Change.put(self.document)

    @property
    def changed(self) -> bool:
        """Whether the page has changed since the previous visit by more than a date or counter in a long text."""
        entry = self.entry
        if self.kept or (self.state is entry.state and self.content == entry.content):
            return False
        both = self.fingerprint and entry.fingerprint and self.state is entry.state
        return not (both and distance(self.fingerprint, entry.fingerprint) <= NEAR)
