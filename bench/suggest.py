"""Suggestions and corrections: how long they take on many short documents, and how often they are right."""

from __future__ import annotations

import json
import random
import re
import string
import tempfile
import tracemalloc
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import quote_plus
from urllib.request import urlopen

from bench.cluster import Cluster
from bench.facets import PATIENCE
from bench.indexes import facts_of, kept_folder
from bench.load import measure
from bench.passages import passages
from bench.progress import bar, step, wait_until
from bench.report import Figure, Report, percentile
from bench.settings import BenchSettings
from lightship.index.reader import IndexReader
from lightship.index.suggest.snapshot import words_of
from lightship.searchengine.store.store import Store

PREFIXES = 2000
MISTAKES, RIGHT = 150, 300  # of each kind of mistakes; and of words that must stay
COMMON, RARE = 20, 3  # documents: a word that somebody may mean has at least so many, and a rare one at most

_WORD = re.compile(r"(?<!\w)[a-z]{4,20}(?!\w)")
_CODE = re.compile(r"\b(?=[A-Za-z]*\d)(?=\d*[A-Za-z])[A-Za-z0-9]{5,12}\b")


def run(settings: BenchSettings) -> Report:
    """Measure on `settings.count` passages."""
    path, chance = settings.documents, random.Random(settings.seed)
    facts = [settings.count, *([facts_of(Path(path))] if path else [])]
    index = kept_folder("passages", facts, lambda: passages(path, settings.count))
    counts, codes = _words(path, settings.count)
    right = _right(settings.misspellings, counts, codes, chance)
    with tempfile.TemporaryDirectory(prefix="lightship-bench-") as folder:
        cluster = Cluster(Path(folder), replicas=1, threads=1, indexer=False, one_worker=True)
        Path(folder, "searchengine-0").symlink_to(index)
        with cluster.running():
            address = cluster.addresses[0]
            wait_until(lambda: bool(cluster.status(address).get("ready")), PATIENCE, "the index open")
            wait_until(lambda: b'"text"' in _get(address, "/suggest?q=th"), PATIENCE, "words to suggest")
            latencies = _latencies(address, counts, chance)
            mistakes = {
                "random edits": dict(_edited(counts, chance, MISTAKES)),
                "common misspellings": dict(_misspelt(settings.misspellings, counts, chance)),
            }
            kinds = {name: _misses(address, given) for name, given in mistakes.items() if given}
            changed = [word for word in bar(right, "asking for right words", len(right)) if _correction(address, word)]
    figures = [
        Figure("suggestions, p50", percentile(latencies, 0.5) * 1000, "ms", 10.0),
        Figure("suggestions, p99", percentile(latencies, 0.99) * 1000, "ms", 30.0),
        Figure("memory of the words", _megabytes(index), "MB", 20.0),
        *(
            Figure(f"{MISTAKES} {name}, right", 100 - 100 * len(missed) / len(mistakes[name]), "%", 90.0, "higher")
            for name, missed in kinds.items()
        ),
        Figure(f"{len(right)} right words, corrected", float(len(changed)), "", 0.0),
    ]
    notes = (
        f"{settings.count} passages, {PREFIXES} prefixes of one to six letters, one after the other, one worker",
        *([f"corrected all the same: {', '.join(changed[:20])}"] if changed else []),
        *(f"{name}: {each}" for name, missed in kinds.items() for each in missed[: settings.misses]),
    )
    return Report("suggest", figures, notes)


def _get(address: str, target: str) -> bytes:
    with urlopen(f"http://{address}{target}") as answer:
        return bytes(answer.read())


def _words(path: str, count: int) -> tuple[Counter[str], list[str]]:
    """Return in how many passages each word stands, and codes of letters and digits that stand in them."""
    counts, codes = Counter[str](), set[str]()
    for document in passages(path, count):
        counts.update(set(_WORD.findall(document.text.lower())))
        codes.update(_CODE.findall(document.text))
    return counts, sorted(codes)


def _right(path: str, counts: Mapping[str, int], codes: Sequence[str], chance: random.Random) -> list[str]:
    """Return what must stay as it is: rare words that are right in the list of misspellings, numbers, and codes.

    Without a list, rare words of the passages: some are mistakes.
    """
    entries = _entries(path)
    known = {word for meant in entries.values() for word in meant} - entries.keys()
    rare = sorted(word for word in known or counts if 0 < counts.get(word, 0) <= RARE and _WORD.fullmatch(word))
    numbers = [str(chance.randrange(10 ** chance.randint(2, 9))) for _ in range(RIGHT // 4)]
    chosen = [*numbers, *chance.sample(codes, min(len(codes), RIGHT // 4))]
    return [*chosen, *chance.sample(rare, min(len(rare), RIGHT - len(chosen)))]


def _latencies(address: str, counts: Mapping[str, int], chance: random.Random) -> list[float]:
    common = sorted(word for word, documents in counts.items() if documents >= COMMON)
    prefixes = [chance.choice(common)[: chance.randint(1, 6)] for _ in range(PREFIXES)]
    step("asking for suggestions")
    return measure(address, 1, prefixes, path="/suggest").latencies


def _edited(counts: Mapping[str, int], chance: random.Random, count: int) -> Iterator[tuple[str, set[str]]]:
    """Yield words with one random edit that no counted document has, and what they were."""
    common = sorted(word for word, documents in counts.items() if documents >= COMMON and len(word) > 4)
    while count:
        word, letter = chance.choice(common), chance.choice(string.ascii_lowercase)
        at = chance.randrange(len(word) - 1)
        wrong = chance.choice(
            [word[:at] + letter + word[at:], word[:at] + word[at + 1 :], word[:at] + letter + word[at + 1 :],
             word[:at] + word[at + 1] + word[at] + word[at + 2 :]]
        )  # fmt: skip
        if wrong not in counts:
            count -= 1
            yield wrong, {word}


def _misspelt(path: str, counts: Mapping[str, int], chance: random.Random) -> Iterator[tuple[str, set[str]]]:
    """Yield misspellings of a published list whose right words are not rare, and these; some stand in passages, too."""
    if not path:
        step("left out common misspellings: --misspellings names a file of them")
        return
    found = {}
    for wrong, right in _entries(path).items():
        meant = {word for word in right if counts.get(word, 0) >= COMMON}
        if meant and _WORD.fullmatch(wrong):
            found[wrong] = meant
    for wrong in chance.sample(sorted(found), min(len(found), MISTAKES)):
        yield wrong, found[wrong]


def _entries(path: str) -> dict[str, set[str]]:
    """Return the misspellings of a list, and what each may have meant."""
    lines = [line.partition("->") for line in Path(path).read_text().splitlines()] if path else []
    return {wrong: {word.strip() for word in right.split(",")} - {""} for wrong, arrow, right in lines if arrow}


def _misses(address: str, given: Mapping[str, set[str]]) -> list[str]:
    """Return what was not corrected to what was meant."""
    found = {wrong: _correction(address, wrong) for wrong in bar(given, "asking for mistakes", len(given))}
    return [f"{wrong!r} is {min(given[wrong])!r}, not {to!r}" for wrong, to in found.items() if to not in given[wrong]]


def _correction(address: str, word: str) -> str:
    corrected = json.loads(_get(address, f"/search?format=json&size=1&q={quote_plus(word)}"))["corrected"]
    return str(corrected["to"]) if corrected else ""


def _megabytes(index: Path) -> float:
    store = Store(str(index))
    layout = store.current()
    assert layout
    view = IndexReader(store.layout_folder(layout)).view
    tracemalloc.start()
    words = words_of(view)
    assert words
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return size / 1e6
