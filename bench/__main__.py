"""`python -m bench [NAME …]`: runs the benchmarks, prints their figures, and keeps them."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from bench import (
    crawl,
    extract,
    facets,
    fanout,
    freshness,
    index,
    intake,
    keystroke,
    known_items,
    log,
    mixed,
    profile,
    relevance,
    restore,
    search,
    sections,
    start,
    suggest,
    takeover,
    watch,
)
from bench.cluster import Cluster
from bench.documents import Corpus, load
from bench.progress import step
from bench.report import Report, keep, table
from bench.settings import ROOT, BenchSettings
from lightship.config import parse_settings
from lightship.core.errors import ConfigurationError
from lightship.runtime.program import PATH, run_program

NAMES = (
    "crawl",
    "extract",
    "index",
    "search",
    "freshness",
    "fanout",
    "start",
    "restore",
    "takeover",
    "log",
    "intake",
)
OWN: dict[str, Callable[[BenchSettings], Report | None]] = {  # these bring their own documents
    "relevance": relevance.run,
    "known-items": known_items.run,
    "mixed": mixed.run,
    "sections": sections.run,
    "facets": facets.run,
    "keystroke": keystroke.run,
    "suggest": suggest.run,
    "profile": profile.run,
    "watch": watch.run,
}
DESCRIPTION = (
    f"Run benchmarks ({', '.join([*NAMES, *OWN])}; all, when none is named), print figures beside their targets and keep them. "
    "A missed target is printed as FAIL; only an error gives the exit status 1."
)


def main() -> None:
    """Run the program with the arguments of the command line."""
    run_program(lambda: bench(sys.argv[1:]))


def bench(arguments: Sequence[str]) -> None:
    """Run the benchmarks that `arguments` ask for. Raises LightshipError."""
    settings, names = parse_settings(BenchSettings, "bench", arguments, positional="NAME", description=DESCRIPTION)
    known = (*NAMES, *OWN)
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ConfigurationError(f"no benchmark is called {unknown[0]!r}; there are {', '.join(known)}")
    # Child processes import nothing from the current folder, and this package is not installed
    os.environ[PATH] = os.pathsep.join(filter(None, (str(ROOT), os.environ.get(PATH))))
    for name in [name for name in OWN if name in (names or known)]:
        if report := OWN[name](settings):
            print(table(report), flush=True)
            keep(report, Path(settings.results), {})
    if not names or set(names) & set(NAMES):
        _bench_on_corpus(settings, names or NAMES)
    step(f"\nkept in {settings.results}")


def _bench_on_corpus(settings: BenchSettings, names: Sequence[str]) -> None:
    with tempfile.TemporaryDirectory(prefix="lightship-bench-") as folder:
        corpus = load(settings, Path(folder))
        for report in _reports(settings, corpus, Path(folder), names):
            print(table(report), flush=True)
            facts = {"documents": len(corpus.documents), "source": corpus.source}
            keep(report, Path(settings.results), facts)


def _reports(settings: BenchSettings, corpus: Corpus, folder: Path, names: Sequence[str]) -> Iterator[Report]:
    if "crawl" in names:
        yield crawl.run(settings, _made(folder / "crawl"))
    if "extract" in names and (settings.pages or settings.articles):
        yield extract.run(settings)
    if "index" in names:
        yield index.run(settings, corpus)
    if "fanout" in names:
        yield fanout.run(settings, corpus, folder)
    if "start" in names:
        yield start.run(settings, corpus, folder)
    if "restore" in names:
        yield restore.run(settings, corpus, _made(folder / "restore"))
    if "takeover" in names:
        yield takeover.run(settings, corpus, _made(folder / "takeover"))
    if "log" in names:
        yield log.run(settings, corpus, _made(folder / "log"))
    if "intake" in names:
        yield intake.run(settings, corpus, _made(folder / "intake"))
    on_cluster = [
        name for name in ("search", "freshness") if name in names
    ]  # freshness changes documents: it comes last
    if on_cluster:
        with _loaded(settings, corpus, folder) as cluster:
            for name in on_cluster:
                yield (search if name == "search" else freshness).run(settings, corpus, cluster)


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


@contextlib.contextmanager
def _loaded(settings: BenchSettings, corpus: Corpus, folder: Path) -> Iterator[Cluster]:
    cluster = Cluster(folder, replicas=settings.replicas, threads=settings.threads, one_worker=True)
    with cluster.running():
        cluster.load(corpus.documents)
        yield cluster


if __name__ == "__main__":
    main()
