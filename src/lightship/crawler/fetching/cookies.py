"""Follows redirects of sites that only want a cookie: they set it, and lead back to the page that was asked for.

The cookies (RFC 6265, without their attributes) are kept for one visit, and sent only to the page's own path.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping

from multidict import CIMultiDictProxy

from lightship.core import urls
from lightship.crawler.fetching.fetch import Response

REDIRECTS = (301, 302, 303, 307, 308)
MAX_STEPS = 4  # redirects of one page
MAX_COOKIES, MAX_COOKIE = 20, 4096  # of one visit; characters of one (RFC 6265, section 6.1)

_COOKIE = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,256})=([\x21-\x3a\x3c-\x7e]{0,4000})")

Get = Callable[[str, Mapping[str, str]], Awaitable[Response]]


def asks_for_cookie(url: str, response: Response) -> bool:
    """Return True if the redirect of the normal URL `url` leads to its own path, and sets a cookie."""
    return response.status in REDIRECTS and "Set-Cookie" in response.headers and _leads_back(url, url, response)


async def with_cookies(url: str, response: Response, get: Get, allows: Callable[[str], bool]) -> Response:
    """Return what `url` answers to one who keeps its cookies; `response`, its redirect, if it does not lead back to it.

    Only URLs that robots.txt `allows` are asked for. Raises what `get` raises.
    """
    jar: dict[str, str] = {}
    at, answer = url, response
    for _ in range(MAX_STEPS):
        if answer.status not in REDIRECTS:
            break
        jar |= _cookies(answer.headers)
        target = urls.normalise(answer.headers.get("Location", ""), at)
        if target is None or not _leads_back(url, at, answer) or not allows(target):
            break
        at, answer = (
            target,
            await get(target, {"Cookie": "; ".join(f"{name}={jar[name]}" for name in list(jar)[:MAX_COOKIES])}),
        )
    return answer if at == url and answer.status not in REDIRECTS else response


def _leads_back(url: str, at: str, response: Response) -> bool:
    target = urls.normalise(response.headers.get("Location", ""), at)
    return target is not None and target.partition("?")[0] == url.partition("?")[0]


def _cookies(headers: CIMultiDictProxy[str]) -> dict[str, str]:
    given = (_COOKIE.match(value[:MAX_COOKIE].strip()) for value in headers.getall("Set-Cookie", [])[:MAX_COOKIES])
    return {found[1]: found[2] for found in given if found}
