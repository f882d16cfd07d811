"""What to look for in texts of one language: made from a compiled query."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from lightship.index.analysis.languages import DEFAULT_LANGUAGE
from lightship.index.analysis.stopwords import STOPWORDS
from lightship.index.analysis.versions import Analysis
from lightship.index.analysis.words import MARK
from lightship.index.fields.schema import FORMS
from lightship.index.highlight.alignment import fold
from lightship.index.highlight.matches import Phrase, Sought, SoughtRun
from lightship.index.highlight.search import Needle, written
from lightship.index.query.compiler import Compiled
from lightship.index.query.expansion import exact_forms, pieces
from lightship.index.query.weights import topical

Frequency = Callable[[str], int]

_SYLLABLES = re.compile("[\u0f0b\u0f0c]")  # what stands between them in Tibetan
_BESIDE = 60  # bytes around a word that may belong to a phrase or a cluster
_ARABIC = range(0x0600, 0x0700)  # whose stems lack the article before the word


def sought_in(compiled: Compiled, analysis: Analysis, language: str) -> Sought:
    """Return what `compiled` matches in texts that are stemmed in `language`."""

    def terms_of(words: Iterable[str]) -> set[str]:
        return {term for word in words for term in analysis.analyze_word(word, language)}

    plain = [word for piece in compiled.asked_pieces if piece.forms is None for word in piece.words]
    plain += compiled.asked.typed
    odd = [piece for piece in compiled.asked_pieces if piece.forms]
    parts = [word for piece in odd for word in piece.words if word.lower() not in STOPWORDS]
    if language == DEFAULT_LANGUAGE:  # these are the function words of English
        plain = list(topical(plain)) if not odd else [word for word in plain if word.lower() not in STOPWORDS]
    terms, wholes, weak = terms_of(plain), set[str](), set[str]()
    if odd:
        wholes = terms_of(piece.forms.joined for piece in odd if piece.forms)
        weak = terms_of(word for word in parts if len(word) == 1 or word.isdecimal()) - terms
        terms |= wholes | terms_of(parts)
    for term in (*compiled.expanded, *compiled.completed):
        stem, mark, code = term.partition(MARK)
        if not mark or code == language:
            terms.add(stem)
    phrases, runs = _phrases(compiled, analysis, language)
    runs += [
        SoughtRun(run.text, run.units, min(run.length, len(run.units)), frozenset(run.grams()))
        for run in compiled.asked_runs
    ]
    forms = frozenset(variant.term for variant in compiled.variants if variant.field == FORMS)
    return Sought(
        language, analysis, frozenset(terms), frozenset(weak), frozenset(wholes), forms, tuple(phrases), tuple(runs)
    )


def _phrases(compiled: Compiled, analysis: Analysis, language: str) -> tuple[list[Phrase], list[SoughtRun]]:
    """Return the phrases of words, and those of scripts without spaces."""
    phrases: list[Phrase] = []
    runs: list[SoughtRun] = []
    for text in compiled.asked.phrases:
        found, more = pieces([text], compiled.version)
        runs += [SoughtRun(run.text, run.units, len(run.units), frozenset()) for run in more]
        terms = analysis.analyze_word(" ".join(piece.text for piece in found), language)
        forms = exact_forms(found)
        if terms or forms:
            phrases.append(Phrase(terms, frozenset(forms)))
    return phrases, runs


def needles_of(sought: Sought, compiled: Compiled, frequency: Frequency) -> list[Needle]:
    """Return what to search for in texts, best first: phrases, odd words as written, runs, words side by side, words."""
    asked = compiled.asked
    found: list[Needle] = []
    for phrase, text in zip(sought.phrases, asked.phrases, strict=False):
        reach = len(text.encode()) + _BESIDE
        found.append(Needle(_literal(text), 4.0, reach=reach, is_inner=True))
        found += _words(phrase.terms, _typed(asked.phrases, sought), frequency, {}, reach)
    for piece in compiled.asked_pieces:
        if piece.forms:
            found.append(Needle(_literal(piece.text), 3.0))
        found += [Needle(_literal(sign), 3.0, is_inner=True) for sign in piece.emoji]
    for run in sought.runs:
        for part in dict.fromkeys([run.text, *_SYLLABLES.split(run.text)]):
            if part:
                found.append(Needle(_literal(part), 3.0, reach=len(part.encode()) + _BESIDE, is_inner=True))
    words = [word for piece in compiled.asked_pieces for word in piece.words]
    found += _words(sought.terms, _typed([*asked.words, *asked.typed], sought), frequency, _pairs(words, sought))
    found += [Needle((fold(prefix),), 1.0) for prefix in (*asked.prefixes, asked.begun) if prefix]
    grams = dict.fromkeys(gram for run in compiled.asked_runs for gram in run.grams())
    return found + [Needle((gram.encode(),), 1.0, reach=_BESIDE, is_inner=True) for gram in grams]


def _literal(text: str) -> tuple[bytes, ...]:
    return tuple(dict.fromkeys((*written(text.lower()), fold(text))))


def _words(
    terms: Iterable[str],
    typed: dict[str, list[str]],
    frequency: Frequency,
    pairs: dict[str, tuple[bytes, ...]],
    reach: int = 0,
) -> Iterator[Needle]:
    """Yield the needles of words: the rarest first."""
    distinct = set(terms)
    ranked = sorted(distinct, key=lambda term: (frequency(term), term)) if len(distinct) > 1 else distinct
    for rank, term in enumerate(ranked, 1):
        stem = beginning(term)
        forms = written(stem)
        if term in typed:
            forms = tuple(dict.fromkeys([*forms, *(form for other in typed[term] for form in written(other))]))
        yield Needle(forms, 1.0 / rank, pairs.get(term, ()), reach, ord(term[0]) in _ARABIC)


def _typed(words: Sequence[str], sought: Sought) -> dict[str, list[str]]:
    """Return the beginnings of words as they were typed, where these are not in ASCII, by term."""
    typed: dict[str, list[str]] = {}
    for word in [word for text in words if not text.isascii() for word in text.lower().split()]:
        for term in sought.analysis.analyze_word(word, sought.language):
            typed.setdefault(term, []).append(word[: len(beginning(term))])
    return typed


def _pairs(words: Sequence[str], sought: Sought) -> dict[str, tuple[bytes, ...]]:
    """Return each term with its neighbours in the query, as typed, with the function words between them."""
    if len(words) < 2:
        return {}
    analyze = sought.analysis.analyze_word
    pairs: dict[str, dict[bytes, None]] = {}
    before: list[str] = []  # words since the last one that is sought
    last: list[str] = []  # its terms
    for word in words:
        terms = [term for term in analyze(word, sought.language) if term in sought.terms]
        if not terms:
            before.append(word)
            continue
        if last:
            pair = " ".join((*before, word)).lower().encode()
            for term in (*last, *terms):
                pairs.setdefault(term, {})[pair] = None
        before, last = [word], terms
    return {term: tuple(found) for term, found in pairs.items()}


def beginning(term: str) -> str:
    """Return how words with the stem `term` begin: `hope` is the stem of hoping, `histori` of history."""
    if len(term) > 2 and term.endswith(("e", "i", "abl", "ibl")):
        return term[:-1]
    return term
