"""Made documents: the same on every machine, with the lengths, the frequencies and the mix of scripts of web pages."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Sequence

import msgspec

VOCABULARY = 6000
NAMES = 200_000  # rare words: a few in each document
CHARACTERS = 2500
STREAM = 400_000  # words of running text, of which documents are made by paragraphs
CHINESE_SHARE = 0.05
PARAGRAPHS = (3, 17)  # a document has so many, of so many words each: 4.5 KB on average
WORDS = (30, 110)

_SYLLABLES = [a + b for a in "bcdfghklmnprstvw" for b in ("a", "e", "i", "o", "u", "an", "er", "ing", "al", "or")]
_MARKS = ",.,。"
_encode = msgspec.json.Encoder().encode


def made_lines(count: int) -> Iterator[bytes]:
    """Yield `count` lines of JSON."""
    english, chinese = made_stream(), _running_text(_hanzi(), "")
    for number in range(count):
        chooser = random.Random(number)
        stream, glue = (chinese, "") if chooser.random() < CHINESE_SHARE else (english, " ")
        yield _encode(_document(number, chooser, stream, glue))


def made_stream() -> list[str]:
    """Return words of running text."""
    return _running_text(_words(VOCABULARY), " ")


def _document(number: int, chooser: random.Random, stream: Sequence[str], glue: str) -> dict[str, object]:
    def piece(size: int) -> str:
        start = chooser.randrange(len(stream) - size)
        return glue.join(stream[start : start + size]).rstrip(_MARKS)

    names = [_name(chooser.randrange(NAMES)) for _ in range(4)]
    paragraphs = [
        f"{piece(chooser.randint(*WORDS))} {chooser.choice(names)}." for _ in range(chooser.randint(*PARAGRAPHS))
    ]
    return {
        "url": f"https://site{number % 997}.example/{names[0]}/{number}",
        "title": f"{names[0].capitalize()} {piece(chooser.randint(2, 6))}",
        "text": "\n".join(paragraphs),
        "headings": [piece(chooser.randint(2, 5)) for _ in range(chooser.randint(0, 4))],
        "description": piece(15),
    }


def _running_text(words: Sequence[str], glue: str) -> list[str]:
    """Return words by Zipf's law, with sentences marked."""
    weights = list(itertools.accumulate(1 / rank for rank in range(2, len(words) + 2)))
    chooser = random.Random(0)
    stream = chooser.choices(words, cum_weights=weights, k=STREAM)
    comma, stop = (", ", ". ") if glue else (",", "。")
    for i in range(0, STREAM, 9):
        stream[i] += chooser.choice((comma, stop)).strip()
    return stream


def _words(count: int) -> list[str]:
    """Return `count` distinct words, short ones first, as the frequent words of a language are."""
    found = itertools.chain(
        _SYLLABLES,
        (a + b for a, b in itertools.product(_SYLLABLES, repeat=2)),
    )
    return list(itertools.islice(found, count))


def _name(number: int) -> str:
    """Return the rare word called `number`: four syllables."""
    parts = []
    for _ in range(4):
        number, rest = divmod(number * 31 + 7, len(_SYLLABLES))
        parts.append(_SYLLABLES[rest])
    return "".join(parts)


def _hanzi() -> list[str]:
    return [chr(0x4E00 + i * 7) for i in range(CHARACTERS)]
