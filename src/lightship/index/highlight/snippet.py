"""Marks what a query matches: in titles, and in the best passage of each text.

Candidate words are found by the beginnings of their stems in the page's language, and verified by analyzing them. See
DESIGN.md for the alternatives that were measured.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator, Sequence

from lightship.index.analysis.forms import odd_places
from lightship.index.analysis.versions import analysis_of
from lightship.index.analysis.words import MARK
from lightship.index.highlight.alignment import folded_singly
from lightship.index.highlight.matches import Span, matches
from lightship.index.highlight.passage import BEGINNING, passage_at
from lightship.index.highlight.search import ANSWER_EFFORT, WORD, WORD_BYTE, Effort, Search
from lightship.index.highlight.sought import beginning, needles_of, sought_in
from lightship.index.query.compiler import Compiled

_OPEN, _CLOSE = "\x02", "\x03"  # documents have no control characters, and escaping does not change these
_words = re.compile("[0-9A-Za-z]+").finditer
_AROUND = '.,:;!?"()[]'  # signs around a word that belong to no odd word
_SIGNS = dict.fromkeys(map(ord, "'-_.,&"))  # within odd words


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
        marker = self._marker(language)
        place = marker.best_place(text, self._effort)
        if place < 0 and fallback:
            text = fallback[:BEGINNING].encode()
        passage, cut_before, cut_after = passage_at(text, max(place, 0))
        shown = marker.marked(" ".join(passage.split()), self._effort)
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
        self._sought = sought_in(compiled, analysis_of(compiled.version), language)
        self._stems = tuple(dict.fromkeys(beginning(term) for term in self._sought.terms))
        self._forms = tuple(dict.fromkeys(beginning(form.partition(MARK)[0]) for form in self._sought.forms))
        self._known: dict[str, list[Span]] = {}
        super().__init__(needles_of(self._sought, compiled, frequency), has_forms=bool(self._sought.forms))

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
        starts = self._all_words(text) if folded is None else self._candidates(text, folded)
        spans: list[Span] = []
        done = 0
        for start in starts:
            if start >= done:
                end = text.find(" ", start)
                done = end if end >= 0 else len(text)
                for first, last in self._known_matches(text[start:done], effort):
                    spans.append((start + first, start + last))
        return spans

    def _all_words(self, text: str) -> list[int]:
        """Return where the words begin (after a space) that may match, in order; `text` can't be folded as a whole."""
        found: list[int] = []
        start = 0
        for word in text.split(" "):
            folded = folded_singly(word)
            if folded is None or self._candidates(word, folded):
                found.append(start)
            start += len(word) + 1
        return found

    def _candidates(self, text: str, folded: str) -> list[int]:
        """Return where the words begin (after a space) that may match, in order."""
        found: list[int] = []
        for stem in self._stems:
            place = folded.find(stem)
            while place >= 0:
                before = folded[place - 1] if place else " "
                if before == " ":
                    found.append(place)
                elif not _in_word(before) or not stem.isascii():
                    found.append(folded.rfind(" ", 0, place) + 1)
                place = folded.find(stem, place + 1)
        if "'" in folded:
            found += self._with_apostrophes(folded)
        if self._sought.forms:
            found += self._odd(text, folded)
        if len(found) > 1:
            found.sort()
        return found

    def _with_apostrophes(self, folded: str) -> Iterator[int]:
        place = folded.find("'")
        while place >= 0:
            start = folded.rfind(" ", 0, place) + 1
            word = folded[start : place + 20].replace("'", "").lstrip('"([{“‘«')
            if word.startswith(self._stems):
                yield start
            place = folded.find("'", place + 1)

    def _odd(self, text: str, folded: str) -> Iterator[int]:
        """Yield where the odd words (with the signs before them) begin that may match."""
        bare = folded.translate(_SIGNS)
        if not any(form in bare or form in folded for form in self._forms):
            return
        encoded = f" {text}".encode("utf-8", "replace")
        for first, last in odd_places(encoded).items():
            start, end = first - 1, last - 1
            if len(encoded) > len(text) + 1:
                start, end = (len(encoded[1:place].decode("utf-8", "replace")) for place in (first, last))
            word = folded[start:end]
            bare = word.translate(_SIGNS)
            if any(form in bare or form in word for form in self._forms):
                yield folded.rfind(" ", 0, start + 1) + 1

    def _known_matches(self, word: str, effort: Effort) -> list[Span]:
        """Return the matches in what stands between two spaces."""
        found = self._known.get(word)
        if found is None:
            sought = self._sought
            effort.left -= WORD + WORD_BYTE * len(word)
            if (
                sought.is_plain and word.isascii() and not (_is_odd(word) if sought.forms else "'" in word)
            ):  # most words
                analyze, language = sought.analysis.analyze_word, sought.language
                found = [
                    each.span() for each in _words(word) if not sought.terms.isdisjoint(analyze(each[0], language))
                ]
            else:
                found = matches(word, sought)
            self._known[word] = found
        return found

    def accepts(self, text: str, effort: Effort) -> bool:
        """Return True if what stands between two spaces matches."""
        sought = self._sought
        if sought.is_plain and text.isalnum() and text.islower() and text.isascii():
            effort.left -= WORD
            return not sought.terms.isdisjoint(sought.analysis.analyze_word(text, sought.language))
        return bool(self._known_matches(text, effort))


def _in_word(letter: str) -> bool:
    """Return True if a word of Latin letters may go on after `letter`; none does after a Chinese one."""
    return letter < "\u0e00" and letter.isalnum()


def _is_odd(word: str) -> bool:
    """Return True if an ASCII word may be odd: it has signs within, or capitals behind its beginning."""
    bare = word.rstrip(_AROUND).lstrip('"([')
    return not (bare.isalnum() and (bare[1:].islower() or bare.isupper() or bare.isdecimal() or len(bare) == 1))
