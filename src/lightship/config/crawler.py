"""Settings of `crawler`."""

from __future__ import annotations

import dataclasses

from lightship.config.rules import SourceRules, as_json, read_rules
from lightship.config.setting import (
    declaration,
    header,
    names,
    number,
    optional_address,
    patterns,
    setting,
)
from lightship.config.shared import FIELDS, TLS_CA, TLS_CERT, TLS_KEY


@dataclasses.dataclass(frozen=True)
class Crawling:
    """Settings of how sources are read, for a crawler, that of `lightship up` and that of a deployment."""

    rules: tuple[SourceRules, ...] = setting(
        (),
        "TOML file with the rules of each source (docs/crawling.md), or the same as JSON that begins with {; when empty, none",
        read_rules,
    )
    include: tuple[str, ...] = setting(
        (), "globs, comma-separated, of the pages to crawl; when empty, those in each source's folder", patterns
    )
    exclude: tuple[str, ...] = setting((), "globs, comma-separated, of pages that are not crawled", patterns)
    concurrency: int = setting(16, "requests in flight at once", number(1, 1000))
    readers: int = setting(2, "processes that parse pages; one site never occupies all of them", number(1, 64))
    per_host: int = setting(4, "requests in flight at once to one host", number(1, 100))
    delay: float = setting(
        0.0, "seconds between two requests to one host; robots.txt may ask for more", number(0, 3600, float)
    )
    timeout: float = setting(30.0, "seconds that one fetch may take in total", number(0.1, 3600, float))
    max_bytes: int = setting(
        8 << 20, "bytes of one page, after decompression; the rest is cut off", number(1024, 1 << 30)
    )
    max_pages: int = setting(100_000, "pages per source", number(1, 100_000_000))
    max_redirects: int = setting(10, "redirects to follow from one url", number(0, 50))
    max_depth: int = setting(100, "links from a source to a page, at most", number(0, 1_000_000))
    max_site_bytes: int = setting(10 << 30, "bytes fetched from one site per day; 0: unlimited", number(0, 1 << 50))
    revisit: float = setting(
        3600.0, "seconds between visits to a page until its rate of change is known", number(1, 31_536_000, float)
    )
    revisit_least: float = setting(
        0.0, "seconds between visits to a page that always changes; 0: a sixtieth of -revisit",
        number(0, 31_536_000, float),
    )  # fmt: skip
    revisit_most: float = setting(
        0.0, "seconds between visits to a page that never changes; 0: 24 times -revisit", number(0, 31_536_000, float)
    )
    hold: float = setting(
        0.3, "share of a site's documents that may vanish at once; if more would, all are kept; 1: no limit",
        number(0, 1, float),
    )  # fmt: skip
    accept: tuple[str, ...] = setting(
        (), "sites like https://example.org, comma-separated, whose vanished documents may be deleted", names
    )
    render: tuple[str, ...] = setting(
        (),
        "hosts, comma-separated, whose pages need JavaScript and are rendered in a browser; *: all; auto: pages of scripts without text",
        names,
    )
    user_agent: str = setting("Lightship/0.1", "User-Agent header; its first word is the robots.txt name", header)
    contact: str = setting(
        "", "url or mail address for site owners to contact about this crawler; added to the User-Agent", header
    )
    credentials: str = setting(
        "",
        "TOML file with passwords, tokens, cookies and client certificates by host (docs/crawling.md); when empty, none",
    )
    follow_links: bool = setting(False, "follows symbolic links that lead out of a source folder")
    archive: str = setting("", "folder in which every fetched page is archived as WARC; when empty, none")

    @property
    def arguments(self) -> list[str]:
        """The arguments for a crawler with these settings."""
        found = []
        for field in dataclasses.fields(Crawling):
            value, name = getattr(self, field.name), field.name.replace("_", "-")
            if value == field.default:
                continue
            text = as_json(value) if field.name == "rules" else ",".join(value) if isinstance(value, tuple) else value
            found.append(f"-{name}" if value is True else f"-{name}={text}")
        return found


@dataclasses.dataclass(frozen=True)
class CrawlerSettings(Crawling):
    """Settings of `crawler`; its sources are given as arguments."""

    log: str = setting(
        "sqlite://lightship-data/log.sqlite", "document log to append changes to, like the indexer's -log"
    )
    crawler: int = setting(0, "number of this crawler, from 0, among the -crawlers", number(0, 63))
    crawlers: int = setting(
        1, "number of crawlers that divide the hosts between them; all have the same sources", number(1, 64)
    )
    data: str = setting("lightship-data/crawler", "data folder, for the frontier")
    listen: str = setting(
        "", "address like :9190 on which `lightship explain` can ask about pages; when empty, none", optional_address
    )
    dry_run: bool = setting(
        False, "only reports what the rules would do to the known pages in the data folder, and why"
    )
    fields: str = setting("", FIELDS, declaration)
    tls_cert: str = setting("", TLS_CERT)
    tls_key: str = setting("", TLS_KEY)
    tls_ca: str = setting("", TLS_CA)

    @property
    def agent(self) -> str:
        """The name of this crawler in robots.txt and robots meta elements."""
        return self.user_agent.partition("/")[0].partition(" ")[0]
