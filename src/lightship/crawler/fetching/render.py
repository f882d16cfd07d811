"""Renders pages that need scripts in a real browser (extra `browser`): Chromium, without network access of its own.

Every request of a page goes through the crawler's own client, so that the address guard, the limits on size and time
and the credentials apply to it; what can't (WebSockets, WebRTC, uploads) is blocked.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import logging
import os
import shutil
from collections import Counter
from html import escape
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

import msgspec
from multidict import CIMultiDict, CIMultiDictProxy

from lightship.config import CrawlerSettings
from lightship.core import urls
from lightship.core.errors import ConfigurationError
from lightship.crawler.fetching.fetch import Fetcher, FetchError, Response
from lightship.crawler.parsing.encodings.media import HTML, XHTML
from lightship.crawler.parsing.html.extract import Page
from lightship.crawler.parsing.sandbox.pool import ParserPool
from lightship.crawler.parsing.sandbox.tasks import ReadPage

if TYPE_CHECKING:
    from playwright.async_api import Browser, BrowserContext, Playwright, Request, Route, WebSocketRoute
    from playwright.async_api import Page as Tab

logger = logging.getLogger(__name__)

MAX_RENDERS = 2  # concurrent pages in the browser
MAX_REQUESTS, MAX_HOPS = 200, 5  # requests per page; redirects per request
QUIET_SECONDS = 3.0  # for which a page may go on loading after its load event
MAX_VAIN = 5  # empty pages in a row that stay empty; then the site's are left as they are
AUTO = "auto"
# The first is Chromium without windows, which takes a third of the time for each page
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
_NEEDS = f"needs the extra 'browser' (pip install 'lightship[browser]') and one of {', '.join(BROWSERS)}"
ARGUMENTS = (  # no network access: requests that the crawler does not answer end at a nonexistent proxy
    "--proxy-server=http://127.0.0.1:1", "--proxy-bypass-list=<-loopback>", "--host-resolver-rules=MAP * ~NOTFOUND",
    "--webrtc-ip-handling-policy=disable_non_proxied_udp", "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--disable-quic", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--no-first-run", "--no-pings", "--dns-prefetch-disable",
)  # fmt: skip

# Removed from each page and frame before its own scripts run; in workers, WebTransport remains, stopped by the proxy
_NO_DATAGRAMS = (
    """for (const name of ['RTCPeerConnection', 'webkitRTCPeerConnection', 'WebTransport']) delete self[name];"""
)
_KINDS = frozenset({"document", "script", "stylesheet", "xhr", "fetch"})
_KEPT = (
    "content-type",
    "access-control-allow-origin",
    "access-control-allow-credentials",
    "access-control-expose-headers",
)


class RenderingFetcher(Fetcher):
    """A Fetcher that runs the scripts of the HTML pages of some hosts, or of empty pages (the setting `render`)."""

    def __init__(self, settings: CrawlerSettings, *arguments: Any, **options: Any) -> None:
        """Open the client like Fetcher. Raises ConfigurationError if there is no browser, and hosts need it."""
        self._auto = AUTO in settings.render
        if importlib.util.find_spec("playwright") is None or not _browser_path():
            if settings.render != (AUTO,):
                raise ConfigurationError(f"-render {_NEEDS}")
            logger.warning("-render=auto renders no pages: it %s", _NEEDS)
            self._auto = False
        super().__init__(settings, *arguments, **options)
        self._limits = settings
        self._vain: Counter[str] = Counter()  # by site: shells in a row that stayed empty
        self._renders = asyncio.Semaphore(MAX_RENDERS)
        self._starting = asyncio.Lock()
        self._playwright: Playwright | None = None
        self._browser: Browser | None = None

    async def __aenter__(self) -> Self:
        """Return the client; the browser is started for the first page that needs it."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the browser and the connections."""
        with contextlib.suppress(Exception):
            if self._browser:
                await self._browser.close()
            if self._playwright:
                await self._playwright.stop()
        await super().__aexit__(kind, error, trace)

    async def get(self, url: str, *arguments: Any, **options: Any) -> Response:
        """Return what Fetcher returns, but HTML pages of hosts to render as they are after their scripts have run."""
        response = await super().get(url, *arguments, **options)
        if response.status != 200 or not self._is_rendered(url):
            return response
        async with self._renders:
            return await self._shown(url, response)

    async def read(self, site: str, task: ReadPage, response: Response, pool: ParserPool) -> tuple[Page, Response]:
        """Return what Fetcher returns, but an empty page of scripts as it is after they have run, if that is wanted."""
        page, response = await super().read(site, task, response, pool)
        is_done = not page.scripted or page.noindex or page.refresh or self._is_rendered(task.url)
        if is_done or not self._auto:
            return page, response
        async with self._renders:
            shown = await self._shown(task.url, response) if self._vain[site] < MAX_VAIN else response
            if shown is response:
                return page, response
            again = msgspec.structs.replace(task, content_type=shown.headers.get("Content-Type", ""))
            found, shown = await super().read(site, again, shown, pool)
            helps = len(found.text) > len(page.text) or bool(found.refresh)
            self._vain[site] = 0 if helps else self._vain[site] + 1
            return (found, shown) if helps else (page, response)

    async def _shown(self, url: str, response: Response) -> Response:
        """Return an HTML page after its scripts have run; `response` itself if that fails."""
        if response.content_type not in (HTML, XHTML):
            return response
        try:
            browser = await self._running_browser()
            async with asyncio.timeout(self._limits.timeout):
                return await self._render(browser, url, response)
        except Exception as error:  # whatever the browser does, the page as sent is better than none
            words = " ".join(str(error).split())[:300] or type(error).__name__
            logger.warning("%s: indexed without running its scripts: %s", url, words)
            return response

    def _is_rendered(self, url: str) -> bool:
        return "*" in self._limits.render or (urlsplit(url).hostname or "") in self._limits.render

    async def _render(self, browser: Browser, url: str, response: Response) -> Response:
        context = await browser.new_context(
            user_agent=self._limits.user_agent, service_workers="block", accept_downloads=False, locale="en"
        )
        try:
            return await _View(self, context, url, response).read(self._limits)
        finally:
            await context.close()

    async def _running_browser(self) -> Browser:
        from playwright.async_api import async_playwright

        async with self._starting:
            if self._playwright is None:
                self._playwright = await async_playwright().start()
            if self._browser is None or not self._browser.is_connected():
                if os.geteuid() == 0:
                    logger.warning("-render as root runs Chromium without its sandbox; run the crawler as another user")
                self._browser = await self._playwright.chromium.launch(
                    executable_path=_browser_path(), args=ARGUMENTS, chromium_sandbox=os.geteuid() != 0
                )
            return self._browser

    async def fetch(self, url: str) -> Response:
        """Return the answer to a request of a page, after redirects; raises like Fetcher.get."""
        for _ in range(MAX_HOPS):
            response = await super().get(url, types=())
            target = urls.normalise(response.headers.get("Location", ""), url) if 300 <= response.status < 400 else None
            if target is None:
                return response
            url = target
        raise FetchError(f"more than {MAX_HOPS} redirects")


