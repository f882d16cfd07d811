"""Snippets: finds the best passages of texts, and marks what a query matches in them and in titles."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence

from lightship.index.analysis.versions import analysis_of
from lightship.index.highlight.marker import Marker
from lightship.index.highlight.passage import BEGINNING, PASSAGE, Passage, passage_at
from lightship.index.highlight.search import ANSWER_EFFORT, Effort
from lightship.index.highlight.sections import Best, Bounds, SectionScores
from lightship.index.query.compiler import Compiled


class Highlighter:
    """Makes the snippets of one query, and marks its titles."""

    def __init__(self, compiled: Compiled, frequency: Callable[[str], int], length: int = PASSAGE) -> None:
        """Prepare for `compiled`; `frequency` returns the number of documents with a term (the rarest decides).

        Passages have at most `length` characters.
        """
        self._compiled, self._frequency, self._length = compiled, frequency, length
        self._analysis = analysis_of(compiled.version)
        self._by_language: dict[str, Marker] = {}
        self._markers: dict[str | None, Marker] = {}  # the same by the languages of documents
        self._effort = Effort()

    @property
    def spent(self) -> int:
        """The effort spent so far, about equal to nanoseconds."""
        return ANSWER_EFFORT - self._effort.left

    def snippet(self, text: bytes, language: str | None, fallback: str = "") -> str:
        """Return escaped HTML with `<mark>`: a passage of `text`, or its beginning (or `fallback`) without a match.

        `text` is in UTF-8. The total effort for the texts of a query is bounded.
        """
        passage, _ = self.passage(text, language, None, fallback)
        return passage.cut(self.marked([passage.text], language)[0])

    def passage(
        self, text: bytes, language: str | None, bounds: Bounds | None, fallback: str = ""
    ) -> tuple[Passage, list[Best]]:
        """Return the passage that `snippet` marks, and the best sections of `text`, at least one: the first is its own."""
        marker = self._marker(language)
        several = bounds if bounds and len(bounds.starts) > 1 else None
        if several and (best := SectionScores(text, several, marker, self._effort).best()):
            place, passage = self._below_heading(marker, text, several, best[0])
            return passage, [best[0]._replace(place=place), *best[1:]]
        place = marker.best_place(text, self._effort)
        if place < 0 and fallback:
            text = fallback[:BEGINNING].encode()
        number = bisect_right(bounds.starts, place) if bounds and place >= 0 else 0
        return passage_at(text, max(place, 0), self._length), [Best(number, place, number > 0)]

    def _below_heading(self, marker: Marker, text: bytes, bounds: Bounds, best: Best) -> tuple[int, Passage]:
        """Return the place and the text of the best passage below the heading of a section."""
        body, end = bounds.body(best.number), bounds.end(best.number)
        part = text[body:end]
        place = marker.best_place(part, self._effort)
        if place < 0 and (not part or part.isspace()):
            part = text[body : body + BEGINNING]
        place = max(place, 0)
        return body + place, passage_at(part, place, self._length)

    def marked(self, texts: Sequence[str], language: str | None) -> list[str]:
        """Return `texts` in `language`, whose words are separated by spaces, as escaped HTML with `<mark>`."""
        return self._marker(language).marked(texts, self._effort)

    def _marker(self, language: str | None) -> Marker:
        marker = self._markers.get(language)
        if marker is None:
            stemmed_by = self._analysis.stem_language(language)
            marker = self._by_language.get(stemmed_by)
            if marker is None:
                marker = self._by_language[stemmed_by] = Marker(self._compiled, stemmed_by, self._frequency)
            self._markers[language] = marker
        return marker
