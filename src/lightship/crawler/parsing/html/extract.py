"""Extracts from an HTML page what a search engine needs: text, headings, metadata, links, directives, signals."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime

import msgspec
from resiliparse.parse.html import DocumentNode, HTMLTree

from lightship.core.model import FieldValue, clean_text
from lightship.core.sections import RANKED_LEVELS, Section
from lightship.crawler.parsing.html.content import read_content
from lightship.crawler.parsing.html.hidden import open_shadow_roots
from lightship.crawler.parsing.html.links import read_links
from lightship.crawler.parsing.html.metadata import metas_of, read_metadata, things_of
from lightship.crawler.parsing.html.page_fields import fields_of
from lightship.crawler.parsing.html.sections import sections_of, without_marks
from lightship.crawler.parsing.html.selection import EVERYTHING, Choice
from lightship.crawler.parsing.html.tree import attribute, document_of_tree, line
from lightship.crawler.parsing.signals.fingerprint import fingerprints
from lightship.crawler.parsing.signals.page_signals import is_login, needs_scripts, says_missing
from lightship.documents.language import detect_language, primary_subtag

MAX_TEXT = 1_000_000  # characters kept of a page, from its beginning
MAX_TITLE, MAX_DESCRIPTION = 500, 1000

_GAPS = re.compile(r"\n{3,}")
_NOT_AGENTS = frozenset({"unavailable_after", "max-snippet", "max-image-preview", "max-video-preview"})


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """The contents of a page; URLs are normal, times aware. With nofollow there are no links.

    `links`, `alternates` (translations) and `feeds` are URLs on the page, `canonical` is its canonical URL, `refresh`
    the target of an immediate meta refresh. `fingerprint` identifies near-duplicates (fingerprint.py); 0: too short.
    `words` stands for its telling words. `missing`: the page itself says that it does not exist. `scripted`: it has
    hardly any text without its scripts. `login`: it asks for a password, and has hardly any other text. `type` is what
    it is, in a word; `fields` are those of the document.
    """

    title: str = ""
    text: str = ""
    sections: list[Section] = []
    description: str = ""
    language: str | None = None
    links: list[str] = []
    canonical: str | None = None
    noindex: bool = False
    refresh: str | None = None
    alternates: list[str] = []
    feeds: list[str] = []
    author: str = ""
    fields: dict[str, FieldValue] = {}
    published: datetime | None = None
    modified: datetime | None = None
    fingerprint: int = 0
    words: int = 0
    missing: bool = False
    scripted: bool = False
    login: bool = False
    type: str = "page"


def extract(
    html: str,
    url: str,
    *,
    robots: Iterable[str] = (),
    agent: str = "",
    encoding: str = "utf-8",
    choice: Choice = EVERYTHING,
) -> Page:
    """Return the contents of the page at the normal URL `url`.

    `robots` are the values of its X-Robots-Tag headers; `agent` is the crawler's own name in such directives;
    `encoding` is the Python codec with which the page was decoded; `choice` is the part of it that becomes its text.
    """
    html = open_shadow_roots(clean_text(html))
    tree = HTMLTree.parse(html)
    document = document_of_tree(tree)
    metas = metas_of(document)
    wishes = _all_directives(robots, metas, agent.lower())
    things = things_of(document)
    said = read_metadata(document, metas, things)
    found = read_links(document, url, encoding, follow=not wishes & {"nofollow", "none"})
    title = line(tree.title or "")
    if not title or title in map(line, metas.get("og:site_name", [])):  # that of all pages of the site
        title = said.title or ("" if document.query_selector("h1") else title)
    asks = document.query_selector('input[type="password" i]') is not None
    has_scripts = document.query_selector("script") is not None  # what reads the content takes them out
    content = choice.content(tree) or read_content(
        tree, choice.reduced(tree, html), title=title, kinds=metas.get("og:type", [])
    )
    text, places = without_marks(collapsed(content.text))
    text = text[:MAX_TEXT]
    sections = sections_of(text, content.marked, places)
    headings = [section.heading for section in sections if section.level in RANKED_LEVELS]
    alike, words = fingerprints(text)
    return Page(
        title=(title or next(iter(headings), ""))[:MAX_TITLE],
        text=text,
        sections=sections,
        description=said.description[:MAX_DESCRIPTION],
        language=detect_language(text, _declared_language(document) or said.language),
        noindex=bool(wishes & {"noindex", "none"}),
        author=said.author, published=said.published, modified=said.modified,
        fingerprint=alike, words=words,
        fields=fields_of(metas, things),
        missing=says_missing(title, headings, text),
        scripted=needs_scripts(text, has_scripts=has_scripts),
        login=is_login(asks, text),
        **msgspec.structs.asdict(found),
    )  # fmt: skip


def collapsed(text: str) -> str:
    """Return `text` with spaces collapsed and fewer empty lines; of a long one, more than MAX_TEXT characters."""
    lines = [" ".join(each.split()) for each in text[: MAX_TEXT * 2].split("\n")]
    return _GAPS.sub("\n\n", "\n".join(lines)).strip()


def _declared_language(document: DocumentNode) -> str | None:
    """Return the language declared by the html or body element."""
    for selector in ("html", "body"):
        element = document.query_selector(selector)
        for name in ("lang", "xml:lang") if element else ():
            if element and (found := primary_subtag(attribute(element, name))):
                return found
    return None


def _all_directives(robots: Iterable[str], metas: dict[str, list[str]], agent: str) -> set[str]:
    wishes = {wish for value in robots for wish in _directives(value, agent)}
    for name in {"robots", agent}:
        wishes |= {wish for value in metas.get(name, []) for wish in _directives(value, "")}
    return wishes


def _directives(value: str, agent: str) -> set[str]:
    """Return the directives in a robots meta or X-Robots-Tag value, except those for another agent."""
    head, colon, rest = value.lower().partition(":")
    if colon and "," not in head and head.strip() not in _NOT_AGENTS:
        if head.strip() != agent:
            return set()
        value = rest
    return {wish.strip() for wish in value.lower().split(",")}
