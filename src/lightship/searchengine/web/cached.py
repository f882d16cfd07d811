"""Shows a document's text as it is indexed: a file has no address that a browser may open, and a page may be gone."""

from __future__ import annotations

from datetime import datetime

import msgspec
from markupsafe import Markup

from lightship.core.errors import InvalidInputError, NotFoundError
from lightship.core.model import check_url
from lightship.index.explain import find_url
from lightship.index.highlight.snippet import Highlighter
from lightship.index.query.compiler import compile_query
from lightship.index.query.language.parser import parse_query
from lightship.index.reader import View
from lightship.searchengine.search.admission import CHEAP_SECONDS, QueryExecutor
from lightship.searchengine.search.api import shown_title
from lightship.searchengine.search.seen import Seen

PAGE_CHARACTERS = 50_000


class CachedText(msgspec.Struct, frozen=True, kw_only=True):
    """A page of a document's text: `page` of `pages`, counted from 1, of PAGE_CHARACTERS each."""

    url: str
    title: str
    language: str | None
    modified: datetime | None
    characters: int
    page: int
    pages: int
    text: str


async def cached_text(seen: Seen, executor: QueryExecutor, url: str, page: int, until: float) -> CachedText:
    """Return a page of the text of `url`, by `until` (time.monotonic).

    Raises InvalidDocumentError if `url` is invalid, NotFoundError if it is not in the index, InvalidInputError if it has
    fewer pages.
    """
    check_url(url)
    return await executor.run(lambda: _text_of(seen.view, url, page), CHEAP_SECONDS, until)


async def marked_paragraphs(
    seen: Seen, executor: QueryExecutor, shown: CachedText, query: str, until: float
) -> list[Markup]:
    """Return the paragraphs of `shown`, escaped, with the words of `query` marked, by `until` (time.monotonic)."""
    return await executor.run(lambda: _marked(seen.view, shown, query), CHEAP_SECONDS, until)


def _text_of(view: View, url: str, page: int) -> CachedText:
    source = find_url(view, url)
    if source is None:
        raise NotFoundError(f"not in the index: {url[:200]}")
    text = source.text.decode("utf-8", "replace")
    pages = max(1, -(-len(text) // PAGE_CHARACTERS))
    if page > pages:
        raise InvalidInputError(f"there is no page {page}: this text has {pages}")
    return CachedText(
        url=source.url, title=shown_title(source.title), language=source.language, modified=source.modified_time,
        characters=len(text), page=page, pages=pages, text=text[(page - 1) * PAGE_CHARACTERS : page * PAGE_CHARACTERS],
    )  # fmt: skip


def _marked(view: View, shown: CachedText, query: str) -> list[Markup]:
    compiled = compile_query(parse_query(query), view.version, view.languages)
    highlighter = Highlighter(compiled, view.frequency)
    paragraphs = (" ".join(line.split()) for line in shown.text.splitlines())
    marked = highlighter.marked([line for line in paragraphs if line], shown.language)
    return [Markup(each) for each in marked]  # noqa: S704 (it is escaped)
