"""Articles: pages of news and blogs of the wide web, and the text of each article as people marked it.

The measure is that of the public article-extraction-benchmark: precision and recall of runs of four words, averaged over
the pages, and F1 of the two means.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import msgspec

from lightship.crawler.parsing.encodings.decode import decode

RUN = 4  # words

_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Article:
    """A page, and the true text of its article."""

    name: str
    html: str
    text: str

    @property
    def half(self) -> int:
        """0 for the half that was looked at while the rules were made, 1 for the other."""
        return int(hashlib.md5(self.name.encode(), usedforsecurity=False).hexdigest(), 16) % 2


@dataclass(frozen=True)
class Score:
    """Precision, recall and F1, each a percentage."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        return 2 * self.precision * self.recall / ((self.precision + self.recall) or 1)


def read_articles(folder: Path) -> Iterator[Article]:
    """Yield the articles of a folder with `truth.json` and `html/ID.html`."""
    truth = msgspec.json.decode((folder / "truth.json").read_bytes(), type=dict[str, dict[str, str]])
    for name, page in truth.items():
        yield Article(name, decode((folder / "html" / f"{name}.html").read_bytes()), page["text"])


def score(articles: list[Article], found: Mapping[str, str]) -> Score:
    """Return how well the texts `found`, by names of articles, agree with the true ones."""
    pairs = [_precision_and_recall(_runs(article.text), _runs(found[article.name])) for article in articles]
    return Score(100 * fmean(one for one, _ in pairs), 100 * fmean(two for _, two in pairs))


def _precision_and_recall(true: Counter[tuple[str, ...]], kept: Counter[tuple[str, ...]]) -> tuple[float, float]:
    both = (true & kept).total()
    return both / kept.total() if kept else float(not true), both / true.total() if true else 1.0


def _runs(text: str) -> Counter[tuple[str, ...]]:
    found = _WORD.findall(text)
    size = min(RUN, len(found))
    return Counter(tuple(found[i : i + size]) for i in range(len(found) - size + 1)) if found else Counter()
