"""Sites that set a cookie, and redirect to the page that was asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from aiohttp import web

from mockweb.crawling import Crawl
from mockweb.site import Answer, MockSite
from mockweb.traps import html, prose

Wants = Callable[[web.BaseRequest], Answer | None]


class Wanting(MockSite):
    """A site that answers what `wants` returns, and its pages where that is None."""

    wants: Wants

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        answer = None if request.path in ("/robots.txt", "/sitemap.xml") else self.wants(request)
        if answer is None:
            return await super()._answer(request)
        self.requests.append((request.path_qs, answer.status, request.headers))
        return web.Response(status=answer.status, headers=answer.headers)


@pytest.fixture
def wanting() -> Iterator[Wanting]:
    with Wanting() as started:
        started.pages["/"] = html("Home", prose("home"), ["/a?b=1"])
        started.pages["/a?b=1"] = html("Page", prose("page"))
        yield started


def redirect(location: str, *cookies: str) -> Answer:
    return Answer(status=302, headers={"Location": location, **({"Set-Cookie": cookies[0]} if cookies else {})})


def to_itself(request: web.BaseRequest) -> Answer | None:
    return None if request.cookies.get("seen") == "yes" else redirect(request.path_qs, "seen=yes; Path=/; HttpOnly")


def by_a_check(request: web.BaseRequest) -> Answer | None:
    """As ASP.NET does: to the page with a parameter, which sets the cookie, and back."""
    plain = request.path_qs.replace("?check=1", "").replace("&check=1", "")
    if request.cookies.get("ok"):
        return redirect(plain) if plain != request.path_qs else None
    return redirect(f"{plain}{'&' if '?' in plain else '?'}check=1", "ok=1")


def by_two(request: web.BaseRequest) -> Answer | None:
    for name in ("first", "second"):
        if name not in request.cookies:
            return redirect(request.path_qs, f"{name}=a=b")
    return None


def by_a_balancer(request: web.BaseRequest) -> Answer | None:
    """As balancers do: with a status that keeps the method, and attributes."""
    if request.cookies.get("lb") == "s1":
        return None
    cookie = "lb=s1; Domain=127.0.0.1; Path=/; Max-Age=60; SameSite=Lax; Secure=no"
    return Answer(status=307, headers={"Location": f"//{request.host}{request.path_qs}#top", "Set-Cookie": cookie})


def by_a_consent(request: web.BaseRequest) -> Answer | None:
    """As consent pages do: to the whole url, with a date in the cookie."""
    if request.cookies.get("consent"):
        return None
    cookie = "consent=a%20b=c; Expires=Wed, 21 Oct 2099 07:28:00 GMT; Path=/"
    return Answer(status=303, headers={"Location": f"http://{request.host}{request.path_qs}", "Set-Cookie": cookie})


@pytest.mark.parametrize("wants", [to_itself, by_a_check, by_two, by_a_balancer, by_a_consent])
def test_its_pages_are_crawled(crawl: Crawl, wanting: Wanting, wants: Wants) -> None:
    wanting.wants = staticmethod(wants)
    crawl.once(wanting.url("/"))
    assert crawl.documents() == {wanting.url("/"), wanting.url("/a?b=1")}


def test_cookies_are_not_kept_for_the_next_page(crawl: Crawl, wanting: Wanting) -> None:
    wanting.wants = staticmethod(to_itself)
    crawl.once(wanting.url("/"))
    assert [(path, status) for path, status, _ in wanting.requests if path.startswith("/a")] == [
        ("/a?b=1", 302), ("/a?b=1", 200),
    ]  # fmt: skip


@pytest.mark.parametrize("cookies", [(), ("seen=yes",), ("no cookie",), (f"long={'x' * 5000}",)])
def test_a_page_that_redirects_to_itself_for_ever_says_so(
    crawl: Crawl, wanting: Wanting, cookies: tuple[str, ...]
) -> None:
    wanting.wants = lambda request: redirect(request.path_qs, *cookies) if request.path == "/a" else None
    crawl.once(wanting.url("/"))
    assert crawl.documents() == {wanting.url("/")}
    assert crawl.explain(wanting.url("/a?b=1")).reason == "no usable answer so far: redirects to itself"
    assert len([path for path, _, _ in wanting.requests if path.startswith("/a")]) <= 5


def test_a_cookie_is_sent_to_no_other_host(crawl: Crawl, wanting: Wanting, other: MockSite) -> None:
    wanting.wants = lambda request: redirect(other.url("/x"), "secret=1") if request.path == "/a" else None
    other.pages["/x"] = html("Other", prose("other"))
    crawl.once(wanting.url("/"), other.url("/x"))
    assert all("Cookie" not in headers for _, _, headers in other.requests)


def test_a_redirect_with_a_cookie_to_another_page_is_a_move(crawl: Crawl, wanting: Wanting) -> None:
    wanting.wants = lambda request: redirect("/b", "seen=yes") if request.path == "/a" else None
    wanting.pages["/b"] = html("Moved", prose("moved"))
    crawl.once(wanting.url("/"))
    assert crawl.documents() == {wanting.url("/"), wanting.url("/b")}
    assert all("Cookie" not in headers for _, _, headers in wanting.requests)
