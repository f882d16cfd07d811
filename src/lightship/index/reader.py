"""Reads the composed index of a replica: opens it, follows its changes, and searches it."""

from __future__ import annotations

import os
import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import itemgetter
from typing import Any

import tantivy

from lightship.core.caching import Recent
from lightship.core.declaration import BUILT_IN, NO_FIELDS, Fields, declared
from lightship.core.errors import (
    DamagedError,
    IncompatibleIndexError,
    InvalidInputError,
    LightshipError,
    UnavailableError,
)
from lightship.core.manifest import Manifest
from lightship.index.analysis.languages import DEFAULT_LANGUAGE, STEMMERS, UNSTEMMED
from lightship.index.analysis.versions import analysis_of
from lightship.index.columns.conditions import Condition, Span
from lightship.index.columns.grouping import Group
from lightship.index.columns.selection import Bounds
from lightship.index.fields.built_in import SINCE as BUILT_IN_SINCE
from lightship.index.fields.schema import (
    FORMS,
    REPEATS,
    REPEATS_SINCE,
    REPETITIVE,
    check_version,
    column,
    main_field,
    register_analyzers,
    schema,
)
from lightship.index.fields.stored_document import read_source
from lightship.index.query.boolean import MUST, any_of, joined
from lightship.index.query.compiler import Compiled
from lightship.index.query.vocabulary import Vocabulary
from lightship.index.storage.index_meta import META
from lightship.index.storage.segments import composed, left_out
from lightship.runtime.files import stamp_of

MAX_TIES = 100_000  # documents of equal score that are sorted by url digest; beyond that, the order is the segments'
FEW_TIES = 500  # that are sorted in less than a millisecond
_SPARE = 8  # results fetched beyond the page, to detect a tie that crosses its end
_ATTEMPTS = 50
_MAX_FREQUENCIES = 20_000  # some 3 MB
_MAX_STEMS = 8000  # some 1 MB
_LONGEST_TERM = 250  # characters of one that is kept
MAX_SPELLINGS = 5000  # values of a keyword whose case is forgiven

Hit = tuple[float, Any]  # score and address
_score = itemgetter(0)


