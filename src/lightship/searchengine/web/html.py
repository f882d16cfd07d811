"""The search page: server-rendered HTML that needs no scripts, and allows only `static/search.js`.

Nothing from the web is ever left unescaped: templates escape by default, and snippets and titles are escaped again
(`presenters.py`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from http.client import responses
from pathlib import Path
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from lightship.config import SearchengineSettings
from lightship.core.collections import COLLECTION, NO_COLLECTIONS, Collections
from lightship.core.declaration import NO_FIELDS, Fields
from lightship.searchengine.search.api import DEFAULT_SIZE, MAX_RESULTS, Answer, FacetValue, IndexInfo, SearchRequest
from lightship.searchengine.search.request import last_page
from lightship.searchengine.web import faceting, presenters
from lightship.searchengine.web.cached import CachedText

STATIC = Path(__file__).with_name("static")
OPENSEARCH_PATH = "/opensearch.xml"
OPENSEARCH_TYPE = "application/opensearchdescription+xml"

SECURITY_HEADERS: dict[str, str] = {  # of pages; http/middleware.py sets those of every answer
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self'; "
        "form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
}


@cache
def asset_url(name: str) -> str:
    """Return the url of a file in `static/`, with a digest of its content so that it can be cached forever."""
    digest = hashlib.blake2b((STATIC / name).read_bytes(), digest_size=8).hexdigest()
    return f"/static/{name}?v={digest}"


def render_page(
    request: SearchRequest,
    answer: Answer | None,
    index: IndexInfo | None = None,
    *,
    fields: Fields = NO_FIELDS,
    collections: Collections = NO_COLLECTIONS,
    now: datetime | None = None,
) -> str:
    """Return the page of a search: its results, or why there are none; without a query, an empty search box.

    `index` (by default that of `answer`) is described on the empty page; `fields` and `collections` are those that are
    declared; ages are relative to `now`.
    """
    index = answer.index if answer is not None else index or IndexInfo()
    facets = faceting.facets_of(request, answer, fields) if answer is not None else []
    now = now or datetime.now(UTC)
    shown = {"request": request, "index": index, "now": now, "collection": faceting.chosen_of(request, collections)}
    if answer is None:
        return _template("home.html").render(shown)
    return _template("results.html").render(
        shown,
        answer=answer,
        results=[presenters.result_of(hit, request) for hit in answer.hits],
        more=faceting.more_of(request, answer.hits, fields),
        facets=[each for each in facets if each.name not in (*faceting.MENUS, COLLECTION)],
        tabs=faceting.tabs_of(request, facets, collections),
        chips=faceting.chips_of(request, fields),
        menus=faceting.menus_of(request, answer, fields, facets, now.date()),
        pager=presenters.pager_of(request, answer.total) if answer.hits else None,
        last=last_page(answer.total, request.size),
    )


def render_cached(shown: CachedText, paragraphs: list[Markup], request: SearchRequest) -> str:
    """Return the page that shows the text of a document, in which the words of a query are marked."""
    href = shown.url if presenters.is_link(shown.url) else ""
    return _template("cached.html").render(request=request, shown=shown, paragraphs=paragraphs, href=href)


def render_about(
    request: SearchRequest, base: str, index: IndexInfo, sites: Sequence[FacetValue], settings: SearchengineSettings
) -> str:
    """Return the page about the searchengine at the url `base`: its `index`, some `sites` in it, and how to use it."""
    found = urlsplit(base)
    port = found.port or (443 if found.scheme == "https" else 80)
    return _template("about.html").render(
        request=request, index=index, now=datetime.now(UTC), base=base, settings=settings,
        place=f"{found.netloc.removesuffix(f':{port}')}:{port}", sites=presenters.sites_of(request, sites),
        elsewhere=index.documents - sum(each.count for each in sites),
    )  # fmt: skip


def render_error(status: int, message: str) -> str:
    """Return an error page with an HTTP status and a message (plain text)."""
    phrase = responses.get(status, "Error")
    sentence = message[:1].upper() + message[1:]
    return _template("error.html").render(request=SearchRequest(), status=status, phrase=phrase, message=sentence)


def render_opensearch(base: str) -> str:
    """Return the OpenSearch description that lets browsers add this search; `base` is like `http://localhost:8080`.

    Without `base`, urls are relative: the Host header of a request may be forged, and a cache would spread it.
    """
    return _template("opensearch.xml").render(base=base, icon=asset_url("icon.svg"))


def _template(name: str) -> Template:
    return _templates().get_template(name)


@cache
def _templates() -> Environment:
    """Return the templates, of which each is compiled when it is first shown: not at the start, of which that was a sixth."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, auto_reload=False,
    )  # fmt: skip
    environment.globals.update(
        asset_url=asset_url, view=presenters, opensearch_path=OPENSEARCH_PATH, opensearch_type=OPENSEARCH_TYPE,
        default_size=DEFAULT_SIZE, max_results=MAX_RESULTS, collection=None,
    )  # fmt: skip
    return environment
