"""Known-item search: queries made from the documents, each by somebody who knows the page and wants it first."""

from __future__ import annotations

import random
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from bench.indexes import facts_of, kept_index
from bench.progress import bar, step
from bench.report import Figure, Report
from bench.settings import BenchSettings
from lightship.core.model import Document
from lightship.documents.jsonl import document_of_record
from lightship.judging.reading import read_records

FUNCTION_WORDS = frozenset(
    [
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
        "into",
        "is",
        "it",
        "of",
        "on",
        "or",
        "that",
        "the",
        "to",
        "with",
    ]
)
SENTENCE_WORDS = range(5, 9)

_SENTENCE = re.compile(r"(?<=[.!?])\s+")
_SCHEME = re.compile(r"^https?://")


class Page(NamedTuple):
    """What items are made of; `sentence` has SENTENCE_WORDS words and is from the middle of the text, or is empty."""

    url: str
    title: str
    sentence: str


class Item(NamedTuple):
    """A query and the urls of the pages that are right."""

    query: str
    right: frozenset[str]


@dataclass(frozen=True)
class Kind:
    """Items of one kind: a right page must be among the first `depth`, for at least `target` percent of them."""

    name: str
    share: float  # of the number of exact titles
    depth: int
    target: float
    make: Callable[[Sequence[Page], random.Random], Iterator[Item]]


def run(settings: BenchSettings) -> Report | None:
    """Measure on a sample of the documents; None when they are not there."""
    path = Path(settings.documents)
    if not path.is_file():
        step("left out known-items: it needs real documents")
        return None
    records = list(sample(path, settings.count))

    def documents() -> Iterable[Document]:
        return map(document_of_record, bar(records, "known-items: indexing", len(records)))

    index, seconds = kept_index("known-items", (facts_of(path), settings.count), documents)
    figures, notes = (
        [],
        [f"{index.documents} documents of {path.name}, indexed in {seconds:.0f} s; seed {settings.seed}"],
    )
    for kind, items in items_of(records, settings.items, settings.seed).items():
        missed = []
        for item in bar(items, f"asking for {kind.name}", len(items)):
            urls = [hit.url for hit in index.search(item.query, 10)]
            if item.right.isdisjoint(urls[: kind.depth]):
                missed.append(f"{item.query!r} is not {min(item.right)}, but {urls[0] if urls else 'nothing'}")
        name = (
            f"{len(items)} {kind.name}, in the first {kind.depth}"
            if kind.depth > 1
            else f"{len(items)} {kind.name}, first"
        )
        figures.append(Figure(name, 100 - 100 * len(missed) / len(items), "%", kind.target, "higher"))
        notes += [f"{kind.name}: {miss}" for miss in missed[: settings.misses]]
    return Report("known-items", figures, notes)


def sample(path: Path, count: int) -> Iterator[dict[str, Any]]:
    """Yield `count` documents of the file at `path`, chosen at random, but always the same; all if it has no more."""
    total = sum(1 for _ in bar(read_records(path), f"counting {path.name}"))
    chosen = set(random.Random(0).sample(range(total), min(count, total)))
    return (record for number, (_, record) in enumerate(read_records(path)) if number in chosen)


def items_of(records: Iterable[Mapping[str, Any]], count: int, seed: int) -> dict[Kind, list[Item]]:
    """Return items of each kind: `count` exact titles, and the others in proportion."""
    pages = _pages(records, random.Random(f"{seed} sentences"))
    made: dict[Kind, list[Item]] = {}
    for kind in KINDS:
        chance = random.Random(f"{seed} {kind.name}")
        shuffled = chance.sample(pages, len(pages))
        items = kind.make(shuffled, chance)
        made[kind] = [item for _, item in zip(range(round(count * kind.share)), items, strict=False)]
    return made


def _pages(records: Iterable[Mapping[str, Any]], chance: random.Random) -> list[Page]:
    """Return the page of each record; no sentence that stands in two places, or twice in one, is kept."""
    times: Counter[int] = Counter()
    pages = []
    for record in records:
        sentences = [" ".join(each.split()) for each in _SENTENCE.split(record["text"])]
        short = [(number, each) for number, each in enumerate(sentences) if len(each.split()) in SENTENCE_WORDS]
        times.update(hash(each.casefold()) for _, each in short)
        middle = [each for number, each in short if len(sentences) / 3 <= number < len(sentences) * 2 / 3]
        pages.append(Page(record["url"], record["title"], chance.choice(middle) if middle else ""))
    return [page if times[hash(page.sentence.casefold())] == 1 else page._replace(sentence="") for page in pages]


def _key(title: str) -> str:
    return " ".join(title.casefold().split())


def _bag(title: str) -> str:
    return " ".join(sorted(_words(title)))


def _words(title: str) -> list[str]:
    return [word for word in title.casefold().split() if any(map(str.isalnum, word))]


def _by(key: Callable[[str], str], pages: Iterable[Page]) -> dict[str, frozenset[str]]:
    """Return the urls of `pages` by the key of their titles."""
    found: dict[str, set[str]] = defaultdict(set)
    for page in pages:
        found[key(page.title)].add(page.url)
    return {title: frozenset(urls) for title, urls in found.items()}


def _exact(pages: Sequence[Page], chance: random.Random) -> Iterator[Item]:
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
    """Pages whose titles have the same words are right."""
    urls = _by(_bag, pages)
    for page in pages:
        words = [word for word in page.title.split() if any(map(str.isalnum, word))]
        if len({word.casefold() for word in words}) > 1:
            while words == page.title.split() or _key(" ".join(words)) == _key(page.title):
                chance.shuffle(words)
            yield Item(" ".join(words), urls[_bag(page.title)])


def _pasted(pages: Sequence[Page], chance: random.Random) -> Iterator[Item]:
    """With and without scheme, `www.` and a slash at the end."""
    for page in pages:
        url = page.url
        rest = _SCHEME.sub("", url)
        if chance.random() < 0.5:
            rest = rest.removeprefix("www.") if rest.startswith("www.") else f"www.{rest}"
        if chance.random() < 0.5:
            rest = rest.removesuffix("/") if rest.endswith("/") else f"{rest}/"
        yield Item(chance.choice(["https://", "http://", "", ""]) + rest, frozenset({url}))


def _sentences(pages: Sequence[Page], chance: random.Random) -> Iterator[Item]:
    return (Item(page.sentence, frozenset({page.url})) for page in pages if page.sentence)


KINDS = (
    Kind("exact titles", 1.0, 1, 98, _exact),
    Kind("titles without a function word", 0.5, 1, 93, _without_a_word),
    Kind("titles in another order", 0.5, 1, 93, _reordered),
    Kind("pasted urls", 0.2, 1, 100, _pasted),
    Kind("sentences", 0.3, 3, 95, _sentences),
)