@dataclass(frozen=True)
class View:
    """An immutable snapshot of the index: schema version, manifests, and a searcher over exactly their segments.

    The searcher leaves out damaged segments, whose ids are `left_out`. A view of only some of the documents knows how many
    there are in the `whole` index, and its scores are not shown, since they tell of the others (scoped.py).
    """

    version: int
    manifests: tuple[Manifest, ...]
    searcher: tantivy.Searcher
    languages: tuple[str, ...]
    left_out: frozenset[str] = frozenset()
    whole: int | None = None

    @property
    def is_scoped(self) -> bool:
        """Whether it is a view of only some of the documents."""
        return self.whole is not None

    @cached_property
    def scopes(self) -> dict[tuple[tuple[str, str], ...], View]:
        """The scoped views of this one, by their filters: kept here, so that files are closed with the last view of them."""
        return {}

    @cached_property
    def fields(self) -> Fields:
        """The fields that can be filtered, counted and sorted by, and their kinds: the declared ones first."""
        return {**declared(self._declaration), **(BUILT_IN if self.version >= BUILT_IN_SINCE else NO_FIELDS)}

    @cached_property
    def schema(self) -> tantivy.Schema:
        """The schema of the index, with the columns of its fields."""
        return schema(self.version, self._declaration)

    def varies(self, name: str) -> bool:
        """Whether documents have more than one value of the keyword `name`."""
        if name not in self._varying:
            self._varying[name] = len(self.terms_with_prefix(column(name), "", 2)) > 1
        return self._varying[name]

    @cached_property
    def _varying(self) -> dict[str, bool]:
        return {}

    def spellings(self, name: str) -> dict[str, tuple[str, ...]]:
        """Return the most frequent values of a declared keyword, by what they are without regard to case."""
        if name not in self._spellings:
            found: dict[str, tuple[str, ...]] = {}
            for value in self.terms_with_prefix(column(name), "", MAX_SPELLINGS):
                found[value.casefold()] = (*found.get(value.casefold(), ()), value)
            self._spellings[name] = found
        return self._spellings[name]

    @cached_property
    def _spellings(self) -> dict[str, dict[str, tuple[str, ...]]]:
        return {}

    @cached_property
    def met(self) -> Bounds:
        """The smallest and the largest value of each number and date that facets have had: what is likely the next time."""
        return {}

    @property
    def _declaration(self) -> str:
        return self.manifests[0].layout.fields if self.manifests else ""

    @cached_property
    def documents(self) -> int:
        """The number of live documents."""
        return int(self.searcher.num_docs)

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """What was looked up about words."""
        return Vocabulary(self.version, self.languages, weakref.proxy(self))  # a cycle would keep files mapped for long

    def documents_in(self, language: str) -> int:
        """Return the number of documents whose words are stemmed in `language`, deleted ones included."""
        return self._sizes.get(language, 0)

    @cached_property
    def _sizes(self) -> dict[str, int]:
        """The number of documents by language; those without a language count as in the default one."""
        others = {language: self._stemmed_in(language) for language in self.languages if language != DEFAULT_LANGUAGE}
        return {**others, DEFAULT_LANGUAGE: max(self.documents - sum(others.values()), 0)}

    def _stemmed_in(self, language: str) -> int:
        return self.documents_with("language", language or UNSTEMMED)

    def documents_with(self, field: str, term: str) -> int:
        """Return the number of documents that have `term` in `field`, deleted ones included. Raises DamagedError."""
        count = self._frequencies.get((field, term))
        if count is None:
            with reading:
                count = int(self.searcher.doc_freq(field, term))
            self._keep(field, term, count)
        return count

    @cached_property
    def is_repetitive(self) -> bool:
        """Whether any document repeats a word thousands of times (repetitive.py)."""
        marks = (REPEATS, REPETITIVE) if self.version >= REPEATS_SINCE else ()
        return any(self.documents_with(FORMS, mark) for mark in marks)

    def repeating(self, term: str) -> int:
        """Return how many documents have `term` thousands of times."""
        return self.documents_with(FORMS, REPEATS + term)

    def repetitive_with(self, field: str, term: str) -> int:
        """Return how many documents with `term` in `field` repeat a word, and were indexed before marks said which."""
        key = (f"{REPETITIVE}{field}", term)
        count = self._frequencies.get(key)
        if count is None:
            terms = ((field, term), (FORMS, REPETITIVE))
            query = tantivy.Query.boolean_query([
                (tantivy.Occur.Must, tantivy.Query.term_query(self.schema, *each, "basic")) for each in terms
            ])  # fmt: skip
            with reading:
                count = int(self.searcher.search(query, 1).count or 0)
            self._keep(*key, count)
        return count

    def longer_with(self, terms: Sequence[tuple[str, str]], characters: float) -> int:
        """Return how many documents with one of the `terms`, by field, have at least so many `characters` of text."""
        queries = [tantivy.Query.term_query(self.schema, *each, "basic") for each in terms]
        longer = Condition("length", "number", (Span(characters, None),)).query(self.schema)
        with reading:
            return int(self.searcher.search(joined([(MUST, any_of(queries)), (MUST, longer)]), 1).count or 0)

    @cached_property
    def _frequencies(self) -> Recent[tuple[str, str], int]:
        """Those looked up in this view: a query asks for each of its terms several times."""
        return Recent(_MAX_FREQUENCIES)

    @cached_property
    def _stems(self) -> Recent[str, int]:
        """The frequencies of stems in any language."""
        return Recent(_MAX_STEMS)

    def _keep(self, field: str, term: str, count: int) -> None:
        if len(term) <= _LONGEST_TERM:
            self._frequencies.keep((field, term), count)

    def terms_with_prefix(self, field: str, prefix: str, limit: int) -> list[str]:
        """Return the terms of `field` that begin with `prefix`, most frequent first, at most `limit`. Raises DamagedError."""
        return [term for term, _ in self.counted_terms(field, prefix, limit)]

    def counted_terms(
        self, field: str, prefix: str, limit: int, among: tantivy.Query | None = None
    ) -> list[tuple[str, int]]:
        """Return such terms, each with the number of documents that have it, of all or those that `among` finds."""
        with reading:
            return list(self.searcher.terms_with_prefix(field, prefix, among, limit=limit))

    def frequency(self, stem: str) -> int:
        """Return the number of documents that have `stem`, of any language, in their text."""
        count = self._stems.get(stem)
        if count is None:
            analysis, field = analysis_of(self.version), main_field(self.version)
            made = (term for language in self.languages for term in analysis.with_language([stem], language))
            count = sum(self.documents_with(field, term) for term in dict.fromkeys(made))
            if len(stem) <= _LONGEST_TERM:
                self._stems.keep(stem, count)
        return count


