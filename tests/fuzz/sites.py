"""A site for a crawl with a hostile one, in a process of its own: `python sites.py KIND` prints its port.

The kind "good" has pages that link to the next ones.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gzip
import io
import random
import sys
import zipfile
import zlib
from collections.abc import AsyncIterator, Callable

from aiohttp import web

SIZE = 7_900_000
WORD = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
GOOD = 5000  # pages of a good site
LETTERS = "bcdfghjklmnpqrstvwxz"
WORDS = [
    "harbour",
    "lantern",
    "keeper",
    "signal",
    "tide",
    "vessel",
    "anchor",
    "beacon",
    "chart",
    "compass",
    "current",
    "depth",
]


def name(number: int) -> str:
    """Return a path without digits: no form that a trap could have."""
    return "".join(LETTERS[number // 20**place % 20] for place in range(4))


def good(number: int) -> str:
    """Return a page of a good site, with links to ten others."""
    chance = random.Random(number)
    text = "".join(f"<p>{' '.join(chance.choices(WORDS, k=60))}</p>" for _ in range(8))
    links = "".join(f'<a href="/{name((number * 10 + i) % GOOD)}">more</a> ' for i in range(1, 11))
    return f"<html lang=en><head><title>Page {name(number)}</title></head><body><main>{text}</main><nav>{links}</nav></body></html>"


def zipped(xml: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", xml)
    return file.getvalue()


def attributes(count: int) -> bytes:
    return b"<p " + b" ".join(b"a%d=1" % number for number in range(count)) + b">text</p>"


def body(piece: bytes) -> Callable[[], bytes]:
    return lambda: piece * (SIZE // len(piece))


# Each kind of page: its media type, and what makes its body
PAGES: dict[str, tuple[str, Callable[[], bytes]]] = {
    "attributes 40,000": ("text/html", lambda: attributes(40_000)),
    "attributes 900,000": ("text/html", lambda: attributes(700_000)),
    "div": ("text/html", body(b"<div>")),
    "bi": ("text/html", body(b"<b><i>")),
    "tables": ("text/html", body(b"<table><tr><td>")),
    "cells": ("text/html", body(b"<table><tr><td>1<td>2</tr>")),
    "select": ("text/html", body(b"<select><option><optgroup>")),
    "random": ("text/html", lambda: random.Random(1).randbytes(SIZE)),
    "brackets": ("text/html", body(b"<")),
    "markdown": ("text/markdown", body(b"[a](<b")),
    "markdown stars": ("text/markdown", body(b"*a **b ")),
    "elements": (DOCX, lambda: zipped("<a>" + "<a/>" * 15_000_000 + "</a>")),
    "controls": (DOCX, lambda: zipped(f"<w:document {WORD}><w:body>" + "<w:sdt><w:sdtContent>" * 100_000)),
    "sitemap": ("application/xml", lambda: gzip.compress(b"<urlset>" + b"<url><loc>/a</loc>" * 3_000_000, 1)),
    "json": ("text/html", lambda: b'<script type="application/ld+json">' + b"[" * 200_000 + b"</script>"),
}  # fmt: skip


@functools.cache
def _bomb() -> list[bytes]:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return [packer.compress(bytes(1 << 20)) for _ in range(100)]


async def endless() -> AsyncIterator[bytes]:
    while True:
        yield b"<p>on and on " * 1000
        await asyncio.sleep(0.01)


async def slow() -> AsyncIterator[bytes]:
    while True:
        yield b"x"
        await asyncio.sleep(0.3)


async def bomb() -> AsyncIterator[bytes]:
    for piece in _bomb():
        yield piece


STREAMS = {"endless": endless, "slow": slow, "bomb": bomb}


class Site:
    """One site; it counts the pages that were asked for."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.asked = 0
        made = PAGES.get(kind)
        self.type, self.body = (made[0], made[1]()) if made else ("text/html", b"")

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        path = request.path
        if path == "/asked":
            return web.Response(text=str(self.asked))
        if path == "/robots.txt":
            stars = f"User-agent: *\nDisallow: /*{'a*' * 500}b\nDisallow: /private\n"
            return web.Response(text=stars) if self.kind == "robots" else web.Response(status=404)
        if "." in path or path.startswith("/lightship") or (self.kind != "sitemap" and "sitemap" in path):
            return web.Response(status=404)
        self.asked += 1
        if self.kind == "good":
            await asyncio.sleep(0.02)
            number = (
                sum(LETTERS.index(letter) * 20**place for place, letter in enumerate(path[1:5])) if path != "/" else 0
            )
            return web.Response(text=good(number), content_type="text/html")
        if path == "/":
            tail = "a" * 300 if self.kind == "robots" else "x"
            return web.Response(
                text="".join(f'<a href="/{name(number)}{tail}">x</a>' for number in range(1000)),
                content_type="text/html",
            )
        if self.kind in STREAMS:
            packed = {"Content-Encoding": "gzip"} if self.kind == "bomb" else {}
            response = web.StreamResponse(headers={"Content-Type": "text/html", **packed})
            await response.prepare(request)
            with contextlib.suppress(ConnectionError):  # the crawler has had enough
                async for piece in STREAMS[self.kind]():
                    await response.write(piece)
            return response
        return web.Response(body=self.body, content_type=self.type)


async def main(kind: str) -> None:
    runner = web.ServerRunner(web.Server(Site(kind).answer))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
