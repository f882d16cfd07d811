"""`python -m bench.peers NAME=URL …`: measures search engines that run on this machine, and are empty, one after the other."""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.documents import QUERIES, made_queries, read_queries
from bench.passages import pages, passages
from bench.peers.lightship import Lightship
from bench.peers.measure import Driver
from bench.peers.meilisearch import Meilisearch
from bench.peers.opensearch import OpenSearch
from bench.peers.peer import Address, Peer
from bench.peers.typesense import Typesense
from bench.progress import step
from bench.report import Figure, Report, keep, table
from bench.settings import ROOT, BenchSettings, flag
from lightship.config import parse_settings
from lightship.config.shared import INTAKE_BEYOND
from lightship.core.errors import ConfigurationError
from lightship.core.model import Document
from lightship.runtime.program import PATH, run_program

PEERS: dict[str, Callable[[], Peer]] = {
    "lightship": Lightship, "opensearch": OpenSearch, "meilisearch": Meilisearch, "typesense": Typesense,
}  # fmt: skip
SAMPLE = 20_000  # documents from which queries are made


@dataclass(frozen=True)
class PeersSettings(BenchSettings):
    """What a run is told; other settings of benchmarks are not used."""

    passages: bool = flag("cuts the documents into passages of 385 characters")


def main() -> None:
    """Run the program with the arguments of the command line."""
    run_program(lambda: peers(sys.argv[1:]))


def peers(arguments: Sequence[str]) -> None:
    """Measure each peer that `arguments` name. Raises LightshipError."""
    settings, named = parse_settings(
        PeersSettings, "bench.peers", arguments, positional="NAME=URL",
        description=f"Measure search engines ({', '.join(PEERS)}) that run, and are empty: see bench/peers/README.md.",
    )  # fmt: skip
    drivers = dict(map(_driver, named))
    if not drivers:
        raise ConfigurationError("name at least one search engine, like lightship=http://localhost:8080")
    os.environ[PATH] = os.pathsep.join(filter(None, (str(ROOT), os.environ.get(PATH))))  # for the load generator
    sample = list(itertools.islice(_documents(settings), SAMPLE))
    queries = (read_queries(settings.queries) if settings.queries else made_queries(sample))[:QUERIES]
    for name, driver in drivers.items():
        step(f"\n{name}")
        report = Report(f"peers: {name}", list(_figures(driver, settings, queries)), _notes(settings, queries))
        print(table(report), flush=True)
        keep(report, Path(settings.results), {})


def _driver(text: str) -> tuple[str, Driver]:
    name, _, url = text.partition("=")
    if name not in PEERS or not url:
        raise ConfigurationError(f"{text!r}: write NAME=URL; names are {', '.join(PEERS)}")
    searches, puts = Address(url), Address(url)
    if name == "lightship":
        puts.port += INTAKE_BEYOND
    return name, Driver(PEERS[name](), searches, puts)


def _figures(driver: Driver, settings: PeersSettings, queries: Sequence[str]) -> Iterator[Figure]:
    yield from driver.load(_documents(settings), settings.count)
    yield from driver.search(queries, settings.rounds, marked=True)
    yield from driver.freshness(settings.rate, settings.seconds)
    if driver.merge():
        yield from driver.search(queries, settings.rounds, marked=True, name=", merged")
        yield from driver.search(queries, settings.rounds, marked=False, name=", merged")


def _documents(settings: PeersSettings) -> Iterator[Document]:
    """Yield the documents, each url once."""
    if settings.passages:
        yield from passages(settings.documents, settings.count)
        return
    seen = set[str]()
    for document in pages(settings.documents, settings.count):
        if document.url not in seen and len(seen) < settings.count:
            seen.add(document.url)
            yield document


def _notes(settings: PeersSettings, queries: Sequence[str]) -> tuple[str, ...]:
    what = f"{Path(settings.documents).name or 'made documents'}{', in passages' * settings.passages}"
    return (f"at most {settings.count} documents of {what}; {len(queries)} queries; load {os.getloadavg()[0]:.1f}",)


if __name__ == "__main__":
    main()
