"""What a search engine wants of an HTML page: title, text, headings, description, language, links, wishes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.html import DocumentNode, ElementNode, HTMLTree

from lightship.crawler import urls
from lightship.errors import InvalidDocumentError
from lightship.language import detect_language, primary_subtag

MAX_TEXT = 1_000_000  # characters kept of a page: its head
MAX_TITLE, MAX_DESCRIPTION, MAX_HEADING, MAX_HEADINGS, MAX_LINKS = 500, 1000, 300, 100, 5000
MAX_DEPTH = 1000  # of nested elements: finding the main content takes time quadratic in it
ENOUGH_TEXT = 200  # characters
MAIN_SHARE = 0.25  # main content that is a smaller share of the whole text was recognised wrongly

_TOO_DEEP = ">".join(["*"] * MAX_DEPTH)
_BLANKS = re.compile(r"[^\S\n]+")
_EDGES = re.compile(r" ?\n ?")
_GAPS = re.compile(r"\n{3,}")
_NOT_AGENTS = frozenset({"unavailable_after", "max-snippet", "max-image-preview", "max-video-preview"})


class Page(NamedTuple):
    """What was found on a page. `links` and `canonical` are normal urls; `links` is empty when it says nofollow."""

    title: str
    text: str
    headings: list[str]
    description: str
    language: str | None
    links: list[str]
    canonical: str | None
    noindex: bool
    refresh: str | None = None
    alternates: list[str] = []  # noqa: RUF012
    feeds: list[str] = []  # noqa: RUF012
    fingerprint: int = 0
    missing: bool = False
    login: bool = False


def extract(html: str, url: str, *, robots: Iterable[str] = (), agent: str = "") -> Page:
    """Return what the page at the normal url `url` holds.

    `robots` are the values of its X-Robots-Tag headers; `agent` is the crawler's own name in such wishes.
    """
    tree = HTMLTree.parse(html)
    document = _document(tree)
    wishes = {wish for value in robots for wish in _wishes(value, agent.lower())}
    wishes |= {wish for value in _metas(document, "robots", agent.lower()) for wish in _wishes(value, "")}
    base = _base(document, url)
    headings = [found for element in _all(document, "h1,h2,h3") if (found := _line(element.text or ""))]
    text = _text(tree)
    root = document.query_selector("html[lang]")
    return Page(
        title=_title(tree, headings),
        text=text,
        headings=[heading[:MAX_HEADING] for heading in headings[:MAX_HEADINGS]],
        description=_line(next(iter(_metas(document, "description", "og:description")), ""))[:MAX_DESCRIPTION],
        language=detect_language(text, primary_subtag(root.getattr("lang")) if root else None),
        links=[] if wishes & {"nofollow", "none"} else _links(document, base),
        canonical=_canonical(document, base),
        noindex=bool(wishes & {"noindex", "none"}),
    )


def plain_text(text: str) -> str:
    """Return `text` with runs of blanks made one, and empty lines made few; at most MAX_TEXT characters."""
    return _GAPS.sub("\n\n", _EDGES.sub("\n", _BLANKS.sub(" ", text[: MAX_TEXT * 2]))).strip()[:MAX_TEXT]


def _document(tree: HTMLTree) -> DocumentNode:
    if tree.document is None:
        raise InvalidDocumentError("not HTML that can be parsed")
    return tree.document


def _all(document: DocumentNode, selector: str) -> list[ElementNode]:
    return list(document.query_selector_all(selector).values())  # iterating over the live list is quadratic


def _line(text: str) -> str:
    return " ".join(text.split())


def _text(tree: HTMLTree) -> str:
    """Return the main content, or all text when hardly any of that was taken for main content."""
    whole: str = extract_plain_text(tree, main_content=False)
    if _document(tree).query_selector(_TOO_DEEP) is not None:
        return plain_text(whole)
    main: str = extract_plain_text(tree, main_content=True)
    small = len(main) < MAIN_SHARE * len(whole) or (len(main) < ENOUGH_TEXT and len(main) < len(whole) / 2)
    return plain_text(whole if small else main)


def _title(tree: HTMLTree, headings: list[str]) -> str:
    shared = next(iter(_metas(_document(tree), "og:title")), "")
    return (_line(tree.title or "") or _line(shared) or (headings[0] if headings else ""))[:MAX_TITLE]


def _metas(document: DocumentNode, *names: str) -> Iterator[str]:
    """Yield the contents of the meta elements that have one of `names`, in the order of the page."""
    for element in _all(document, "meta[content]"):
        name = element.getattr("name") or element.getattr("property") or ""
        if name and name.strip().lower() in names:
            yield element.getattr("content") or ""


def _wishes(value: str, agent: str) -> set[str]:
    """Return the directives of a robots meta or X-Robots-Tag value; those for another agent are left out."""
    head, colon, rest = value.lower().partition(":")
    if colon and "," not in head and head.strip() not in _NOT_AGENTS:
        if head.strip() != agent:
            return set()
        value = rest
    return {wish.strip() for wish in value.lower().split(",")}


def _base(document: DocumentNode, url: str) -> str:
    element = document.query_selector("base[href]")
    return (urls.normalise(element.getattr("href") or "", url) if element else None) or url


def _links(document: DocumentNode, base: str) -> list[str]:
    found: dict[str, None] = {}
    for element in _all(document, "a[href],area[href],frame[src],iframe[src]"):
        if len(found) >= MAX_LINKS:
            break
        if "nofollow" in (element.getattr("rel") or "").lower().split():
            continue
        link = urls.normalise(element.getattr("href") or element.getattr("src") or "", base)
        if link is not None:
            found[link] = None
    return list(found)


def _canonical(document: DocumentNode, base: str) -> str | None:
    for element in _all(document, "link[rel][href]"):
        if "canonical" in (element.getattr("rel") or "").lower().split():
            return urls.normalise(element.getattr("href") or "", base)
    return None
