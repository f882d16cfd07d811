"""Made websites on many addresses of this machine, for the crawl: `python -m bench.website HOSTS PAGES PORT`."""

from __future__ import annotations

import asyncio
import random
import sys

from aiohttp import web

WORDS = 400  # of a page
NAVIGATION = "".join(f"<li><a href='/{number}'>Section {number}</a></li>" for number in range(20))


def page(host: str, number: int, pages: int) -> bytes:
    """Return page `number` of `pages` of a host: a navigation, headings, text of its own, links to a tree of pages."""
    chance = random.Random(f"{host}/{number}")
    words = ["".join(chance.choice("bdfgklmnprst") + chance.choice("aeiou") for _ in range(3)) for _ in range(WORDS)]
    paragraphs = "".join(f"<h2>Part {i}</h2><p>{' '.join(words[i : i + 80])}.</p>" for i in range(0, WORDS, 80))
    links = "".join(f"<a href='/{n}'>page {n}</a> " for n in (2 * number + 1, 2 * number + 2, number // 2) if n < pages)
    return (
        f"<!doctype html><html lang=en><head><title>Page {number} of {host}</title></head><body><nav><ul>{NAVIGATION}</ul>"
        f"</nav><main><h1>Page {number}</h1>{paragraphs}</main><p>{links}</p><footer>made</footer></body></html>"
    ).encode()


async def serve(hosts: int, pages: int, port: int) -> None:
    """Serve until killed."""
    made = {
        f"127.0.1.{n + 1}": [page(f"127.0.1.{n + 1}", number, pages) for number in range(pages)] for n in range(hosts)
    }

    async def answer(request: web.BaseRequest) -> web.Response:
        path, site = request.path[1:], made[request.host.partition(":")[0]]
        if not path.isdecimal() or int(path) >= pages:
            return web.Response(status=404)
        tag = f'"{path}"'
        if request.headers.get("If-None-Match") == tag:
            return web.Response(status=304, headers={"ETag": tag})
        return web.Response(body=site[int(path)], headers={"ETag": tag, "Content-Type": "text/html; charset=utf-8"})

    runner = web.ServerRunner(web.Server(answer))
    await runner.setup()
    for host in made:
        await web.TCPSite(runner, host, port).start()
    print("serving", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(*map(int, sys.argv[1:])))
