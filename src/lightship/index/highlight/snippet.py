"""Marks what a query matches: in titles, and in the best passage of each text.

Candidate words are found by the beginnings of their stems in the page's language, and verified by analyzing them. See
DESIGN.md for the alternatives that were measured.
"""

from __future__ import annotations

import html
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from lightship.index.analysis.versions import analysis_of
from lightship.index.analysis.words import MARK
from lightship.index.highlight.alignment import folded_singly
from lightship.index.highlight.matches import Span, matches, merged
from lightship.index.highlight.passage import BEGINNING, PASSAGE, SHORT, passage_at
from lightship.index.highlight.search import ANSWER_EFFORT, WORD, WORD_BYTE, Effort, Search
from lightship.index.highlight.sections import Best, Bounds, SectionScores
from lightship.index.highlight.sought import beginning, needles_of, sought_in
from lightship.index.query.compiler import Compiled

_OPEN, _CLOSE = "\x02", "\x03"  # documents have no control characters, and escaping does not change these
_OPENING = ' (["-/'
# A word in lower case that is not a part of an odd one
_plain_word = re.compile(r"""[0-9a-zа-яα-ω]{1,40}(?=(?:'s)?[.,;:!?)\]"]{0,4}(?: |$)|[-/])""").match
_SIGNS = b"'-_.,&"  # within odd words
_WITHOUT_SIGNS = dict.fromkeys(_SIGNS)


class Shown(NamedTuple):
    """A passage as escaped HTML, the number of its section, and the byte of the text that it is about.

    The byte is -1 if nothing matches. `is_headed`: the heading of the section matches.
    """

    html: str
    number: int
    place: int
    is_headed: bool = False


class Highlighter:
    """Makes the snippets of one query, and marks its titles."""

    def __init__(self, compiled: Compiled, frequency: Callable[[str], int]) -> None:
        """Prepare for `compiled`; `frequency` returns the number of documents with a term (the rarest decides)."""
        self._compiled, self._frequency = compiled, frequency
        self._analysis = analysis_of(compiled.version)
        self._by_language: dict[str, _Marker] = {}
        self._effort = Effort()

    @property
    def spent(self) -> int:
        """The effort spent so far, about equal to nanoseconds."""
        return ANSWER_EFFORT - self._effort.left

    def snippet(self, text: bytes, language: str | None, fallback: str = "") -> str:
        """Return escaped HTML with `<mark>`: a passage of `text`, or its beginning (or `fallback`) without a match.

        `text` is in UTF-8. The total effort for the texts of a query is bounded.
        """
        return self.passages(text, language, None, fallback)[0].html

    def passages(self, text: bytes, language: str | None, bounds: Bounds | None, fallback: str = "") -> list[Shown]:
        """Return a passage of each of the best sections of `text`, best first; at least one, like `snippet`."""
        marker = self._marker(language)
        best: list[Best] = []
        if bounds and len(bounds.starts) > 1:
            scores = SectionScores(text, bounds, self._effort)
            scores.add(marker)
            best = scores.best()
        if bounds and best:
            return [self._section(marker, text, bounds, each, is_first=each is best[0]) for each in best]
        place = marker.best_place(text, self._effort)
        if place < 0 and fallback:
            text = fallback[:BEGINNING].encode()
        number = bisect_right(bounds.starts, place) if bounds and place >= 0 else 0
        return [Shown(self._shown(marker, text, max(place, 0)), number, place, is_headed=number > 0)]

    def _section(self, marker: _Marker, text: bytes, bounds: Bounds, best: Best, *, is_first: bool) -> Shown:
        """Return a passage below the heading of a section, its best one if it `is_first`, a short one otherwise."""
        body, end = bounds.body(best.number), bounds.end(best.number)
        part = text[body:end]
        place = marker.best_place(part, self._effort) if is_first and best.place >= 0 else best.place - body
        if place < 0 and (not part or part.isspace()):
            part = text[body : body + BEGINNING]
        place = max(place, 0)
        return Shown(
            self._shown(marker, part, place, PASSAGE if is_first else SHORT), best.number, body + place, best.is_headed
        )

    def _shown(self, marker: _Marker, text: bytes, place: int, most: int = PASSAGE) -> str:
        passage, cut_before, cut_after = passage_at(text, place, most)
        if "  " in passage or not passage.isprintable():
            passage = " ".join(passage.split())
        shown = marker.marked(passage.strip(" "), self._effort)
        return f"{'… ' if cut_before else ''}{shown}{' …' if cut_after else ''}"

    def title(self, title: str, language: str | None) -> str:
        """Return `title`, of a text in `language`, as escaped HTML with `<mark>`."""
        return self._marker(language).marked(title, self._effort)

    def _marker(self, language: str | None) -> _Marker:
        stemmed_by = self._analysis.stem_language(language)
        marker = self._by_language.get(stemmed_by)
        if marker is None:
            marker = self._by_language[stemmed_by] = _Marker(self._compiled, stemmed_by, self._frequency)
        return marker


