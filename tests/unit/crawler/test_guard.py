"""Only sources given by the owner lead to private addresses: no notation, DNS answer, redirect or robots.txt."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from pathlib import Path

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from lightship.config import CrawlerSettings
from lightship.core import urls
from lightship.crawler.fetching.address import SourceResolver
from lightship.crawler.fetching.fetch import Fetcher, FetchError
from lightship.crawler.fetching.robots import Robots
from lightship.crawler.state.store import open_store
from mockweb.crawling import Crawl
from mockweb.raw import RawServer, says
from mockweb.site import MockSite

LOOPBACK = (
    "127.0.0.1", "127.0.0.1.", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.1", "0x7f.0.0.1", "0177.0.0.1",
    "017700000001", "0177.0x0.1", "0", "0.0.0.0", "localhost", "localhost.", "LOCALHOST", "loc%61lhost", "①②⑦.⓪.⓪.①", "127。0。0。1",
    "[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]", "[2001:0:7f00:1::]", "[::ffff:0:127.0.0.1]", "[::1%25lo]", "[fe80::1%25lo]",
)  # fmt: skip
METADATA = (
    "169.254.169.254", "2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "[::ffff:169.254.169.254]", "[fd00:ec2::254]",
    "[64:ff9b::a9fe:a9fe]", "[2002:a9fe:a9fe::]", "100.100.100.200", "168.63.129.16", "192.0.0.192",
)  # fmt: skip
PRIVATE = (
    "10.0.0.1",
    "172.16.0.1",
    "192.168.0.1",
    "100.64.0.1",
    "[fc00::1]",
    "[fd12::1]",
    "[fec0::1]",
    "[2001:db8::1]",
)
FORMS = (*LOOPBACK, *METADATA, *PRIVATE)
CANARY = says(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\nsecret")


class Names(AbstractResolver):
    """A fake DNS that returns `answers` one after the other, then the last one again and again."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self._answers = list(answers)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        addresses = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        return [
            ResolveResult(
                hostname=host, host=address, port=port, flags=0, proto=0,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
            )
            for address in addresses
        ]  # fmt: skip

    async def close(self) -> None:
        pass


async def refused(fetcher: Fetcher, url: str) -> str:
    """Return why `url` is not fetched; an empty string if it is."""
    try:
        await fetcher.get(url)
    except FetchError as error:
        return str(error)
    return ""


def test_every_form_of_a_private_address_is_refused() -> None:
    async def run() -> None:
        async with RawServer(CANARY) as canary, Fetcher(CrawlerSettings(timeout=5.0), ()) as fetcher:
            for host in FORMS:
                link = f"http://{host}:{canary.port}/"
                for url in {link, urls.normalise(link) or link}:
                    assert await refused(fetcher, url), url
            assert canary.connections == 0
            owner = Fetcher(CrawlerSettings(timeout=5.0), {("127.0.0.1", canary.port)})
            async with owner:  # what is given is fetched: the canary can sing
                assert (await owner.get(canary.url())).body == b"secret"

    asyncio.run(run())


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "10.0.0.1", "169.254.169.254", "[fd00:ec2::254]"]
)
def test_the_reason_names_the_address(host: str) -> None:
    async def run() -> str:
        async with Fetcher(CrawlerSettings(timeout=5.0), ()) as fetcher:
            return await refused(fetcher, f"http://{host}/")

    assert f"private address {host.strip('[]')}, which was not given as a source" in asyncio.run(run())


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "::1", "::ffff:127.0.0.1", "10.1.2.3", "169.254.169.254", "64:ff9b::7f00:1"]
)
def test_a_name_that_leads_to_a_private_address_is_refused(address: str) -> None:
    async def run() -> str:
        async with Fetcher(CrawlerSettings(timeout=5.0), (), Names([address])) as fetcher:
            return await refused(fetcher, "http://innocent.example/")

    assert "which was not given as a source" in asyncio.run(run())


def test_dns_that_changes_between_check_and_connect() -> None:
    async def run() -> None:
        names = Names(["93.184.215.14"], ["127.0.0.1"])
        async with RawServer(CANARY) as canary, Fetcher(CrawlerSettings(timeout=5.0), (), names) as fetcher:
            assert (await names.resolve("rebind.example"))[0][
                "host"
            ] == "93.184.215.14"  # whoever checks first sees this
            assert "private address 127.0.0.1" in await refused(fetcher, f"http://rebind.example:{canary.port}/")
            assert canary.connections == 0

    asyncio.run(run())


def test_a_public_source_may_not_become_private() -> None:
    async def run() -> None:
        async with RawServer(CANARY) as canary:
            source = ("docs.example", canary.port)
            resolver = SourceResolver(Names(["93.184.215.14"], ["127.0.0.1"], ["127.0.0.1", "93.184.215.14"]))
            assert [each["host"] for each in await resolver.resolve(*source)] == ["93.184.215.14"]
            with pytest.raises(
                PermissionError, match=r"docs\.example: its DNS name now points to the private address 127\.0\.0\.1"
            ):
                await resolver.resolve(*source)
            assert [each["host"] for each in await resolver.resolve(*source)] == ["93.184.215.14"]
            async with Fetcher(
                CrawlerSettings(timeout=5.0), {source}, Names(["93.184.215.14"], ["127.0.0.1"])
            ) as fetcher:
                connector = fetcher._open.connector
                await connector._resolver.resolve(*source)  # type: ignore[union-attr]
                assert "now points to the private address 127.0.0.1" in await refused(
                    fetcher, f"http://docs.example:{canary.port}/"
                )
            assert canary.connections == 0

    asyncio.run(run())


