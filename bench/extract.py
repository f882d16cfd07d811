"""Main text: how much of the content of real pages is kept, how much of what frames it, and how fast.

Manuals (manuals.py) are documentation packages, unpacked (docs/benchmarks.md says how). Articles (articles.py) are pages
of news and blogs whose true text people have marked.
"""

from __future__ import annotations

import importlib.util
import re
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import fmean

from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.html import HTMLTree

from bench.articles import Article, read_articles, score
from bench.manuals import SITES, Page, Site, read_pages, words
from bench.report import Figure, Report
from bench.settings import BenchSettings
from lightship.core.errors import ConfigurationError
from lightship.crawler.parsing.html.content import read_content
from lightship.crawler.parsing.html.metadata import metas_of
from lightship.crawler.parsing.html.sections import without_marks
from lightship.crawler.parsing.html.tree import document_of_tree

_WORD = re.compile(r"\w+")


def run(settings: BenchSettings) -> Report:
    """Return how the extractors do on the manuals below `settings.pages` and on `settings.articles`."""
    notes = [f"{settings.sample} pages of each site; kept: share of the words of the content, and of the frame"]
    manuals = {site: list(read_pages(site, Path(settings.pages), settings.sample)) for site in SITES if settings.pages}
    found = list(read_articles(Path(settings.articles))) if settings.articles else []
    if not found and not any(manuals.values()):
        raise ConfigurationError("no pages of a known site below -pages; docs/benchmarks.md says how to get them")
    figures: list[Figure] = []
    for name, extractor in _extractors():
        measured = [list(_measure(name, site, pages, extractor)) for site, pages in manuals.items() if pages]
        figures += [figure for some in measured for figure in some]
        figures += _means(name, measured)
        figures += _articles(name, found, extractor)
    return Report("extract", figures, notes)


def _means(name: str, measured: Sequence[Sequence[Figure]]) -> Iterator[Figure]:
    """Yield the means over the manuals; only Lightship's have targets."""
    if measured:
        kept, framed, missing, speed = (fmean(figures[i].value for figures in measured) for i in range(4))
        own = name == "lightship"
        yield Figure(f"{name}: content kept", kept, "%", 99 if own else None, "higher")
        yield Figure(f"{name}: frame kept", framed, "%", 2 if own else None)
        yield Figure(f"{name}: headings missing", missing, "%", 0.1 if own else None)
        yield Figure(f"{name}: speed", speed, "MB/s", 10 if own else None, "higher")


def _articles(name: str, found: list[Article], extractor: Callable[[str], str]) -> Iterator[Figure]:
    """Yield how well the articles are extracted, all of them and each half: rules are made with the first in sight."""
    if not found:
        return
    own = name == "lightship"
    began = time.process_time()
    texts = {article.name: extractor(article.html) for article in found}
    seconds = time.process_time() - began
    whole = score(found, texts)
    yield Figure(f"{name}: articles, precision", whole.precision, "%", 95 if own else None, "higher")
    yield Figure(f"{name}: articles, recall", whole.recall, "%", 98.5 if own else None, "higher")
    yield Figure(f"{name}: articles, F1", whole.f1, "%", 96.5 if own else None, "higher")
    for half, said in enumerate(("the half in sight", "the other half")):
        members = [article for article in found if article.half == half]
        if members:
            yield Figure(f"{name}: articles, F1 of {said}", score(members, texts).f1, "%")
    yield Figure(f"{name}: articles, speed", sum(len(one.html) for one in found) / 1e6 / seconds, "MB/s")


def _lightship(html: str) -> str:
    """Return the text without the work on metadata, links and language, which the others do not do."""
    tree = HTMLTree.parse(html)
    kinds = metas_of(document_of_tree(tree)).get("og:type", [])
    return without_marks(read_content(tree, html, title=tree.title or "", kinds=kinds).text)[0]


def _extractors() -> Iterator[tuple[str, Callable[[str], str]]]:
    yield "lightship", _lightship
    yield "resiliparse", lambda html: str(extract_plain_text(html, main_content=True))
    if importlib.util.find_spec("trafilatura"):
        import trafilatura  # not one of our dependencies: pip install trafilatura

        yield "trafilatura", lambda html: trafilatura.extract(html, include_comments=False) or ""


def _measure(name: str, site: Site, pages: Sequence[Page], extractor: Callable[[str], str]) -> Iterator[Figure]:
    began = time.process_time()
    texts = [extractor(page.html) for page in pages]
    seconds = time.process_time() - began
    kept = framed = 0.0
    headings = missing = 0
    for text, page in zip(texts, pages, strict=True):
        found, flat = words(text.splitlines()), _flat(text)
        kept += (found & page.content).total() / page.content.total()
        framed += ((found - page.content - page.neither) & page.frame).total() / (page.frame.total() or 1)
        headings += len(page.headings)
        missing += sum(_flat(heading) not in flat for heading in page.headings)
    where = f"{name}, {site.name} ({site.generator})"
    yield Figure(f"{where}: content kept", 100 * kept / len(pages), "%")
    yield Figure(f"{where}: frame kept", 100 * framed / len(pages), "%")
    yield Figure(f"{where}: headings missing", 100 * missing / (headings or 1), "%")
    yield Figure(f"{where}: speed", sum(len(page.html) for page in pages) / 1e6 / seconds, "MB/s")


def _flat(text: str) -> str:
    """Return the letters and digits of `text`: links within words leave no traces."""
    return "".join(_WORD.findall(text))