@dataclass(frozen=True)
class Found:
    """The documents of one page, best first: their scores (None when ordered by a field) and addresses.

    `groups` are theirs if the results are grouped; `total` is then the number of groups.
    """

    total: int
    scores: list[float | None]
    addresses: list[tantivy.DocAddress]
    searcher: tantivy.Searcher
    groups: Sequence[Group | None] | None = None

    def stored(self, number: int) -> bytes:
        """Return the stored bytes of document `number` (from 0), for `decode_source`; takes 1 to 2 ms per megabyte of text.

        Raises DamagedError when they can't be read.
        """
        with reading:
            return read_source(self.searcher.doc(self.addresses[number]))


class IndexReader:
    """Follows the index in a folder. `view` is replaced as a whole by `reload`."""

    def __init__(self, folder: str) -> None:
        """Open the composed index in `folder`.

        Raises IncompatibleIndexError if another version of this program wrote it, DamagedError.
        """
        self._folder, self._meta = folder, os.path.join(folder, META)
        try:
            self._version = _version(composed(folder))
        except (ValueError, OSError, InvalidInputError) as error:
            raise IncompatibleIndexError(
                f"can't open the index in {folder} ({str(error)[:200]}); move it away, and the indexers will push it again"
            ) from error
        try:
            self._index = self._open()
        except (ValueError, OSError) as error:
            raise DamagedError(
                f"can't open the index in {folder} ({str(error)[:200]}); its files are being checked; "
                "if none is damaged, move the folder away, and the indexers will push it again"
            ) from error
        self._stamp: tuple[int, ...] | None = None
        self._without: frozenset[str] = frozenset()
        self.view = self._load()

    def _open(self) -> tantivy.Index:
        index = tantivy.Index.open(self._folder)
        register_analyzers(index)
        index.config_reader("manual")
        return index

    def reload(self) -> bool:
        """Load what was composed since the last call; return True if there was anything."""
        if stamp_of(self._meta) == self._stamp:
            return False
        self.view = self._load()
        return True

    def _load(self) -> View:
        """Return a view of what is composed. Raises DamagedError, UnavailableError."""
        error: Exception | None = None
        for _ in range(
            _ATTEMPTS
        ):  # at any time, another process may compose and remove files that we are about to open
            stamp = stamp_of(self._meta)
            manifests = composed(self._folder)
            try:
                without = left_out(self._folder, manifests)
                if self._without != without:  # a file sent again has the name of one that is already mapped
                    self._index, self._without = self._open(), without
                self._index.reload()
            except (ValueError, OSError) as failure:
                error = failure
                continue
            if stamp_of(self._meta) == stamp:
                searcher = self._index.searcher()
                with reading:
                    languages = languages_of(searcher)
                self._stamp = stamp
                return View(self._version, tuple(manifests), searcher, languages, without)
        if error is not None:
            raise DamagedError(f"can't read the index in {self._folder}: {error}; its segments are being checked")
        raise UnavailableError(f"can't read the index in {self._folder}: it keeps changing")


def _version(manifests: Sequence[Manifest]) -> int:
    """Return the schema version that `manifests` share; raises InvalidInputError if this program can't read it."""
    (version,) = {manifest.layout.schema for manifest in manifests}
    check_version(version)
    return version


