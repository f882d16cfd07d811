"""A shard's index in two tiers that are published as one: a large index, and a small one for recent changes.

tantivy merges small segments with the next larger ones, and its Python binding can't prevent that: with one index, a
few changes per second would cause thousands of documents to be rewritten and sent to every replica each second. So
changes go to a small index, whose merges are small, and move to the large one once there are enough of them for a
segment. The small index needs no positions: it is rebuilt from the log at each start.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from dataclasses import dataclass

from lightship.core.model import Document
from lightship.index.storage.index_meta import opstamp
from lightship.index.writer import IndexWriter

SMALL_MOST = 500  # documents; if more arrive between two commits, they go directly to the large index
SMALL_HEAP = 32 << 20  # bytes


@dataclass
class Changes:
    """Changes of a large index: URLs deleted from it (if present), and documents added."""

    deleted: list[str]
    added: int


def folders_of(folder: str) -> tuple[str, str]:
    """Return the folders of the large and the small index of the shard in `folder`."""
    return os.path.join(folder, "index"), os.path.join(folder, "small")


class Tiers:
    """Writes both indexes of a shard; used by one thread. A URL is in at most one of them."""

    def __init__(self, folder: str, *, heap_bytes: int, threads: int, declaration: str = "") -> None:
        """Open `folder`/index, the large one; `folder`/small starts empty. Both have the fields of `declaration`."""
        large, small = self.folders = folders_of(folder)
        shutil.rmtree(small, ignore_errors=True)
        with contextlib.ExitStack() as opened:  # a failure leaves no folder locked, so it can be retried
            self._large = IndexWriter(large, heap_bytes=heap_bytes, threads=threads, declaration=declaration)
            opened.callback(self._large.close)
            self._small = IndexWriter(small, heap_bytes=SMALL_HEAP, threads=1, declaration=declaration)
            opened.callback(self._small.close)
            self._small.commit()
            self._opened = opened.pop_all()
        self._recent: dict[str, Document] = {}  # the documents in the small index
        self._added: set[str] = set()  # URLs put into the large one since its last commit
        self._stamp = opstamp(large)  # of the last operation on the large index
        self._large_changed = self._small_changed = self._direct = False
        self._count = 0
        self._changes = Changes([], 0)

    def put(self, document: Document) -> None:
        """Put a document, replacing any with the same URL."""
        self._count += 1
        if self._direct:
            self._put_large(document)
            return
        self._delete_large(document.url)
        self._small.put(document, new=document.url not in self._recent)
        self._recent[document.url] = document
        self._small_changed = True
        if len(self._recent) > SMALL_MOST:
            self.move()

    def delete(self, url: str) -> None:
        """Delete the document at `url`, if there is one."""
        self._count += 1
        if self._direct:
            self._note_deleted(url)
            self._stamp, self._large_changed = self._large.delete(url), True
            return
        self._delete_large(url)
        if self._recent.pop(url, None) is not None:
            self._small.delete(url)
            self._small_changed = True

    def move(self) -> None:
        """Move all documents to the large index; until the next commit, changes go there directly."""
        for url, document in self._recent.items():
            self._put_large(document)
            self._small.delete(url)
        self._small_changed = self._small_changed or bool(self._recent)
        self._recent.clear()
        self._direct = True

    def stamp_of_all(self) -> int | None:
        """Return the stamp above which a commit of the large index contains all changes so far; None if none will."""
        return self._stamp if self._large_changed and not self._recent else None

    def commit(self) -> None:
        """Make all changes durable, and ready to be published."""
        if self._large_changed:
            self._large.commit()
            self._added.clear()
        if self._small_changed:
            self._small.commit()
        self._direct = self._count > SMALL_MOST and not self._recent  # a burst: more will come
        self._large_changed = self._small_changed = False
        self._count = 0

    def refresh(self) -> None:
        """Let go of the files that merges have replaced since the last commit."""
        self._large.refresh()
        self._small.refresh()

    def take_changes(self) -> Changes:
        """Return the changes of the large index since the last call; call it after a commit."""
        changes, self._changes = self._changes, Changes([], 0)
        return changes

    def close(self) -> None:
        """Wait for running merges, and release the folders."""
        self._opened.close()

    def _put_large(self, document: Document) -> None:
        new = not self._note_deleted(document.url) and document.url not in self._added
        self._added.add(document.url)
        self._changes.added += 1
        self._stamp, self._large_changed = self._large.put(document, new=new), True

    def _note_deleted(self, url: str) -> bool:
        if not self._large.has(url):
            return False
        self._changes.deleted.append(url)
        return True

    def _delete_large(self, url: str) -> None:
        if self._note_deleted(url):
            self._stamp, self._large_changed = self._large.delete(url), True
