"""A spider for Scrapy that crawls and reads as Lightship's crawler does: `scrapy runspider bench/spider.py -a seeds=URL,URL`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import msgspec
import scrapy  # type: ignore[import-not-found]

from lightship.crawler.parsing.read import document_of, read_page


class Pages(scrapy.Spider):  # type: ignore[misc]
    """Follows the links of the seeds' hosts, and yields what becomes of each page, as Lightship reads it."""

    name = "pages"

    def __init__(self, seeds: str, **more: Any) -> None:
        """Begin at `seeds`, urls joined by commas."""
        super().__init__(**more)
        self.start_urls = seeds.split(",")
        self._hosts = {urlsplit(seed).netloc for seed in self.start_urls}

    def parse(self, response: Any) -> Iterator[Any]:
        """Yield the document, and requests for the links of a page."""
        page = read_page(response.body, response.headers.get("Content-Type", b"").decode(), response.url)
        yield msgspec.to_builtins(document_of(page, response.url))
        for link in page.links:
            if urlsplit(link).netloc in self._hosts:
                yield scrapy.Request(link)
