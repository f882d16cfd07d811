"""Scripts written without spaces: their text is indexed as overlapping grams, which need no dictionary.

Chinese, Japanese and Korean give pairs of characters. Thai, Lao, Khmer, Burmese and Tibetan give triples of clusters, a
cluster being a letter with its marks: measured on Thai, nDCG@10 is .97, and .68 for words between spaces.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from operator import add
from typing import NamedTuple

# Ranges for a character class of a regular expression
HANGUL = r"\u1100-\u11ff\u3131-\u318e\ua960-\ua97f\uac00-\ud7ff"
HAN = (
    r"\u3005-\u3007\u3021-\u3029\u3031-\u3035\u3038-\u303c\u3041-\u3096\u3099-\u309f\u30a1-\u30fa\u30fc-\u30ff"
    r"\u3105-\u312f\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)  # with kana and bopomofo
CLUSTERED = (
    r"\u0e01-\u0e3a\u0e40-\u0e4e\u0e81-\u0ecf\u0edc-\u0edf\u0f00\u0f0b-\u0f0c\u0f18-\u0f19\u0f35-\u0f39\u0f3e-\u0fbc\u1000-\u103f"
    r"\u1050-\u108f\u109a-\u109d\u1780-\u17d3\u17d7\u17dc-\u17dd\ua9e0-\ua9ef\ua9fa-\ua9fe\uaa60-\uaa7f"
)
UNSPACED = HANGUL + HAN + CLUSTERED

_UNSPACED = re.compile(f"[{UNSPACED}]+")
_RUN = re.compile(f"(?P<hangul>[{HANGUL}]+)|(?P<han>[{HAN}]+)|(?P<clustered>[{CLUSTERED}]+)")
_is_han = re.compile(f"[{HAN}]+").fullmatch
_MARKS = (
    r"\u0e31\u0e33-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb3-\u0ebc\u0ec8-\u0ecf\u0f18-\u0f19\u0f35-\u0f39\u0f3e-\u0f3f\u0f71-\u0f87"
    r"\u0f8d-\u0fbc\u102b-\u103e\u1056-\u1059\u105e-\u1060\u1062-\u1064\u1067-\u106d\u1071-\u1074\u1082-\u108d\u108f"
    r"\u109a-\u109d\u17b4-\u17d3\u17dd\ua9e5\uaa7b-\uaa7d"
)
# A sign that stacks consonants takes the next one with it; the Tibetan sign between syllables is no letter
_CLUSTER = re.compile(f"[^\u0f0b\u0f0c](?:[{_MARKS}]|(?<=[\u1039\u17d2]).)*")


class Run(NamedTuple):
    """A run of characters of one kind: its units (characters or clusters) and the length of its grams in units."""

    text: str
    units: Sequence[str]
    length: int
    is_exact: bool  # True if a text with the whole run ranks above one with its grams in other places

    def grams(self) -> list[str]:
        """Return the overlapping grams of the run, or the run itself if it is shorter than one."""
        return _grams(self.units, self.length)


def _grams(units: Sequence[str], length: int) -> list[str]:
    grams: Iterable[str] = units
    for start in range(1, length):
        grams = map(add, grams, units[start:])
    return list(grams) or ["".join(units)]


def split(text: str) -> tuple[str, list[Run]]:
    """Return normalized `text` with each run of an unspaced script replaced by a space, and the runs."""
    runs = list[Run]()
    for found in _UNSPACED.findall(text):
        if _is_han(found):  # most of them
            runs.append(Run(found, found, 2, is_exact=True))
        else:
            runs += (run for part in _RUN.finditer(found) if (run := _run(part)).units)
    return _UNSPACED.sub(" ", text), runs


def spaced(text: str) -> str:
    """Return normalized `text` with spaces for its unspaced scripts, so that all else keeps its place."""
    return _UNSPACED.sub(lambda found: " " * len(found[0]), text)


def placed_units(text: str) -> Iterator[tuple[Sequence[str], Sequence[tuple[int, int]]]]:
    """Yield the units of each run in normalized `text`, and the start and end of each."""
    for found in _RUN.finditer(text):
        if found["clustered"] is None:
            yield found[0], [(place, place + 1) for place in range(*found.span())]
        else:
            places = [unit.span() for unit in _CLUSTER.finditer(text, *found.span())]
            yield [text[start:end] for start, end in places], places


def _run(found: re.Match[str]) -> Run:
    text = found[0]
    if found["clustered"] is None:
        return Run(text, text, 2, is_exact=found["hangul"] is None)
    return Run(text, tuple(_CLUSTER.findall(text)), 3, is_exact=False)


def gram_terms(runs: Iterable[Run]) -> str:
    """Return the terms of `runs` for the whitespace tokenizer: the grams in order, then all shorter grams.

    The whitespace tokenizer gives the grams consecutive positions, so that a phrase of them matches the exact text.
    Shorter grams are for queries of one or two characters.
    """
    terms, shorter = list[str](), list[str]()
    for run in runs:
        terms += run.grams()
        for length in range(1, min(run.length, len(run.units))):
            shorter += _grams(run.units, length)
    return " ".join(terms + shorter)
