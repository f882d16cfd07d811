"""What the page at `/about` tells: the sites in the index, and the address of this server for the lines to copy."""

from __future__ import annotations

from starlette.types import Scope

from lightship.core.errors import InvalidInputError
from lightship.http.callers import host_of
from lightship.searchengine.search.api import FacetValue, SearchRequest
from lightship.searchengine.search.search import Searcher

SITES = 20  # that are listed, those with most documents first


async def sites(searcher: Searcher, until: float) -> list[FacetValue]:
    """Return the sites with most documents, by `until` (time.monotonic).

    None if the index has too many to count them, or does not know them.
    """
    try:
        answer = await searcher.search(SearchRequest(size=1, facets=("site",), facet_size=SITES), until)
    except InvalidInputError:
        return []
    found = answer.facets["site"] if isinstance(answer.facets, dict) else []
    return [each for each in found if each.value] if isinstance(found, list) else []


def own_address(scope: Scope) -> str:
    """Return the url of this server as the client of a request knows it, without a `/` at its end."""
    return f"{scope['scheme']}://{host_of(scope) or 'localhost:{}'.format(scope['server'][1])}"
