"""Several crawlers partition the hosts: they fetch what one would, nothing twice, even if one joins or leaves."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lightship.crawler.cluster.host_partitioning import SLOTS, owners, slot_of
from lightship.crawler.state.progress import read_progress
from lightship.doclog import open_log
from mockweb.crawling import entries
from mockweb.site import MockSite
from mockweb.traps import html, prose
from nats_servers import running
from support import Program, wait_until

HOSTS, PAGES = 9, 12


def fill(sites: list[MockSite]) -> set[str]:
    """Let each site link to its next pages, and to one page of another site that only leads there."""
    for number, site in enumerate(sites):
        other = sites[(number + 1) % len(sites)]
        for page in range(PAGES):
            links = [f"/{2 * page + 1}", f"/{2 * page + 2}"] if 2 * page + 2 < PAGES else []
            site.pages[f"/{page}"] = html(f"{number} {page}", prose((number, page)), links)
        site.pages["/3"] = html(f"{number} 3", prose((number, 3)), ["/7", "/8", other.url("/hidden-a")])
        site.pages["/hidden-a"] = html(f"{number} hidden", prose((number, "a")), ["/hidden-b"])
        site.pages["/hidden-b"] = html(f"{number} hidden b", prose((number, "b")))
    reached = [*(f"/{page}" for page in range(PAGES - 1)), "/hidden-a", "/hidden-b"]
    return {site.url(path) for site in sites for path in reached}


@pytest.fixture
def sites() -> Iterator[list[MockSite]]:
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(MockSite(f"127.0.1.{number + 1}")) for number in range(HOSTS)]


@pytest.fixture(params=["sqlite", pytest.param("nats", marks=pytest.mark.nats)])
def log_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Yield the URL of a log on each backend."""
    if request.param == "sqlite":
        yield f"sqlite://{tmp_path}/log.sqlite"
        return
    with running(tmp_path) as servers:
        yield servers.url("shared")


def start(spawn: Callable[..., Program], log_url: str, sites: list[MockSite], number: int, of: int) -> Program:
    seeds = [site.url("/0") for site in sites]
    return spawn(
        "crawler",
        f"-log={log_url}",
        f"-data=crawler-{number}",
        f"-crawler={number}",
        f"-crawlers={of}",
        *seeds,
    )


def documents(log_url: str) -> set[str]:
    with contextlib.closing(open_log(log_url)) as log:
        return {url for url, entry in entries(log).items() if entry.document}


def asked(sites: list[MockSite]) -> Counter[str]:
    return Counter(site.url(path) for site in sites for path in site.counts().elements())


@pytest.mark.slow
def test_three_crawlers_fetch_what_one_would_and_nothing_twice(
    sites: list[MockSite], tmp_path: Path, log_url: str, spawn: Callable[..., Program]
) -> None:
    expected = fill(sites)
    crawlers = [start(spawn, log_url, sites, number, 3) for number in range(3)]
    wait_until(lambda: documents(log_url) == expected, 60, "all is crawled")
    wait_until(lambda: all(read_progress(str(tmp_path / f"crawler-{n}")).idle for n in range(3)), 60, "all are idle")
    assert [crawler.stop() for crawler in crawlers] == [0, 0, 0]
    assert set(asked(sites).values()) == {1}
    shares = [read_progress(str(tmp_path / f"crawler-{number}")).fetched for number in range(3)]
    print("pages of each crawler:", shares)
    assert sum(shares) == len(expected)
    assert min(shares) > 0


@pytest.mark.slow
def test_hosts_move_when_a_crawler_joins_and_when_one_leaves_and_nothing_is_fetched_twice(
    sites: list[MockSite], tmp_path: Path, log_url: str, spawn: Callable[..., Program]
) -> None:
    expected = fill(sites)
    first = start(spawn, log_url, sites, 0, 1)
    wait_until(lambda: documents(log_url) == expected, 60, "all is crawled")
    second = start(spawn, log_url, sites, 1, 2)  # waits for what the first one holds
    second.wait_for("host slots are still held by another crawler", 30)
    assert first.stop() == 0
    first = start(spawn, log_url, sites, 0, 2)
    second.wait_for("the first pass is complete", 60)

    def have_moved() -> bool:
        both = [read_progress(str(tmp_path / f"crawler-{number}")).fetched for number in range(2)]
        return both[1] > 0 and sum(both) == len(expected)

    wait_until(have_moved, 60, "some hosts have moved, whole")
    second.wait_for("this crawler holds 32 of 32 host slots", 60)  # their leases come one by one
    assert [second.stop(), first.stop()] == [0, 0]
    first = start(spawn, log_url, sites, 0, 1)
    leaving = start(spawn, log_url, sites, 1, 1)
    wait_until(
        lambda: read_progress(str(tmp_path / "crawler-0")).fetched == len(expected), 60, "all is the first one's"
    )
    assert [leaving.stop(), first.stop()] == [0, 0]
    assert set(asked(sites).values()) == {1}
    assert documents(log_url) == expected


@pytest.mark.slow
def test_two_crawlers_of_one_number_are_told(
    sites: list[MockSite], tmp_path: Path, spawn: Callable[..., Program]
) -> None:
    fill(sites)
    seeds = [site.url("/0") for site in sites]
    first = spawn("crawler", "-log=sqlite://log.sqlite", "-data=one", "-revisit=1", "-revisit-most=1", *seeds)
    wait_until(lambda: read_progress(str(tmp_path / "one")).idle, 60, "the first pass is complete")
    second = spawn("crawler", "-log=sqlite://log.sqlite", "-data=two", *seeds)
    wait_until(lambda: read_progress(str(tmp_path / "two")).idle, 30, "the first pass is complete")
    assert first.process.wait(60) == 1
    assert "give each crawler a -crawler number of its own" in first.output
    assert second.stop() == 0


def test_one_more_crawler_takes_slots_from_all_and_moves_none_between_them() -> None:
    for crawlers in range(1, SLOTS):
        before, after = owners(crawlers), owners(crawlers + 1)
        counts = Counter(after)
        assert max(counts.values()) - min(counts.values()) <= 1
        assert {new for old, new in zip(before, after, strict=True) if old != new} == {crawlers}
    assert len({slot_of(f"host-{n}.example") for n in range(2000)}) == SLOTS