def test_a_private_source_is_fetched_but_no_metadata() -> None:
    async def run() -> None:
        async with RawServer(CANARY) as canary:
            url, source = f"http://intranet.example:{canary.port}/", ("intranet.example", canary.port)
            async with Fetcher(CrawlerSettings(timeout=5.0), {source}, Names(["127.0.0.1"])) as fetcher:
                assert (await fetcher.get(url)).body == b"secret"
                other = f"http://127.0.0.1:{canary.port}/"  # the same server by another name
                assert "which was not given as a source" in await refused(fetcher, other)
                assert "was not given" in await refused(fetcher, url.replace(f":{canary.port}", f":{canary.port + 1}"))
            for address in ("169.254.169.254", "fd00:ec2::254", "::ffff:169.254.169.254", "168.63.129.16"):
                async with Fetcher(CrawlerSettings(timeout=5.0), {source}, Names([address])) as fetcher:
                    assert f"now points to the private address {address}" in await refused(fetcher, url)

    asyncio.run(run())


def test_links_and_redirects_to_every_form(site: MockSite, crawl: Crawl) -> None:
    with socket.create_server(("127.0.0.1", 0)) as canary:
        canary.settimeout(0)
        port = canary.getsockname()[1]
        links = ""
        for number, host in enumerate(FORMS):
            status = (301, 302, 303, 307, 308)[number % 5]
            site.redirect(f"/to/{number}", f"http://{host}:{port}/", status)
            links += f'<a href="/to/{number}">x</a> <a href="http://{host}:{port}/">y</a>'
        site.page("/", f"<title>Home</title>{links}")
        crawl.once(site.url("/"), timeout=2.0)
        assert crawl.documents() == {site.url("/")}
        with pytest.raises(BlockingIOError):
            canary.accept()  # nobody came
    assert {path for path, _, _ in site.requests} >= {f"/to/{number}" for number in range(len(FORMS))}


def test_sitemaps_and_feeds_lead_nowhere_private(site: MockSite, crawl: Crawl) -> None:
    with socket.create_server(("127.0.0.1", 0)) as canary:
        canary.settimeout(0)
        private = [f"http://{host}:{canary.getsockname()[1]}" for host in ("127.0.0.1", "[::1]", "localhost", "0x7f.1")]
        named = "".join(f"Sitemap: {each}/s.xml\n" for each in private) + f"Sitemap: {site.url('/own.xml')}\n"
        site.page("/robots.txt", named, content_type="text/plain")
        maps = "".join(f"<sitemap><loc>{each}/t.xml</loc></sitemap>" for each in [*private, site.url("")])
        site.page("/own.xml", f"<sitemapindex>{maps}</sitemapindex>", content_type="text/xml")
        pages = "".join(f"<url><loc>{each}/page</loc></url>" for each in [*private, site.url("")])
        site.page("/t.xml", f"<urlset>{pages}</urlset>", content_type="text/xml")
        site.redirect("/moved.xml", f"{private[0]}/moved.xml")
        items = "".join(f"<item><link>{each}/entry</link></item>" for each in [*private, site.url("")])
        site.page("/feed.xml", f"<rss><channel>{items}</channel></rss>", content_type="application/rss+xml")
        link = "<link rel=alternate type=application/rss+xml href=/{}.xml>"
        site.page("/", f"<title>Home</title>{link.format('feed')}{link.format('moved')}the home page of the site")
        site.page("/page", "<title>Page</title>the text of a page that a sitemap lists")
        site.page("/entry", "<title>Entry</title>what an entry of a feed says about another matter")
        crawl.once(site.url("/"), timeout=2.0)
        assert crawl.documents() == {site.url(path) for path in ("/", "/page", "/entry")}
        with pytest.raises(BlockingIOError):
            canary.accept()  # nobody came


def test_robots_txt_is_fetched_through_the_guard(site: MockSite, tmp_path: Path) -> None:
    async def run() -> None:
        settings = CrawlerSettings(timeout=5.0)
        store = open_store(str(tmp_path))
        async with RawServer(CANARY) as canary:
            site.redirect("/robots.txt", f"http://127.0.0.1:{canary.port}/robots.txt")
            async with Fetcher(settings, {urls.address(site.url("/"))}) as fetcher:
                assert not (await Robots(fetcher, settings, store).rules(urls.site(site.url("/")))).known
            async with Fetcher(settings, ()) as fetcher:
                assert not (await Robots(fetcher, settings, store).rules(f"http://127.0.0.1:{canary.port}")).known
            assert canary.connections == 0

    asyncio.run(run())
