"""Main text: how much of the content of real pages is kept, how much of what frames it, and how fast.

The pages are those of documentation packages, unpacked (docs/benchmarks.md says how). What is content is known per
generator: the element that its templates put content into, without what lies in it on most pages of the site. All else
is frame; tables of contents and what content has in common are neither.
"""

from __future__ import annotations

import importlib.util
import random
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.html import HTMLTree

from bench.report import Figure, Report
from bench.settings import BenchSettings
from lightship.core.errors import ConfigurationError
from lightship.crawler.parsing.encodings.decode import decode
from lightship.crawler.parsing.html.content import read_content

COMMON = 0.5  # share of a site's pages: a line of text that is on more of them is frame, wherever it stands
TOC = ".toc,.contents.local,.toctree-wrapper"

_WORDS = re.compile(r"\w+")


@dataclass(frozen=True)
class Site:
    """Pages of one generator: files below `pages`, their content below `content`, without `neither`."""

    name: str
    generator: str
    pages: str
    content: str
    neither: str = TOC
    frame: str = ""  # what is frame though it lies in the content


@dataclass(frozen=True)
class Page:
    """A page with the words of its content, of its frame, and of what may be either."""

    html: str
    content: Counter[str]
    frame: Counter[str]
    neither: Counter[str]


SITES = (
    Site("python", "Sphinx", "python3.11-doc/usr/share/doc/python3.11/html/*/*.html", "div.body"),
    Site("cmake", "Sphinx", "cmake-doc/usr/share/doc/cmake-data/html/*/*.html", "div.body"),
    Site("postgresql", "DocBook", "postgresql-doc-15/usr/share/doc/postgresql-doc-15/html/*.html", "body",
         frame=".navheader,.navfooter"),
    Site("aptitude", "DocBook", "aptitude-doc-en/usr/share/doc/aptitude/html/en/*.html", "body",
         frame=".navheader,.navfooter"),
    Site("debian-handbook", "DocBook (Publican)", "debian-handbook/usr/share/doc/debian-handbook/html/en-US/*.html",
         "body", frame="p#title,ul.docnav"),
    Site("eigen", "Doxygen", "libeigen3-doc/usr/share/doc/libeigen3-dev/html/*.html", "div.contents,div.headertitle",
         neither=".toc,div.fragment a.line"),
    Site("sfml", "Doxygen", "libsfml-doc/usr/share/doc/libsfml-dev/html/*.html", "div.contents,div.headertitle"),
    Site("mkdocs", "MkDocs", "mkdocs-doc/usr/share/doc/mkdocs/html/**/*.html", "div[role=main]"),
    Site("typer", "MkDocs (Read the Docs)", "python-typer-doc/usr/share/doc/python-typer-doc/html/**/*.html",
         "div[role=main]"),
    Site("markdown", "MkDocs (Nature)", "python-markdown-doc/usr/share/doc/python-markdown-doc/docs/**/*.html",
         "div.body"),
    Site("material", "MkDocs (Material)", "made/material/**/index.html", "article.md-content__inner"),
    Site("cppreference", "MediaWiki", "cppreference-doc-en-html/usr/share/cppreference/doc/html/en/cpp/*/*.html",
         "#mw-content-text,h1#firstHeading", neither="#toc", frame=".t-navbar"),
    Site("apache", "own XSLT", "apache2-doc/usr/share/doc/apache2-doc/manual/en/**/*.html", "#page-content",
         neither="#quickview,.toc", frame=".toplang,.bottomlang,#comments_section,p.menu"),
    Site("git", "AsciiDoc", "git-doc/usr/share/doc/git-doc/*.html", "#header,#content,#footnotes"),
    Site("nodejs", "own", "nodejs-doc/usr/share/doc/nodejs/api/*.html", "#apicontent"),
    # The rules were made with those above in sight, and then tried with these:
    Site("glib", "GTK-Doc", "libglib2.0-doc/usr/share/doc/libglib2.0-doc/glib/*.html", "body",
         frame=".navigation,.footer"),
    Site("rust-book", "mdBook", "rust-doc/usr/share/doc/rust-doc/html/book/ch*.html", "main"),
    Site("rust-std", "rustdoc", "rust-doc/usr/share/doc/rust-doc/html/std/*/*.html", "main", frame="nav.sub"),
    Site("canl", "Javadoc", "libcanl-java-doc/usr/share/doc/libcanl-java/apidocs/**/*.html", "main"),
)  # fmt: skip


