"""The main language of each site, for documents whose own text is too short or too odd to tell."""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Sequence

import msgspec

from lightship.core.model import Change
from lightship.documents.language import can_be_in, detect_language, words_of

SITES = 1000  # remembered, those seen last: 16 MB at most, if each has unclear texts in a wide script
LANGUAGES = 8  # counted for each site
ENOUGH = 5  # documents of a site that show its main language
SHARE = 0.75  # of them that have to be in it
FORGET = 1000  # documents of a site, after which each of them counts half as much: sites change
PIECE, PIECES = 200, 40  # characters kept of an unclear text; unclear texts of a site that are read as one
TEXTS = 400  # unclear texts of one site that are read of one batch


class SiteLanguages:
    """Gives documents of unknown language the main one of their site or, on a new site, of all sites; thread-safe.

    What a site's documents declare, or clearly are in, counts. Unclear ones are read together: forty titles of a
    catalogue are as good as a page. It is kept in memory only: the log stores the result, so whoever reads the log has
    the same languages, and a crawler that starts again compares pages by what they say themselves.
    """

    def __init__(self) -> None:
        """Begin without any knowledge."""
        self._sites: OrderedDict[str, _Languages] = OrderedDict()
        self._all = _Languages()
        self._lock = threading.Lock()

    def completed(self, changes: Sequence[Change]) -> list[Change]:
        """Return `changes`, the documents with a language where their sites, counting these documents, have one."""
        with self._lock:
            self._count(changes)
            return [self._complete(change) for change in changes]

    def _count(self, changes: Sequence[Change]) -> None:
        unclear: dict[str, list[str]] = defaultdict(list)
        for document in filter(None, (change.document for change in changes)):
            if document.language:
                self._site(document.site).add(document.language)
                self._all.add(document.language)
            else:
                unclear[document.site].append(words_of(document))
        for site, texts in unclear.items():
            self._site(site).add_unclear(texts)
            self._all.add_unclear(texts)

    def _site(self, site: str) -> _Languages:
        found = self._sites.setdefault(site, _Languages())
        self._sites.move_to_end(site)
        if len(self._sites) > SITES:
            self._sites.popitem(last=False)
        return found

    def _complete(self, change: Change) -> Change:
        document = change.document
        if document is None or document.language:
            return change
        known = self._sites.get(document.site, self._all)
        language = (known if known.count.total() >= ENOUGH else self._all).main()
        if language is None or not can_be_in(language, words_of(document)):
            return change
        return Change.put(msgspec.structs.replace(document, language=language))


class _Languages:
    """The languages of some documents."""

    def __init__(self) -> None:
        self.count: Counter[str] = Counter()
        self._unclear: list[str] = []

    def add(self, language: str, number: int = 1) -> None:
        if language in self.count or len(self.count) < LANGUAGES:
            self.count[language] += number
        if self.count.total() > FORGET:
            self.count = Counter({known: count // 2 for known, count in self.count.items() if count > 1})

    def add_unclear(self, texts: Sequence[str]) -> None:
        for text in texts[:TEXTS]:
            self._unclear.append(text[:PIECE])
            if len(self._unclear) == PIECES:
                self._read_together()
        if self._unclear:
            self._read_together()

    def _read_together(self) -> None:
        language = detect_language("\n".join(self._unclear))
        if language:
            self.add(language, len(self._unclear))
        if language or len(self._unclear) == PIECES:
            self._unclear.clear()

    def main(self) -> str | None:
        language, number = next(iter(self.count.most_common(1)), (None, 0))
        return language if number >= max(ENOUGH, SHARE * self.count.total()) else None
