"""What a run of the benchmarks can be told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared" / "data"  # real pages and queries, where somebody has put them


def _usual(name: str) -> str:
    path = SHARED / name
    return str(path) if path.exists() else ""


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ValueError(f"{text!r} is not a whole number from 1")
    return int(text)


def _count(text: str) -> int:
    return 0 if text == "0" else _positive(text)


def flag(text: str) -> Any:
    """Declare a setting that is off by default."""
    return _setting(False, text, bool)


def _setting(default: Any, text: str, parse: Callable[[str], Any]) -> Any:
    return field(default=default, metadata={"help": text, "parse": parse})


@dataclass(frozen=True)
class BenchSettings:
    """Settings of `python -m bench`; the benchmarks to run are given as arguments."""

    documents: str = _setting(
        _usual("web.jsonl.zst"), "documents, a .jsonl or .jsonl.zst file; when empty, made ones", str
    )
    queries: str = _setting(
        _usual("queries.tsv"), "queries, a file of id, tab, query; when empty, made from the documents", str
    )
    count: int = _setting(100_000, "documents that are used, at most", _positive)
    rounds: int = _setting(5, "rounds of search; the median counts", _positive)
    connections: int = _setting(8, "connections over which searches come", _positive)
    seconds: int = _setting(60, "how long changes arrive in freshness", _positive)
    rate: int = _setting(20, "changes a second in freshness", _positive)
    replicas: int = _setting(2, "searchengines in search and freshness", _positive)
    repeat: int = _setting(1, "runs of index and restore; the median counts", _positive)
    kills: int = _setting(20, "take-overs", _positive)
    pages: str = _setting(
        "", "folder of unpacked documentation packages, for extract; when empty, that is left out", str
    )
    articles: str = _setting(
        "", "folder with articles (truth.json, html/ID.html), for extract; when empty, they are left out", str
    )
    sample: int = _setting(40, "pages of each site in extract", _positive)
    crawl: int = _setting(10_000, "pages in crawl, over 50 hosts", _positive)
    collections: str = _setting(
        str(SHARED / "collections"), "folder of judged collections, for relevance; those missing are left out", str
    )
    items: int = _setting(1000, "exact titles in known-items; the other kinds of queries in proportion", _positive)
    seed: int = _setting(1, "number that seeds the choice of queries in known-items and mixed", _count)
    misses: int = _setting(0, "misses of each kind that known-items prints", _count)
    misspellings: str = _setting(
        "", "misspellings for suggest, a file of lines like `acheive->achieve`; when empty, those are left out", str
    )
    threads: int = _setting(0, "threads of the indexer that build segments; 0: as the indexer chooses", _count)
    results: str = _setting(str(ROOT / "bench" / "results" / "latest.json"), "file that figures are kept in", str)