def run(settings: BenchSettings) -> Report:
    """Return how the extractors do on the pages below `settings.pages`."""
    figures: list[Figure] = []
    notes = [f"{settings.sample} pages of each site; kept: share of the words of the content, and of the frame"]
    found = {site: list(_pages(site, Path(settings.pages), settings.sample)) for site in SITES}
    for name, extractor in _extractors():
        measured = [list(_measure(name, site, pages, extractor)) for site, pages in found.items() if pages]
        figures += [figure for some in measured for figure in some]
        figures += _means(name, measured)
    return Report("extract", figures, notes)


def _means(name: str, measured: Sequence[Sequence[Figure]]) -> Iterator[Figure]:
    """Yield the means over the sites; only Lightship's have targets."""
    if not measured:
        raise ConfigurationError("no pages of a known site below -pages; docs/benchmarks.md says how to get them")
    kept, framed, speed = (fmean(figures[i].value for figures in measured) for i in range(3))
    own = name == "lightship"
    yield Figure(f"{name}: content kept", kept, "%", 95 if own else None, "higher")
    yield Figure(f"{name}: frame kept", framed, "%", 5 if own else None)
    yield Figure(f"{name}: speed", speed, "MB/s")


def _extractors() -> Iterator[tuple[str, Callable[[str], str]]]:
    yield "lightship", lambda html: read_content(HTMLTree.parse(html), html).text
    yield "resiliparse", lambda html: str(extract_plain_text(html, main_content=True))
    if importlib.util.find_spec("trafilatura"):
        import trafilatura  # not one of our dependencies: pip install trafilatura

        yield "trafilatura", lambda html: trafilatura.extract(html, include_comments=False) or ""


def _pages(site: Site, folder: Path, sample: int) -> Iterator[Page]:
    """Yield the html of pages, the words of their content and those of their frame."""
    paths = sorted(folder.glob(site.pages))
    random.Random(5).shuffle(paths)
    texts = [decode(path.read_bytes()) for path in paths[:sample]]
    cut = [_cut(site, html) for html in texts]
    lines = Counter(line for content, _ in cut for line in set(content))
    common = {line for line, count in lines.items() if count > COMMON * len(texts)} if len(texts) > 5 else set()
    for html, (content, frame) in zip(texts, cut, strict=True):
        own = [line for line in content if line not in common]
        if own:
            yield Page(html, _words(own), _words(frame), _words([line for line in content if line in common]))


def _cut(site: Site, html: str) -> tuple[list[str], list[str]]:
    """Return the lines of the content and of the frame of a page."""
    tree = HTMLTree.parse(html)
    document = tree.document
    assert document is not None
    for element in document.query_selector_all(f"script,style,template,noscript,[hidden],{site.neither}").values():
        element.remove()
    framed = list(document.query_selector_all(site.frame).values()) if site.frame else []
    frame = [line for element in framed for line in _lines(element.outer_html)]
    for element in framed:
        element.remove()
    content: list[str] = []
    for element in document.query_selector_all(site.content).values():
        content += _lines(element.outer_html)
        element.remove()
    body = document.query_selector("body")
    return content, [*frame, *(_lines(body.outer_html) if body else [])]


def _lines(html: str) -> list[str]:
    text = extract_plain_text(html, preserve_formatting=True, list_bullets=False, alt_texts=False)
    return [stripped for line in text.splitlines() if (stripped := line.strip())]


def _words(lines: Sequence[str]) -> Counter[str]:
    return Counter(word for line in lines for word in _WORDS.findall(line.lower()))


def _measure(name: str, site: Site, pages: Sequence[Page], extractor: Callable[[str], str]) -> Iterator[Figure]:
    began = time.process_time()
    found = [_words(extractor(page.html).splitlines()) for page in pages]
    seconds = time.process_time() - began
    kept = framed = 0.0
    for words, page in zip(found, pages, strict=True):
        kept += (words & page.content).total() / page.content.total()
        framed += ((words - page.content - page.neither) & page.frame).total() / (page.frame.total() or 1)
    where = f"{name}, {site.name} ({site.generator})"
    yield Figure(f"{where}: content kept", 100 * kept / len(pages), "%")
    yield Figure(f"{where}: frame kept", 100 * framed / len(pages), "%")
    yield Figure(f"{where}: speed", sum(len(page.html) for page in pages) / 1e6 / seconds, "MB/s")