def languages_of(searcher: tantivy.Searcher) -> tuple[str, ...]:
    """Return the languages in which documents are stemmed; a query's words are stemmed in each of them."""
    found = [code for code in STEMMERS if code != DEFAULT_LANGUAGE and searcher.doc_freq("language", code)]
    unstemmed = [""] if searcher.doc_freq("language", UNSTEMMED) else []
    return (DEFAULT_LANGUAGE, *found, *unstemmed)


class ManyTiesError(Exception):
    """Too many documents have the same score to be sorted in the event loop."""


def find(view: View, compiled: Compiled, first: int, last: int, *, by_date: bool, patient: bool = True) -> Found:
    """Return results number `first` to `last` (from 0, `last` excluded) of `compiled`.

    Raises ManyTiesError, unless `patient`; DamagedError when a segment can't be read.
    """
    with reading:
        return _find(view, compiled, first, last, by_date=by_date, patient=patient)


class _Reading:
    """Raises DamagedError for whatever tantivy raises when files are damaged: errors, TypeError, or a panic.

    A class, because a generator takes 2 µs, and hits are read one by one.
    """

    __slots__ = ()

    def __enter__(self) -> None:
        """Do nothing."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Raise DamagedError in place of `error`."""
        if error is None or isinstance(error, LightshipError | ManyTiesError):
            return
        # A panic is not an Exception, and its class can't be imported
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            return
        raise DamagedError(
            f"can't read a segment ({str(error)[:200]}); it is being checked, and will be replaced if damaged"
        ) from error


reading = _Reading()


def _find(view: View, compiled: Compiled, first: int, last: int, *, by_date: bool, patient: bool) -> Found:
    ranks = compiled.ranks and not by_date
    if not ranks:
        result = view.searcher.search(compiled.query, last - first, offset=first, order_by_field="recency")
        hits, total = result.hits, result.count
    else:
        hits, total = _best(view.searcher, compiled, last, patient=patient)
        hits = hits[first:last]
    hidden = by_date or view.is_scoped
    scores = [None if hidden else float(key) if ranks else 0.0 for key, _ in hits]
    return Found(total, scores, [address for _, address in hits], view.searcher)


def _best(searcher: tantivy.Searcher, compiled: Compiled, last: int, *, patient: bool) -> tuple[list[Hit], int]:
    """Return at least the best `last` results, equal scores ordered by url digest, and the total."""
    limit = last + _SPARE
    while True:
        result = searcher.search(compiled.query, limit)
        hits, total = result.hits, result.count
        lists = [hits]
        if compiled.raised is not None:
            lists.append(searcher.search(compiled.raised, limit, count=False).hits)
            hits = _merged(*lists) if lists[1] else hits
        if all(len(each) < limit or each[-1][0] < hits[last - 1][0] for each in lists) or limit >= min(total, MAX_TIES):
            return _in_order(searcher, _with_ties(hits, last)), max(total, len(hits))
        limit = min(limit * 16, total, MAX_TIES)
        if limit > FEW_TIES and not patient:
            raise ManyTiesError


def _merged(hits: list[Hit], raised: list[Hit]) -> list[Hit]:
    """Return the documents of both lists, best first.

    A document's score with its bonus, in `raised`, is never lower than without, so the best of each list hold the best of
    all.
    """
    known = {(address.segment_ord, address.doc) for _, address in raised}
    return sorted(
        [*raised, *(hit for hit in hits if (hit[1].segment_ord, hit[1].doc) not in known)], key=_score, reverse=True
    )


def _with_ties(hits: list[Hit], last: int) -> list[Hit]:
    """Return the best `last` results, and those that follow with the same score as the last one."""
    end = min(last, len(hits))
    while end < len(hits) and hits[end][0] == hits[end - 1][0]:
        end += 1
    return hits[:end]


def _in_order(searcher: tantivy.Searcher, hits: list[Hit]) -> list[Hit]:
    scores = list(map(_score, hits))
    if len(set(scores)) == len(scores):
        return hits
    order = searcher.fast_field_values("order", [address for _, address in hits])
    # Two stable sorts on plain keys take less than half the time of one on pairs when thousands of scores are equal
    by_url = sorted(range(len(hits)), key=order.__getitem__)
    return [hits[i] for i in sorted(by_url, key=scores.__getitem__, reverse=True)]
