"""Finds what a query matches in a short text exactly: by the terms that the index makes of it, and their order."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from operator import eq
from typing import NamedTuple

from lightship.index.analysis.forms import bare_word, emoji, emoji_places, forms_of, odd_places, parts_of
from lightship.index.analysis.scripts import placed_units, spaced
from lightship.index.analysis.versions import Analysis
from lightship.index.analysis.words import apostrophes, cuts_apostrophes, terms
from lightship.index.highlight.alignment import MARKS, Aligned, aligned

Span = tuple[int, int]  # start and end

_WORD = re.compile(rf"[^\W_]+(?:[{MARKS}]+[^\W_]*)*")
_ideograph = re.compile("[\u3400-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff]").match
_INITIALS = re.compile(r"(?:[^\W\d_]\.)+[^\W\d_]")  # of U.S., whose last point belongs to it


class Phrase(NamedTuple):
    """Words that must stand side by side: their `terms`, and the exact `forms` of those whose signs are required."""

    terms: tuple[str, ...]
    forms: frozenset[str]


class SoughtRun(NamedTuple):
    """A run of an unspaced script: its `units`, and its `grams` of `size` units; none if only the whole run matches."""

    text: str
    units: Sequence[str]
    size: int
    grams: frozenset[str]


@dataclass(eq=False)  # frozen would take longer to make, for each query
class Sought:
    """What a query matches in texts of one language.

    `terms` are stems without their language; `weak` those of them that are numbers and letters of odd words, like the
    3 of 3.11: they only match where none of `wholes` does. `forms` are terms of the field of that name.
    """

    language: str
    analysis: Analysis
    terms: frozenset[str]
    weak: frozenset[str] = frozenset()
    wholes: frozenset[str] = frozenset()
    forms: frozenset[str] = frozenset()
    phrases: tuple[Phrase, ...] = ()
    runs: tuple[SoughtRun, ...] = ()

    @cached_property
    def is_plain(self) -> bool:
        """True if whether a word between spaces matches does not depend on others."""
        return not (self.phrases or self.runs or self.weak or any(map(emoji, self.forms)))


def matches(text: str, sought: Sought) -> list[Span]:
    """Return the places in `text` that match, in order. Takes some 10 µs for a word, 100 µs for a passage."""
    given = aligned(text)
    rest = given if given.text.isascii() else Aligned(spaced(given.text), given.starts, given.ends)
    words = rest
    if "'" in rest.text and sought.analysis.has_forms:
        for pattern, replacement in apostrophes(sought.language):
            words = words.sub(pattern, replacement)
    tokens = list(_tokens(words, sought))
    found: list[Span] = []
    forms: list[tuple[str, Span]] = []
    if sought.forms or any(phrase.forms for phrase in sought.phrases):
        odd = words if cuts_apostrophes(sought.language) else rest
        forms = [*_odd_forms(odd, sought.language), *_emoji(given)]
        found = merged((span for form, span in forms if form in sought.forms), gap=0)  # parts of camel case touch
    terms = sought.terms
    if sought.weak and (found or any(term in sought.wholes for term, _ in tokens)):
        terms = terms.difference(sought.weak)
    found += [span for term, span in tokens if term in terms]
    beside = [span for phrase in sought.phrases for span in _phrase_matches(phrase, tokens, forms)]
    if sought.runs and not given.text.isascii():
        for run, span in _run_matches(given, sought.runs):
            (found if run.grams else beside).append(span)
    return merged([*found, *_side_by_side(text, beside)])


def _tokens(words: Aligned, sought: Sought) -> Iterator[tuple[str, Span]]:
    analyze, language = sought.analysis.analyze_word, sought.language
    for found in _WORD.finditer(words.text):
        span = words.span(*found.span())
        for term in analyze(found[0], language):
            yield term, span


def _odd_forms(text: Aligned, language: str) -> Iterator[tuple[str, Span]]:
    """Yield the forms of the odd words of `text`, and where each is: a part of a word only covers that part."""
    encoded = b" " + text.text.encode("utf-8", "replace")
    for first, last in odd_places(encoded).items():
        forms = forms_of(encoded[first:last])
        if forms is None:
            continue
        whole = encoded[first:last].decode("utf-8", "replace")
        word = bare_word(whole)
        at = len(encoded[1:first].decode("utf-8", "replace")) + whole.index(word)
        end = at + len(word)
        if _INITIALS.fullmatch(word) and text.text[end : end + 1] == ".":
            end += 1
        whole_forms = [forms.exact] if forms.exact else terms(forms.joined, language)
        if len(whole_forms) == 1:
            yield whole_forms[0], text.span(at, end)
        for part in dict.fromkeys([*parts_of(word), *(word.split("'") if "'" in word else ())]):
            if part.lower() in forms.parts:
                place = at + word.index(part)
                for form in terms(part, language):
                    yield form, text.span(place, place + len(part))


def _emoji(given: Aligned) -> Iterator[tuple[str, Span]]:
    if not given.text.isascii():
        for form, start, end in emoji_places(given.text):
            yield form, given.span(start, end)


def _phrase_matches(
    phrase: Phrase, tokens: Sequence[tuple[str, Span]], forms: Sequence[tuple[str, Span]]
) -> Iterator[Span]:
    length, first = len(phrase.terms), phrase.terms[0] if phrase.terms else None
    exact = [(form, span) for form, span in forms if form in phrase.forms]
    if first is None:
        yield from (span for _, span in exact)
        return
    for number, (term, span) in enumerate(tokens):
        if term != first or tuple(term for term, _ in tokens[number : number + length]) != phrase.terms:
            continue
        start, end = span[0], tokens[number + length - 1][1][1]
        around = [(form, span) for form, span in exact if span[0] < end and span[1] > start]
        if phrase.forms <= {form for form, _ in around}:
            spans = [(start, end), *(span for _, span in around)]
            yield min(start for start, _ in spans), max(end for _, end in spans)


def _run_matches(given: Aligned, runs: Sequence[SoughtRun]) -> Iterator[tuple[SoughtRun, Span]]:
    """Yield the matches of each run: of its parts, too, but where it is whole only those that may be words."""
    placed = list(placed_units(given.text))
    for run in runs:
        stretches = [
            stretch for units, places in placed for stretch in _stretches(sorted(_covered(units, run)), places)
        ]
        has_whole = any(count == len(run.units) for _, _, count in stretches)
        for start, end, count in stretches:
            if not has_whole or count >= len(run.units) or _ideograph(given.text, start):
                yield run, given.span(start, end)


def _covered(units: Sequence[str], run: SoughtRun) -> set[int]:
    """Return the numbers of the `units` that match `run`."""
    if run.grams:
        size = run.size
        found = [i for i in range(len(units) - size + 1) if "".join(units[i : i + size]) in run.grams]
    else:
        size = len(run.units)
        found = [i for i in range(len(units) - size + 1) if all(map(eq, units[i : i + size], run.units))]
    return {i for first in found for i in range(first, first + size)}


def _side_by_side(text: str, spans: Iterable[Span]) -> list[Span]:
    """Return `spans`, with those joined that have only spaces and signs between them."""
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and not any(map(str.isalnum, text[joined[-1][1] : start])):
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((start, end))
    return joined


def _stretches(covered: Sequence[int], places: Sequence[Span]) -> Iterator[tuple[int, int, int]]:
    """Yield the start, the end and the number of units of each stretch of consecutive units."""
    if not covered:
        return
    first = covered[0]
    for unit, following in pairwise([*covered, -1]):
        if following != unit + 1:
            yield places[first][0], places[unit][1], unit - first + 1
            first = following


def merged(spans: Iterable[Span], gap: int = 1) -> list[Span]:
    """Return `spans` in order, with those that overlap joined; also those that touch if `gap` is 0."""
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start + gap <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return merged
