"""Text analysis by schema version, the same for documents, queries and highlights.

A text is normalized. Runs of scripts written without spaces become grams, for a field of their own; what is left are
words, which become stems, and odd words, which also have other forms.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lightship.index.analysis import scripts, version1, words
from lightship.index.analysis.languages import stem_language
from lightship.index.analysis.normalize import normalized
from lightship.index.analysis.scripts import Run
from lightship.index.analysis.version1 import CJK, prepared

__all__ = ["CJK", "Analysis", "analysis_of", "prepared", "split"]


@dataclass(frozen=True)
class Analysis:
    """The functions that queries and highlights need; see those of the current version for what they do."""

    split: Callable[[str], tuple[str, list[Run]]]
    analyze_word: Callable[[str, str], tuple[str, ...]]
    with_language: Callable[[Sequence[str], str], Sequence[str]]
    stem_language: Callable[[str | None], str]
    has_forms: bool


def split(text: str) -> tuple[str, list[Run]]:
    """Return `text`, normalized, with each run of an unspaced script replaced by a space, and the runs."""
    given = normalized(text)
    return scripts.split(given.text) if given.is_wide else (given.text, [])


_FORMER = Analysis(
    version1.split, version1.analyze_word, version1.with_language, version1.stem_language, has_forms=False
)
_CURRENT = Analysis(split, words.analyze_word, words.with_language, stem_language, has_forms=True)


def analysis_of(version: int) -> Analysis:
    """Return the analysis of an index of the schema `version`."""
    return _FORMER if version == 1 else _CURRENT
