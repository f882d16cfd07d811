"""Manuals: pages of documentation packages, and which of their words are content.

What is content is known for each generator: the element that its templates put content into, without the lines in it
that most pages of the site have. Everything else is frame. Tables of contents are neither.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.html import HTMLTree

from lightship.crawler.parsing.encodings.decode import decode

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
    """A page with the words of its content, of its frame, and of what may be either, and the headings of its content."""

    html: str
    content: Counter[str]
    frame: Counter[str]
    neither: Counter[str]
    headings: Sequence[str]


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
    Site("django", "Sphinx", "python-django-doc/usr/share/doc/python-django-doc/html/*/*.html", "div#bd div.yui-b div.yui-g",
         neither=f"{TOC},.contents"),
    Site("linux", "Sphinx (Read the Docs)", "linux-doc-6.1/usr/share/doc/linux-doc-6.1/html/*/*.html", "div[itemprop=articleBody]"),
    Site("llvm", "Sphinx", "llvm-14-doc/usr/share/doc/llvm-14-doc/html/*.html", "div.body", neither=f"{TOC},.contents"),
    Site("sqlalchemy", "Sphinx (own)", "python-sqlalchemy-doc/usr/share/doc/python-sqlalchemy-doc/html/*/*.html",
         "#docs-body", frame="div[role=navigation]"),
    Site("pandas", "Sphinx (PyData)", "python-pandas-doc/usr/share/doc/python-pandas-doc/html/**/*.html", "main",
         frame=".prev-next-area"),
    Site("docutils", "docutils", "docutils-doc/usr/share/doc/docutils-doc/docs/**/*.html", "div.document,main",
         neither=f"{TOC},.contents", frame="div.footer"),
    Site("exim", "DocBook (own)", "exim4-doc-html/usr/share/doc/exim4-doc-html/spec_html/ch-*.html", "div#chapter",
         frame="a.previous_page,a.next_page,a.contents_page,a[class*=page]"),
    Site("boost", "BoostBook", "libboost1.81-doc/usr/share/doc/libboost1.81-doc/doc/html/**/*.html", "body",
         frame=".spirit-nav,body > table,.copyright-footer"),
    Site("installation", "DocBook", "installation-guide-amd64/usr/share/doc/installation-guide-amd64/en/*.html", "body",
         frame=".navheader,.navfooter"),
    Site("prolog", "own", "swi-prolog-doc/usr/share/swi-prolog/doc/Manual/*.html", "body", frame=".navigate,.nav"),
    Site("maxima", "texinfo", "maxima-doc/usr/share/doc/maxima-doc/html/maxima_*.html", "body", neither=f"{TOC},.menu,[class*=contents]",
         frame="div.header"),
    Site("asymptote", "texinfo", "asymptote-doc/usr/share/doc/asymptote/html/*.html", "body",
         neither=f"{TOC},.menu,[class*=contents]", frame="div.header"),
    Site("racket", "Scribble", "racket-doc/usr/share/doc/racket/*/*.html", "div.main",
         frame=".navsettop,.navsetbottom,.versionbox,.versionNoNav"),
    Site("erlang", "own XSLT", "erlang-doc/usr/share/doc/erlang-doc/lib/*/doc/html/*.html", "div#content",
         frame=".footer"),
    Site("sqlite", "by hand", "sqlite3-doc/usr/share/doc/sqlite3/*.html", "body",
         frame="div.nosearch", neither=f"{TOC},#toc_sub"),
    Site("jsoup", "Javadoc", "libjsoup-java-doc/usr/share/doc/libjsoup-java/api/org/**/*.html", "main"),
    Site("ghc", "Haddock", "ghc-doc/usr/share/doc/ghc-doc/html/libraries/*/*.html", "div#content", neither="#table-of-contents,#synopsis"),
    Site("canl", "Javadoc", "libcanl-java-doc/usr/share/doc/libcanl-java/apidocs/**/*.html", "main"),
)  # fmt: skip


def read_pages(site: Site, folder: Path, sample: int) -> Iterator[Page]:
    """Yield the html of pages, the words of their content and those of their frame."""
    paths = sorted(folder.glob(site.pages))
    random.Random(5).shuffle(paths)
    texts = [decode(path.read_bytes()) for path in paths[:sample]]
    cut = [_cut(site, html) for html in texts]
    lines = Counter(line for content, _, _ in cut for line in set(content))
    common = {line for line, count in lines.items() if count > COMMON * len(texts)} if len(texts) > 5 else set()
    for html, (content, frame, headings) in zip(texts, cut, strict=True):
        own = [line for line in content if line not in common]
        if own:
            either = [line for line in content if line in common]
            yield Page(html, words(own), words(frame), words(either), [one for one in headings if one not in common])


def _cut(site: Site, html: str) -> tuple[list[str], list[str], list[str]]:
    """Return the lines of the content and of the frame of a page, and the headings of the content."""
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
    headings: list[str] = []
    for element in document.query_selector_all(site.content).values():
        content += _lines(element.outer_html)
        found = element.query_selector_all("h1,h2,h3,h4,h5,h6").values()
        headings += [" ".join((heading.text or "").split()) for heading in found]
        element.remove()
    body = document.query_selector("body")
    return content, [*frame, *(_lines(body.outer_html) if body else [])], headings


def _lines(html: str) -> list[str]:
    text = extract_plain_text(html, preserve_formatting=True, list_bullets=False, alt_texts=False)
    return [stripped for line in text.splitlines() if (stripped := line.strip())]


def words(lines: Sequence[str]) -> Counter[str]:
    return Counter(word for line in lines for word in _WORDS.findall(line.lower()))
