"""Queries for known items, made from pages: each by somebody who knows the page, and wants it first."""

from __future__ import annotations

import random
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple

FUNCTION_WORDS = frozenset(
    {
        "a",
        "an",
        "and",
        "are",
        "as",
        "at",
        "by",
        "for",
        "from",
        "in",
        "is",
        "it",
        "of",
        "on",
        "or",
        "that",
        "the",
        "to",
        "with",
    }
)
QUOTED_WORDS = range(5, 9)  # of a text

_SENTENCE = re.compile(r"(?<=[.!?])\s+")
_SCHEME = re.compile(r"^https?://")


class Page(NamedTuple):
    """What items are made of. From the middle of the text: a sentence of QUOTED_WORDS, and so many words of a longer one.

    Both are empty if there is none.
    """

    url: str
    title: str
    sentence: str
    piece: str


class Item(NamedTuple):
    """A query and the urls of the pages that are right."""

    query: str
    right: frozenset[str]


@dataclass(frozen=True)
class Kind:
    """Items of one kind: a right page must be among the first `depth`, for at least `target` percent of them.

    Of queries that are `quoted` from a text, every page with the same words in its text is right.
    """

    name: str
    share: float  # of the number of exact titles
    depth: int
    target: float
    make: Callable[[Sequence[Page], random.Random], Iterator[Item]]
    quoted: bool = False


def items_of(records: Iterable[Mapping[str, Any]], count: int, seed: int) -> dict[Kind, list[Item]]:
    """Return items of each kind: `count` exact titles, and the others in proportion; always the same for one `seed`."""
    pages = _pages(records, random.Random(f"{seed} quoted"))
    made: dict[Kind, list[Item]] = {}
    for kind in KINDS:
        chance = random.Random(f"{seed} {kind.name}")
        shuffled = chance.sample(pages, len(pages))
        made[kind] = list(islice(kind.make(shuffled, chance), round(count * kind.share)))
    return made


def _pages(records: Iterable[Mapping[str, Any]], chance: random.Random) -> list[Page]:
    """Return the page of each record; a sentence that stands in two places is left out."""
    times: Counter[int] = Counter()
    pages = []
    for record in records:
        sentences = [each.split() for each in _SENTENCE.split(record["text"])]
        times.update(hash(_key(" ".join(each))) for each in sentences if len(each) in QUOTED_WORDS)
        middle = sentences[len(sentences) // 3 : len(sentences) * 2 // 3]
        short = [each for each in middle if len(each) in QUOTED_WORDS] or [[]]
        longer = [each for each in middle if len(each) >= QUOTED_WORDS.stop] or [[]]
        pages.append(
            Page(
                record["url"], record["title"], " ".join(chance.choice(short)), _piece(chance.choice(longer), chance)
            )
        )  # fmt: skip
    return [page if times[hash(_key(page.sentence))] == 1 else page._replace(sentence="") for page in pages]


def _piece(words: Sequence[str], chance: random.Random) -> str:
    size = chance.choice(QUOTED_WORDS)
    start = chance.randint(0, max(0, len(words) - size))
    return " ".join(words[start : start + size])


def _key(text: str) -> str:
    return " ".join(text.casefold().split())


def _bag(title: str) -> str:
    return " ".join(sorted(_words(title.casefold())))


def _words(title: str) -> list[str]:
    return [word for word in title.split() if any(map(str.isalnum, word))]


def _by(key: Callable[[str], str], pages: Iterable[Page]) -> dict[str, frozenset[str]]:
    """Return the urls of `pages` by the key of their titles."""
    found: dict[str, set[str]] = defaultdict(set)
    for page in pages:
        found[key(page.title)].add(page.url)
    return {title: frozenset(urls) for title, urls in found.items()}


def _exact(pages: Sequence[Page], chance: random.Random) -> Iterator[Item]:
    """All pages with the same title are right."""
    urls = _by(_key, pages)
    return (Item(page.title, urls[_key(page.title)]) for page in pages if _words(page.title))


def _without_a_word(pages: Sequence[Page], chance: random.Random) -> Iterator[Item]:
    """A page whose title is just the words that are left is right, too."""
    urls = _by(_key, pages)
    for page in pages:
        words = page.title.split()
        places = [number for number, word in enumerate(words) if word.casefold() in FUNCTION_WORDS]
        if places and len(words) > 2:
            del words[chance.choice(places)]
            left = " ".join(words)
            yield Item(left, urls[_key(page.title)] | urls.get(_key(left), frozenset()))


def _reordered(pages: Sequence[Page], chance: random.Random) -> Iterator[Item]:
    """All pages whose titles have the same words are right."""
    urls = _by(_bag, pages)
    for page in pages:
        words = _words(page.title)
        if len({word.casefold() for word in words}) > 1:
            while _key(" ".join(words)) == _key(" ".join(_words(page.title))):
                chance.shuffle(words)
            yield Item(" ".join(words), urls[_bag(page.title)])


def _pasted(pages: Sequence[Page], chance: random.Random) -> Iterator[Item]:
    """Urls with and without scheme, `www.` and a slash at the end."""
    for page in pages:
        rest = _SCHEME.sub("", page.url)
        if chance.random() < 0.5:
            rest = rest.removeprefix("www.") if rest.startswith("www.") else f"www.{rest}"
        if chance.random() < 0.5:
            rest = rest.removesuffix("/") if rest.endswith("/") else f"{rest}/"
        yield Item(chance.choice(["https://", "http://", "", ""]) + rest, frozenset({page.url}))


def _sentences(pages: Sequence[Page], chance: random.Random) -> Iterator[Item]:
    return (Item(page.sentence, frozenset({page.url})) for page in pages if page.sentence)


def _pieces(pages: Sequence[Page], chance: random.Random) -> Iterator[Item]:
    return (Item(page.piece, frozenset({page.url})) for page in pages if page.piece)


KINDS = (
    Kind("exact titles", 1.0, 1, 98, _exact),
    Kind("titles without a function word", 0.5, 1, 93, _without_a_word),
    Kind("titles in another order", 0.5, 1, 93, _reordered),
    Kind("pasted urls", 0.2, 1, 100, _pasted),
    Kind("sentences of 5 to 8 words", 0.3, 3, 95, _sentences, quoted=True),
    Kind("pieces of longer sentences", 0.3, 3, 95, _pieces, quoted=True),
)