class _View:
    """One page in its own browser context, sharing no cookies or storage with others."""

    def __init__(self, fetcher: RenderingFetcher, context: BrowserContext, url: str, response: Response) -> None:
        self._fetcher = fetcher
        self._context = context
        self._url = url
        self._response = response
        self._requests = 0
        self._shown = False
        self._moved: str | None = None
        self._page: Tab | None = None

    async def read(self, limits: CrawlerSettings) -> Response:
        """Return the page after it has loaded; a redirect by a script becomes a meta refresh."""
        await self._context.add_init_script(_NO_DATAGRAMS)
        await self._context.route("**/*", self._answer)
        await self._context.route_web_socket("**/*", _refuse)
        self._page = page = await self._context.new_page()
        page.set_default_timeout(1000 * limits.timeout)
        await page.goto(self._url, wait_until="load")
        await _settle(page)
        html = (await page.content()).encode("utf-8", "replace")[: limits.max_bytes]
        if self._moved:
            html += f'<meta http-equiv="refresh" content="0; url={escape(self._moved)}">'.encode()
        headers = CIMultiDict(self._response.headers)
        headers["Content-Type"] = f"{HTML}; charset=utf-8"
        return self._response._replace(headers=CIMultiDictProxy(headers), body=html)

    async def _answer(self, route: Route) -> None:
        """Answer a request of the page through the crawler's client, or abort it."""
        try:
            if self._is_main(route.request):
                await self._navigate(route)
            elif (url := self._allowed(route.request)) is not None:
                await _fulfil(route, await self._fetcher.fetch(url))
            else:
                await route.abort()
        except Exception:  # no answer, or the page is already closed
            with contextlib.suppress(Exception):
                await route.abort()

    def _is_main(self, request: Request) -> bool:
        """Whether the page itself is requested; raises for a window that is not open yet."""
        return request.is_navigation_request() and self._page is not None and request.frame == self._page.main_frame

    def _allowed(self, request: Request) -> str | None:
        """Return the normal URL of a request that the page may make; None for others."""
        self._requests += 1
        if request.method != "GET" or request.resource_type not in _KINDS or self._requests > MAX_REQUESTS:
            return None
        return urls.normalise(request.url)

    async def _navigate(self, route: Route) -> None:
        """Load the fetched page; record a navigation by a script, but do not follow it."""
        if self._shown:
            self._moved = urls.normalise(route.request.url)
            await route.abort()
        else:
            self._shown = True
            await _fulfil(route, self._response)


def _browser_path() -> str | None:
    return next(filter(None, map(shutil.which, BROWSERS)), None)


async def _fulfil(route: Route, response: Response) -> None:
    headers = {name: response.headers[name] for name in _KEPT if name in response.headers}
    await route.fulfill(status=response.status, headers=headers, body=response.body)


async def _settle(page: Tab) -> None:
    """Wait until the page makes no more requests, QUIET_SECONDS at most."""
    from playwright.async_api import TimeoutError as OutOfTimeError

    with contextlib.suppress(OutOfTimeError):
        await page.wait_for_load_state("networkidle", timeout=1000 * QUIET_SECONDS)


async def _refuse(socket: WebSocketRoute) -> None:
    await socket.close()
