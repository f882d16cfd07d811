"""Writes a shard's index: puts and deletes documents, and commits them."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from functools import lru_cache
from urllib.parse import unquote

import tantivy

from lightship.core.errors import IncompatibleIndexError, LightshipError, OutOfSpaceError
from lightship.core.model import Document, url_digest
from lightship.index.fields.analysis import (
    DEFAULT_LANGUAGE,
    cjk_grams,
    prepared,
    stem_language,
    without_cjk,
    word_analyzer,
)
from lightship.index.fields.schema import SCHEMA_VERSION, UNSTEMMED, cjk, register_analyzers, schema
from lightship.index.fields.stored_document import encode_source, modified_seconds
from lightship.index.storage.merge_failures import MergeFailures
from lightship.index.storage.merge_priority import yield_in_merges
from lightship.index.storage.segments import segments_of

# What tantivy says when it can't write a file, of a merge or a segment, in its threads: often that alone, or the system's number
_UNWRITABLE = re.compile(r"index writer was killed|worker thread failed|an io error", re.IGNORECASE)
_NUMBER = re.compile(r"(?:os error|\bcode:) (\d+)\b", re.IGNORECASE)
_NO_SPACE = {"27", "28", "122"}  # the file, the disk, the quota
_SCHEME = re.compile(r"^[a-z][a-z0-9+.-]*:/*", re.IGNORECASE)


class IndexWriter:
    """The one writer of an index folder. Adding and committing release the interpreter's lock.

    Every method may raise OutOfSpaceError; what was not committed by then is lost, and another writer has to be made.
    """

    def __init__(self, folder: str, *, heap_bytes: int, threads: int) -> None:
        """Open (or make) the index in `folder`; raises IncompatibleIndexError when another version made it."""
        os.makedirs(folder, exist_ok=True)
        self._folder = folder
        try:
            with _writing(folder):
                index = tantivy.Index(schema(SCHEMA_VERSION), path=folder)
        except (ValueError, OSError) as error:
            raise IncompatibleIndexError(
                f"{folder} holds an index of another version ({error}); move it away and it is built again from the log"
            ) from error
        register_analyzers(index)
        index.config_reader("manual")
        self._index = index
        with _writing(folder):
            self._writer = index.writer(heap_bytes, threads)
        self._searcher = index.searcher()
        self._yields = False
        self._merges = MergeFailures(folder)

    def put(self, document: Document, *, new: bool = False) -> int:
        """Replace what is stored under the document's url; return the operation's stamp, a rising number.

        With `new` nothing is: tantivy is spared to look for it in every segment, which is a thirtieth of all its work.
        """
        made = to_tantivy(document)
        with _writing(self._folder):
            if not new:
                self._writer.delete_documents_by_term("url", document.url)
            return int(self._writer.add_document(made))

    def delete(self, url: str) -> int:
        """Delete what is stored under `url`, if anything; return the operation's stamp."""
        with _writing(self._folder):
            return int(self._writer.delete_documents_by_term("url", url))

    def has(self, url: str) -> bool:
        """Tell whether a document may be stored under `url` since the last commit or before; never wrongly False."""
        return bool(self._searcher.doc_freq("url", url))

    def commit(self) -> None:
        """Make all changes durable; merges go on in the background. Raises LightshipError when they fail."""
        with _writing(self._folder):
            self._writer.commit()
        self._merges.check(segments_of(self._folder))
        self._index.reload()
        self._searcher = self._index.searcher()
        if not self._yields:  # not before: a thread has its name only when it runs
            yield_in_merges()
            self._yields = True

    def close(self) -> None:
        """Wait for merges that are under way, and give the folder up."""
        with _writing(self._folder):
            self._writer.wait_merging_threads()


@contextlib.contextmanager
def _writing(folder: str) -> Iterator[None]:
    """Raise OutOfSpaceError for what tantivy raises when it can't write: a ValueError, as for everything else.

    A disk with other trouble, like one that can't be read, is no full one: waiting would not mend it.
    """
    try:
        yield
    except (ValueError, OSError) as error:
        numbers = set(_NUMBER.findall(str(error)))
        if numbers & _NO_SPACE or (not numbers and _UNWRITABLE.search(str(error))):
            raise OutOfSpaceError(
                f"can't write the index in {folder} ({error}): free some space on its disk"
            ) from error
        if _UNWRITABLE.search(str(error)):
            raise LightshipError(f"can't write the index in {folder} ({error}): look at its disk") from error
        raise


def to_tantivy(document: Document) -> tantivy.Document:
    """Return the indexed form of `document`."""
    made = tantivy.Document()
    made.add_text("url", document.url)
    for name in sites(document.site):
        made.add_text("site", name)
    if document.language:
        made.add_text("language", document.language)
    language = stem_language(document.language)
    if not language:
        made.add_text("language", UNSTEMMED)
    _add(made, "title", [document.title], language)
    _add(made, "headings", document.headings, language)
    _add(made, "path", [url_words(document.url)], DEFAULT_LANGUAGE)
    _add(made, "body", [document.text, document.description], language)
    order = int.from_bytes(url_digest(document.url)[:8], "big")
    made.add_unsigned("order", order)
    made.add_unsigned("recency", recency(modified_seconds(document), order))
    made.add_bytes("source", encode_source(document))
    return made


def _add(made: tantivy.Document, field: str, texts: list[str], language: str) -> None:
    asian = []
    for given in texts:
        text, is_asian = prepared(given)
        if is_asian:
            asian.append(text)
            text = without_cjk(text)
        if not text:
            continue
        if language == DEFAULT_LANGUAGE:  # the field's own analyzer: tokens stay in Rust, more than twice as fast
            made.add_text(field, text)
        else:
            made.add_pre_tokenized_text(field, word_analyzer(language).pre_tokenize(text))
    if asian:
        made.add_text(cjk(field), cjk_grams(asian))


def recency(modified: int, order: int) -> int:
    """Return a key that sorts by time in seconds (from 1970 on), equal times by the upper bits of `order`."""
    return min(max(modified, 0), (1 << 36) - 1) << 28 | order >> 36


@lru_cache(maxsize=4096)
def sites(site: str) -> list[str]:
    """Return what `site:` finds a document by: its host with and without port, and the domains above the host."""
    host = site.rpartition(":")[0] if site.rpartition(":")[2].isdecimal() else site
    labels = host.split(".")
    domains = [] if host.replace(".", "").isdecimal() else [".".join(labels[i:]) for i in range(1, len(labels) - 1)]
    return list(dict.fromkeys(name for name in (site, host, *domains) if name))


def url_words(url: str) -> str:
    """Return the words of a url: host, path and query without the scheme, percent-encoding undone."""
    return unquote(_SCHEME.sub("", url))