class _Marker(Search):
    """Marks texts of one language."""

    def __init__(self, compiled: Compiled, language: str, frequency: Callable[[str], int]) -> None:
        sought = self._sought = sought_in(compiled, analysis_of(compiled.version), language)
        begin = [*sought.terms, *(form.partition(MARK)[0] for form in sought.forms)]
        self._beginnings = tuple((each, each.encode()) for each in dict.fromkeys(map(beginning, begin)))
        self._known_terms: dict[str, bool] = {}
        self._known_matches: dict[str, list[Span]] = {}
        super().__init__(needles_of(sought, compiled, frequency), has_forms=bool(sought.forms))

    def marked(self, text: str, effort: Effort) -> str:
        """Return `text`, whose words are separated by spaces, as escaped HTML with its matches marked."""
        spans = self._spans(text, effort)
        if not spans:
            return html.escape(text)
        parts: list[str] = []
        at = 0
        for start, end in spans:
            parts += (text[at:start], _OPEN, text[start:end], _CLOSE)
            at = end
        marked = html.escape("".join((*parts, text[at:])))
        return marked.replace(_OPEN, "<mark>").replace(_CLOSE, "</mark>")

    def _spans(self, text: str, effort: Effort) -> Sequence[Span]:
        if not self._sought.is_plain:
            effort.left -= WORD_BYTE * len(text)
            return matches(text, self._sought)
        folded = folded_singly(text)
        if folded is not None:
            return self._word_spans(text, folded, effort)
        spans: list[Span] = []
        start = 0
        for word in text.split(" "):
            folded = folded_singly(word)
            found = self._matches(word, effort) if folded is None else self._word_spans(word, folded, effort)
            spans += [(start + first, start + last) for first, last in found]
            start += len(word) + 1
        return spans

    def _word_spans(self, text: str, folded: str, effort: Effort) -> list[Span]:
        """Return the words in `text` that match; those with signs or capitals within are looked at exactly."""
        spans: set[Span] = set()
        starts: set[int] = set()
        bare = folded.encode().translate(None, _SIGNS)
        are_joined = False
        for each, encoded in self._beginnings:
            count, place = 0, folded.find(each)
            while place >= 0:
                before = folded[place - 1] if place else " "
                word = _plain_word(folded, place) if before in _OPENING else None
                if word and self._has_term(text[place : word.end()], effort):
                    spans.add(word.span())
                elif _may_be_odd(text[place : word.end()]) if word else _may_begin(text, place, before):
                    starts.add(folded.rfind(" ", 0, place) + 1)
                count, place = count + 1, folded.find(each, place + 1)
            are_joined |= bare.count(encoded) != count
        if are_joined:
            starts.update(self._joined(folded))
        for start in starts:
            spans.update(self._matches_at(text, start, effort))
        return merged(spans) if starts else sorted(spans)

    def _matches_at(self, text: str, start: int, effort: Effort) -> list[Span]:
        end = text.find(" ", start)
        found = self._matches(text[start : end if end >= 0 else None], effort)
        return [(start + first, start + last) for first, last in found]

    def _joined(self, folded: str) -> Iterator[int]:
        """Yield where the words begin that may match without their signs: `don't` for `dont`, `e-mail` for `email`."""
        start = 0
        for word in folded.split(" "):
            bare = word.translate(_WITHOUT_SIGNS)
            if bare != word and any(each in bare or each in word for each, _ in self._beginnings):
                yield start
            start += len(word) + 1

    def _has_term(self, word: str, effort: Effort) -> bool:
        """Return True if `word`, which has no signs, has one of the terms."""
        known = self._known_terms.get(word)
        if known is None:
            effort.left -= WORD
            terms = self._sought.analysis.analyze_word(word, self._sought.language)
            known = self._known_terms[word] = not self._sought.terms.isdisjoint(terms)
        return known

    def _matches(self, word: str, effort: Effort) -> list[Span]:
        """Return the matches in what stands between two spaces."""
        found = self._known_matches.get(word)
        if found is None:
            effort.left -= WORD + WORD_BYTE * len(word)
            found = self._known_matches[word] = matches(word, self._sought)
        return found

    def accepts(self, text: str, effort: Effort) -> bool:
        """Return True if what stands between two spaces matches."""
        if self._sought.is_plain and text.isalnum() and text.isascii():
            return self._has_term(text, effort) or (_may_be_odd(text) and bool(self._matches(text, effort)))
        return bool(self._matches(text, effort))


def _may_be_odd(word: str) -> bool:
    """Return True if `word`, which has no signs, may be in camel case."""
    return not (word.islower() or word[1:].islower())


def _may_begin(text: str, place: int, before: str) -> bool:
    """Return True if a word, or a part of one in camel case, may begin at `place`; `before` is the letter before it."""
    return not before.isalpha() or before >= "\u0600" or text[place].isupper()
