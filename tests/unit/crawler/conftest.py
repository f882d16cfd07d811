"""Sites on the loopback, and a crawler for them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mockweb.crawling import Crawl
from mockweb.feeding import Feed
from mockweb.site import MockSite


@pytest.fixture
def site() -> Iterator[MockSite]:
    with MockSite() as started:
        yield started


@pytest.fixture
def other() -> Iterator[MockSite]:
    with MockSite() as started:
        yield started


@pytest.fixture
def crawl(tmp_path: Path) -> Iterator[Crawl]:
    made = Crawl(tmp_path)
    yield made
    made.log.close()


@pytest.fixture
def feed(tmp_path: Path) -> Iterator[Feed]:
    made = Feed(tmp_path)
    yield made
    made.log.close()
