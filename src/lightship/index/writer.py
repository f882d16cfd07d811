"""Writes a shard's index: puts and deletes documents, and commits them."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator, Mapping

import tantivy

from lightship.core.declaration import NO_FIELDS, NO_WEIGHTS, Fields, declared, weights
from lightship.core.errors import DamagedError, IncompatibleIndexError, LightshipError, OutOfSpaceError
from lightship.core.model import Document, url_digest
from lightship.index.analysis.languages import UNSTEMMED, stem_language
from lightship.index.fields.address import address_values, read_address
from lightship.index.fields.columns import add_columns, declared_texts
from lightship.index.fields.document import add_searched, add_vocabulary
from lightship.index.fields.schema import SCHEMA_VERSION, register_analyzers, schema
from lightship.index.fields.stored_document import add_source, modified_seconds
from lightship.index.storage.index_meta import META, manage_all, segments_of, set_block_size
from lightship.index.storage.merge_failures import MergeFailures
from lightship.index.storage.merge_priority import yield_in_merges

# How tantivy reports that its threads could not write a file; often without the system's error number
_UNWRITABLE = re.compile(r"index writer was killed|worker thread failed|an io error", re.IGNORECASE)
_ANOTHER_SCHEMA = re.compile(r"schema does not match|incompatible", re.IGNORECASE)
_UNREADABLE = re.compile(r"InvalidData|corrupt|Failed to open file for read", re.IGNORECASE)  # of a damaged file
_NUMBER = re.compile(r"(?:os error|\bcode:) (\d+)\b", re.IGNORECASE)
_NO_SPACE = {"27", "28", "122"}  # EFBIG, ENOSPC, EDQUOT


class IndexWriter:
    """The only writer of an index folder. Adding and committing release the GIL.

    Every method may raise OutOfSpaceError: uncommitted changes are then lost, and a new writer is needed.
    """

    def __init__(self, folder: str, *, heap_bytes: int, threads: int, declaration: str = "") -> None:
        """Open or create the index in `folder`, with the columns of `declaration`.

        Raises IncompatibleIndexError if another version created it, DamagedError if it can't be opened.
        """
        os.makedirs(folder, exist_ok=True)
        self._folder, self._fields, self._weights = folder, declared(declaration), weights(declaration)
        manage_all(folder)
        columns = schema(SCHEMA_VERSION, declaration)
        with _opening(folder):
            if not os.path.exists(os.path.join(folder, META)):
                tantivy.Index(columns, path=folder)
                set_block_size(folder)
            index = tantivy.Index(columns, path=folder)
        register_analyzers(index)
        index.config_reader("manual")
        self._index = index
        with _writing(folder):
            self._writer = index.writer(heap_bytes, threads)
        with _opening(folder):
            self._searcher = index.searcher()
        self._yields = False
        self._merges = MergeFailures(folder)

    def put(self, document: Document, *, new: bool = False) -> int:
        """Replace what is stored under the document's url; return the operation's stamp, which increases.

        `new` means that nothing is: it saves tantivy a lookup in every segment, a thirtieth of all its work.
        """
        made = to_tantivy(document, self._fields, self._weights)
        with _writing(self._folder):
            if not new:
                self._writer.delete_documents_by_term("url", document.url)
            return int(self._writer.add_document(made))

    def delete(self, url: str) -> int:
        """Delete what is stored under `url`, if anything; return the operation's stamp."""
        with _writing(self._folder):
            return int(self._writer.delete_documents_by_term("url", url))

    def has(self, url: str) -> bool:
        """Return True if a document may be stored under `url` as of the last commit; never wrongly False."""
        return bool(self._searcher.doc_freq("url", url))

    def commit(self) -> None:
        """Make all changes durable; merges continue in the background. Raises LightshipError if merges fail."""
        with _writing(self._folder):
            self._writer.commit()
        self._merges.check(segments_of(self._folder))
        self.refresh()
        if not self._yields:  # not earlier: a thread gets its name when it first runs
            yield_in_merges()
            self._yields = True

    def refresh(self) -> None:
        """Read the last commit, with merges that have ended since; files that these replaced are no longer held open."""
        with _opening(self._folder):
            self._index.reload()
            self._searcher = self._index.searcher()

    def close(self) -> None:
        """Wait for running merges, and release the folder."""
        with _writing(self._folder):
            self._writer.wait_merging_threads()


@contextlib.contextmanager
def _opening(folder: str) -> Iterator[None]:
    """Tell an index of another version from a damaged one."""
    try:
        with _writing(folder):
            yield
    except (ValueError, OSError) as error:
        if _ANOTHER_SCHEMA.search(str(error)):
            raise IncompatibleIndexError(
                f"{folder} has an index of another version ({error}); move it away, and it is rebuilt from the log"
            ) from error
        if _NUMBER.search(str(error)):  # the system's: of too many open files, for example
            raise LightshipError(f"can't open the index in {folder} ({error})") from error
        raise DamagedError(f"the index in {folder} is damaged: {error}") from error


@contextlib.contextmanager
def _writing(folder: str) -> Iterator[None]:
    """Raise OutOfSpaceError if tantivy's error (a ValueError, like all of its errors) means that the disk is full.

    Other disk errors raise LightshipError: waiting for free space would not fix them. What can't be parsed raises
    DamagedError.
    """
    try:
        yield
    except (ValueError, OSError) as error:
        numbers = set(_NUMBER.findall(str(error)))
        if numbers & _NO_SPACE or (not numbers and _UNWRITABLE.search(str(error))):
            raise OutOfSpaceError(f"can't write the index in {folder} ({error}); free some disk space") from error
        if not numbers and _UNREADABLE.search(str(error)):
            raise DamagedError(f"the index in {folder} is damaged: {error}") from error
        if _UNWRITABLE.search(str(error)):
            raise LightshipError(f"can't write the index in {folder} ({error}); check its disk") from error
        raise
    except BaseException as error:  # of a wrong number in a file; a panic is not an Exception, and can't be imported
        if type(error).__name__ != "PanicException":
            raise
        raise DamagedError(f"the index in {folder} is damaged: {error}") from error


def to_tantivy(
    document: Document,
    fields: Fields = NO_FIELDS,
    weighted: Mapping[str, int] = NO_WEIGHTS,
    *,
    only_found: bool = False,
) -> tantivy.Document:
    """Return the indexed form of `document`, with columns for the declared `fields`, and `weighted` texts.

    If it is `only_found`, it has nothing by which it is shown, ordered or suggested.
    """
    made = tantivy.Document()
    made.add_text("url", document.url)
    address = read_address(document.url)
    for name in address_values(address):
        made.add_text("site", name)
    if document.language:
        made.add_text("language", document.language)
    language = stem_language(document.language)
    if not language:
        made.add_text("language", UNSTEMMED)
    words = add_searched(made, document, language, declared_texts(document, fields, weighted))
    add_columns(made, document, address, fields)
    if not only_found:
        add_vocabulary(made, words)
        order = int.from_bytes(url_digest(document.url)[:8], "big")
        made.add_unsigned("order", order)
        made.add_unsigned("recency", recency(modified_seconds(document), order))
        add_source(made, document, address)
    return made


def recency(modified: int, order: int) -> int:
    """Return a key that sorts by time (seconds since 1970), and equal times by the upper bits of `order`."""
    return min(max(modified, 0), (1 << 36) - 1) << 28 | order >> 36
