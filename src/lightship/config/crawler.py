"""Settings of `crawler`."""

from __future__ import annotations

import dataclasses

from lightship.config.setting import (
    header,
    names,
    number,
    optional_address,
    setting,
)
from lightship.config.shared import TLS_CA, TLS_CERT, TLS_KEY


@dataclasses.dataclass(frozen=True)
class CrawlerSettings:
    """Settings of `crawler`; its sources are given as arguments."""

    log: str = setting("sqlite://lightship-data/log.sqlite", "document log to append changes to, as for the indexer")
    crawler: int = setting(0, "number of this crawler, from 0, of those that divide the sources' hosts", number(0, 63))
    crawlers: int = setting(
        1, "number of crawlers that divide the sources' hosts, each with the same sources", number(1, 64)
    )
    data: str = setting("lightship-data/crawler", "data folder, for the frontier")
    listen: str = setting(
        "", "address on which it explains what became of a page, like :9190; when empty, none", optional_address
    )
    concurrency: int = setting(16, "requests under way at once", number(1, 1000))
    readers: int = setting(2, "processes that read what was fetched; one site never has all of them", number(1, 64))
    per_host: int = setting(4, "requests under way at once to one host", number(1, 100))
    delay: float = setting(
        0.0, "seconds between two requests to one host; robots.txt may ask for more", number(0, 3600, float)
    )
    timeout: float = setting(30.0, "seconds that one fetch may take in all", number(0.1, 3600, float))
    max_bytes: int = setting(8 << 20, "bytes of one page, after decompression; more is cut", number(1024, 1 << 30))
    max_pages: int = setting(100_000, "pages of one source", number(1, 100_000_000))
    max_redirects: int = setting(10, "redirects that are followed from one url", number(0, 50))
    max_depth: int = setting(100, "links that a page may be away from its source", number(0, 1_000_000))
    max_site_bytes: int = setting(
        10 << 30, "bytes fetched of one site in a day; 0: as many as there are", number(0, 1 << 50)
    )
    revisit: float = setting(
        3600.0, "seconds after which a page is looked at again, until it is known how often it changes",
        number(1, 31_536_000, float),
    )  # fmt: skip
    revisit_least: float = setting(
        0.0, "seconds between two visits to a page that always changes; 0: a sixtieth of -revisit",
        number(0, 31_536_000, float),
    )  # fmt: skip
    revisit_most: float = setting(
        0.0, "seconds between two visits to a page that never changes; 0: 24 times -revisit",
        number(0, 31_536_000, float),
    )  # fmt: skip
    hold: float = setting(
        0.3, "share of a site's documents that may vanish at once; when more would, they are kept; 1: all may",
        number(0, 1, float),
    )  # fmt: skip
    accept: tuple[str, ...] = setting(
        (), "sites, like https://example.org, with commas, whose documents may vanish as they did", names
    )
    tls_cert: str = setting("", TLS_CERT)
    tls_key: str = setting("", TLS_KEY)
    render: tuple[str, ...] = setting(
        (), "hosts, with commas, whose pages are made by scripts: read through a browser; * for all", names
    )
    user_agent: str = setting("Lightship/0.1", "User-Agent header; its first word is the robots.txt name", header)
    contact: str = setting(
        "", "url or mail address of whom sites may write to about this crawler; it goes into the User-Agent", header
    )
    credentials: str = setting(
        "",
        "TOML file with passwords, tokens, cookies and client certificates by host (docs/crawling.md); when empty, none",
    )
    follow_links: bool = setting(False, "follows symbolic links that lead out of a folder that is a source")
    archive: str = setting("", "folder in which every page that is fetched is kept, as WARC; when empty, none")
    tls_ca: str = setting("", TLS_CA)

    @property
    def agent(self) -> str:
        """The name that robots.txt and robots' meta elements call this crawler by."""
        return self.user_agent.partition("/")[0].partition(" ")[0]
