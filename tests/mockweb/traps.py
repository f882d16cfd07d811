"""A site of traps: each way in which a crawl never ends, or fills an index with what nobody wants."""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Callable, Sequence

from mockweb.site import Answer, MockSite

WORDS = [a + b + c for a, b, c in itertools.product(("ba", "ke", "li", "mo"), ("ra", "ne", "ti"), ("do", "su", "la"))]


def prose(seed: object, length: int = 120) -> str:
    """Return words that differ for each seed: enough of them to be told apart by a fingerprint."""
    chance = random.Random(str(seed))
    return " ".join(chance.choice(WORDS) for _ in range(length))


def html(title: str, text: str, links: Sequence[str] = (), head: str = "") -> Answer:
    """Return a page."""
    anchors = "".join(f'<p><a href="{link}">more</a>' for link in links)
    return Answer(
        f"<html lang=en><head><title>{title}</title>{head}</head><body><main><p>{text}</p>{anchors}</main></body></html>"
    )


def calendar(path: str) -> Answer | None:
    """/calendar?year=2024&month=5, and the months before and after it, for ever."""
    found = re.fullmatch(r"/calendar\?year=(\d+)&month=(\d+)", path)
    if not found:
        return None
    number = int(found[1]) * 12 + int(found[2]) - 1
    near = [f"/calendar?year={n // 12}&month={n % 12 + 1}" for n in (number - 1, number + 1)]
    return html(f"Month {number}", f"No events in month {number}. {prose(number)}", near)


def days(path: str) -> Answer | None:
    """/events/2024-05-01/, and the days before and after it, all with the same text."""
    found = re.fullmatch(r"/events/(\d{4})-(\d\d)-(\d\d)/", path)
    if not found:
        return None
    number = (int(found[1]) * 12 + int(found[2]) - 1) * 28 + int(found[3]) - 1
    near = [f"/events/{n // 336:04}-{n // 28 % 12 + 1:02}-{n % 28 + 1:02}/" for n in (number - 1, number + 1)]
    return html("Events", f"Nothing happens on this day. {prose('events')}", near)


def sessions(path: str) -> Answer | None:
    """Pages whose every link has a new session id."""
    found = re.fullmatch(r"/shop/(\d)(?:\?PHPSESSID=\w+|;jsessionid=\w+)?", path)
    if not found:
        return None
    chance = random.Random()
    links = [f"/shop/{n}?PHPSESSID={chance.randbytes(8).hex()}" for n in range(5)]
    links += [f"/shop/{n};jsessionid={chance.randbytes(8).hex()}" for n in range(5)]
    return html(f"Shop {found[1]}", prose(f"shop {found[1]}"), links)


def facets(path: str) -> Answer | None:
    """A list that is filtered and sorted by parameters in every combination and order: always the same things."""
    if not re.fullmatch(r"/list(?:\?.*)?", path):
        return None
    given = [pair for pair in path.partition("?")[2].split("&") if pair]
    more = [f"{key}={value}" for key in ("sort", "color", "size", "view") for value in range(4)]
    links = ["/list?" + "&".join([*given, pair]) for pair in more if pair not in given]
    return html("List", prose("list"), links)


def repeating(path: str) -> Answer | None:
    """A relative link that leads one folder deeper each time."""
    return html("Deeper", prose(path), ["more/stuff/"]) if path.startswith("/deep/") else None


def longer(path: str) -> Answer | None:
    """A url that grows with each page."""
    return html("Longer", prose(path), [path + "x" * 60 + "/"]) if path.startswith("/long/") else None


def chain(path: str) -> Answer | None:
    """A page that leads to the next one, for ever."""
    found = re.fullmatch(r"/chain/([a-z]+)", path)
    return html("Chain", prose(path), [f"/chain/{_after(found[1])}"]) if found else None


def _after(name: str) -> str:
    return name[:-1] + chr(ord(name[-1]) + 1) if name[-1] < "z" else name + "a"


ENDLESS: tuple[Callable[[str], Answer | None], ...] = (calendar, days, sessions, facets, repeating, longer, chain)
ENTRIES = ("/calendar?year=2024&month=5", "/events/2024-05-01/", "/shop/0", "/list", "/deep/", "/long/", "/chain/a")


def set_traps(site: MockSite) -> None:
    """Set all traps in `site`, linked from its first page."""
    site.endless += ENDLESS
    single = {
        "/robots.txt": Answer("User-agent: *\nDisallow: /private\nAllow: /private/open\n", content_type="text/plain"),
        "/private/page": html("Private", prose("private")),
        "/private/open": html("Open", prose("open")),
        "/noindex": html("Hidden", prose("hidden"), head='<meta name="robots" content="noindex">'),
        "/canonical": html("Product", prose("product"), head='<link rel="canonical" href="/product">'),
        "/product": html("Product", prose("product")),
        "/copy-of-article": html("Article", prose("article")),
        "/article": html("Article", prose("article")),
        "/folder/": html("Folder", "short"),
        "/folder/index.html": html("Folder", "short"),
        "/loop-1": Answer(status=302, headers={"Location": "/loop-2"}),
        "/loop-2": Answer(status=302, headers={"Location": "/loop-1"}),
        "/old": Answer(status=301, headers={"Location": "/middle"}),
        "/middle": Answer(status=301, headers={"Location": "/article"}),
        "/gone": Answer("gone", status=410),
        "/broken": Answer("oops", status=500),
        "/binary": Answer(bytes(range(256)) * 100),
        "/picture": Answer(b"\x89PNG", content_type="image/png"),
        "/stale": html("Moved", "we moved", head='<meta http-equiv="refresh" content="0; url=/product">'),
        "/soft": html("Page not found", "Sorry, the page that you asked for could not be found. 404"),
        "/account": html(
            "Sign in",
            '<form action="/in" method="post"><input name="user"><input type="password" name="pass"><button>Sign in</button></form>',
        ),
    }
    site.pages.update(single)
    site.pages["/"] = html(
        "Start", prose("start"), [*ENTRIES, *(path for path in single if path != "/robots.txt"), "/missing"]
    )
