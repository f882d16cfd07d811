"""Marks what a query matches in texts of one language.

Candidate words are found by the beginnings of their stems, and verified by analyzing them. See DESIGN.md for the
alternatives that were measured.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator, Sequence
from typing import cast

from lightship.index.analysis.versions import analysis_of
from lightship.index.analysis.words import MARK
from lightship.index.highlight.alignment import folded_singly
from lightship.index.highlight.matches import Span, matches, merged
from lightship.index.highlight.search import WORD, WORD_BYTE, Effort, Search
from lightship.index.highlight.sought import beginning, needles_of, sought_in
from lightship.index.query.compiler import Compiled

_OPEN, _CLOSE = "\x02", "\x03"  # documents have no control characters, and escaping does not change these
_BETWEEN = " \x01 "  # two texts that are marked together
_OPENING = ' (["-/'
# A word in lower case that is not a part of an odd one
_plain_word = re.compile(r"""[0-9a-zа-яα-ω]{1,40}(?=(?:'s)?[.,;:!?)\]"]{0,4}(?: |$)|[-/])""").match
_plain = re.compile("[0-9a-zа-яα-ω]{1,40}").fullmatch
_BEFORE, _AFTER = '(["', '.,;:!?)]"'
_SIGNS = b"'-_.,&"  # within odd words
_WITHOUT_SIGNS = dict.fromkeys(_SIGNS)


class Marker(Search):
    """Marks texts of one language, and finds the best place of each."""

    def __init__(self, compiled: Compiled, language: str, frequency: Callable[[str], int]) -> None:
        """Prepare for what `compiled` matches in texts that are stemmed in `language`."""
        sought = self._sought = sought_in(compiled, analysis_of(compiled.version), language)
        begin = [*sought.terms, *(form.partition(MARK)[0] for form in sought.forms)]
        self._beginnings = tuple((each, each.encode()) for each in dict.fromkeys(map(beginning, begin)))
        self._known_terms: dict[str, bool] = {}
        self._known_matches: dict[str, list[Span]] = {}
        self._known_words: dict[str, str] = {}
        super().__init__(needles_of(sought, compiled, frequency), has_forms=bool(sought.forms))

    def marked(self, texts: Sequence[str], effort: Effort) -> list[str]:
        """Return `texts`, whose words are separated by spaces, as escaped HTML with their matches marked.

        Where each word matches by itself, the texts are marked as one.
        """
        if not self._sought.is_plain:
            effort.left -= WORD_BYTE * sum(map(len, texts))
            return [_as_html(_with_marks(text, matches(text, self._sought))) for text in texts]
        folded = list(map(folded_singly, texts))
        if None in folded:
            return [
                _as_html(self._marked_words(text, effort)) if form is None else self._marked([text], [form], effort)[0]
                for text, form in zip(texts, folded, strict=True)
            ]
        return self._marked(texts, cast("list[str]", folded), effort)

    def _marked(self, texts: Sequence[str], folded: Sequence[str], effort: Effort) -> list[str]:
        """Return `texts` as HTML; `folded` has a letter for each of theirs."""
        text, form = (_BETWEEN.join(("", *each, "")) for each in (texts, folded))
        known, parts, at = self._known_words, list[str](), 0
        for start, end in sorted(self._candidates(text, form).items()):
            word = text[start:end]
            marked = known.get(word)
            if marked is None:
                marked = known[word] = self._marked_word(word, form[start:end], effort)
            if marked is not word:
                parts += (text[at:start], marked)
                at = end
        return _as_html("".join((*parts, text[at:]))).split(_BETWEEN)[1:-1]

    def _marked_words(self, text: str, effort: Effort) -> str:
        """Return a text that has characters which become several, or none, when they are folded."""
        words = text.split(" ")
        for number, word in enumerate(words):
            folded = folded_singly(word)
            if folded is None:
                words[number] = _with_marks(word, self._matches(word, effort))
            elif any(each in folded for each, _ in self._beginnings) or self._is_joined(folded):
                words[number] = self._marked_word(word, folded, effort)
        return " ".join(words)

    def _candidates(self, text: str, folded: str) -> dict[int, int]:
        """Return where the words of `text` begin and end that may match; spaces stand around each."""
        words: dict[int, int] = {}
        find = folded.find
        encoded = folded.encode()
        bare = encoded.translate(None, _SIGNS)
        are_joined = False
        for each, form in self._beginnings:
            place = find(each)
            while place >= 0:
                before = folded[place - 1]
                if before == " ":
                    words[place] = end = find(" ", place)
                    place = find(each, end)
                elif _may_begin(text, place, before):
                    words[folded.rfind(" ", 0, place) + 1] = end = find(" ", place)
                    place = find(each, end)
                else:
                    place = find(each, place + 1)
            are_joined |= bare.count(form) != encoded.count(form)
        if are_joined:
            words.update(self._joined(folded))
        return words

    def _marked_word(self, text: str, folded: str, effort: Effort) -> str:
        """Return what stands between two spaces with its matches marked; the same object if there are none."""
        bare = folded.lstrip(_BEFORE).rstrip(_AFTER)
        if _plain(bare):
            start = folded.find(bare)
            word = text[start : start + len(bare)]
            if self._has_term(word, effort):
                return _with_marks(text, [(start, start + len(bare))])
            return _with_marks(text, self._matches(text, effort)) if _may_be_odd(word) else text
        return _with_marks(text, self._spans_in(text, folded, effort))

    def _spans_in(self, text: str, folded: str, effort: Effort) -> list[Span]:
        """Return the matches in a word that has signs; those with signs or capitals within are looked at exactly."""
        if self._is_joined(folded):
            return self._matches(text, effort)
        spans: set[Span] = set()
        for each, _ in self._beginnings:
            place = folded.find(each)
            while place >= 0:
                before = folded[place - 1] if place else " "
                word = _plain_word(folded, place) if before in _OPENING else None
                if word and self._has_term(text[place : word.end()], effort):
                    spans.add(word.span())
                elif _may_be_odd(text[place : word.end()]) if word else _may_begin(text, place, before):
                    return merged([*spans, *self._matches(text, effort)])
                place = folded.find(each, place + 1)
        return sorted(spans)

    def _joined(self, folded: str) -> Iterator[Span]:
        """Yield the words that may match without their signs."""
        start = 0
        for word in folded.split(" "):
            if self._is_joined(word):
                yield start, start + len(word)
            start += len(word) + 1

    def _is_joined(self, folded: str) -> bool:
        """Return True if a word may match without the signs in it: `don't` for `dont`, `e-mail` for `email`."""
        bare = folded.translate(_WITHOUT_SIGNS)
        return bare != folded and any(bare.count(each) != folded.count(each) for each, _ in self._beginnings)

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


def _with_marks(text: str, spans: Sequence[Span]) -> str:
    """Return `text` with signs around `spans`; the same object if there are none."""
    if not spans:
        return text
    parts: list[str] = []
    at = 0
    for start, end in spans:
        parts += (text[at:start], _OPEN, text[start:end], _CLOSE)
        at = end
    return "".join((*parts, text[at:]))


def _as_html(text: str) -> str:
    return html.escape(text).replace(_OPEN, "<mark>").replace(_CLOSE, "</mark>")


def _may_be_odd(word: str) -> bool:
    """Return True if `word`, which has no signs, may be in camel case."""
    return not (word.islower() or word[1:].islower())


def _may_begin(text: str, place: int, before: str) -> bool:
    """Return True if a word, or a part of one in camel case, may begin at `place`; `before` is the letter before it."""
    return not before.isalpha() or before >= "\u0600" or text[place].isupper()
