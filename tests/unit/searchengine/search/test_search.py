"""Answers: the parts of a hit, paging, and order by date."""

from __future__ import annotations

import asyncio
import math
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from lightship.core.errors import InvalidInputError, UnavailableError
from lightship.core.model import Document
from lightship.index.reader import Found
from lightship.searchengine.search.admission import CHEAP_SECONDS, QueryExecutor
from lightship.searchengine.search.api import MAX_RESULTS, MAX_TITLE, Answer, SearchRequest
from lightship.searchengine.search.hits import Page
from lightship.searchengine.search.replica import Replica
from lightship.searchengine.search.search import Plan, ReplicaSearcher
from lightship.searchengine.search.seen import Part
from lightship.searchengine.store.store import Store
from made import MadeShard, ask, page, push, replica_of, urls

FULL = Document(
    url="https://Example.org:8443/Path/?q=1#part", title="A <b>title</b>", text="Some text & more <script>",
    headings=["A heading"], description="Described", language="en", modified=datetime(2024, 2, 29, 12, tzinfo=UTC),
    fields={"price": 9.5, "tags": ["a", "b"], "new": True, "count": 2**60},
)  # fmt: skip


@pytest.fixture(scope="module")
def replica(tmp_path_factory: pytest.TempPathFactory) -> Replica:
    dated = [page(n, f"dated {'word ' * n}", modified=datetime(2000 + n, 1, 1, tzinfo=UTC)) for n in range(1, 15)]
    ancient = page(100, "dated ancient", modified=datetime(1900, 1, 1, tzinfo=UTC))
    return replica_of(tmp_path_factory.mktemp("replica"), [FULL, *dated, ancient, page(101, "dated never")])


def test_a_hit_is_what_was_put(replica: Replica) -> None:
    (hit,) = ask(replica, "script").hits
    assert (hit.url, hit.title, hit.site, hit.language) == (FULL.url, FULL.title, "example.org:8443", "en")
    assert (hit.modified, hit.fields) == (FULL.modified, FULL.fields)
    assert hit.snippet == "Some text &amp; more &lt;<mark>script</mark>&gt;"
    assert hit.title_html == "A &lt;b&gt;title&lt;/b&gt;"
    assert hit.score is not None
    assert hit.score > 0


def test_a_title_is_marked(replica: Replica) -> None:
    (hit,) = ask(replica, "titles").hits
    assert hit.title_html == "A &lt;b&gt;<mark>title</mark>&lt;/b&gt;"
    assert hit.title == FULL.title


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Replica:
    """Return a replica with a long text in Latin letters, with ones of several bytes, and one in Chinese."""
    texts = [
        "a word before " * 500 + "needle" + " and é after it" * 500,
        "它们在" * 500 + "针needle" + "搜索引擎" * 500,
    ]
    return replica_of(tmp_path_factory.mktemp("long"), [page(number, text) for number, text in enumerate(texts)])


@pytest.mark.parametrize("length", [20, 240, 2000])
def test_a_snippet_is_as_long_as_asked_for(long: Replica, length: int) -> None:
    for hit, most in zip(ask(long, "needle and 针", snippet=length).hits, (length, length // 2), strict=True):
        shown = hit.snippet.replace("<mark>", "").replace("</mark>", "").strip("… ")
        assert "<mark>needle</mark>" in hit.snippet
        assert most * 0.7 - 10 < len(shown) <= most
        assert hit.text is msgspec.UNSET


@pytest.mark.parametrize("length", [1, 7003, 10_000])
def test_as_much_of_the_text_is_given_as_asked_for(long: Replica, length: int) -> None:
    stored = {hit.url: hit.text for hit in ask(long, "needle", text=length).hits}
    english = "a word before " * 500 + "needle" + " and é after it" * 500
    assert stored["https://example.org/0"] == english[:length]
    chinese = stored["https://example.org/1"]
    assert isinstance(chinese, str)
    assert len(chinese) == min(length, 3507)


@pytest.mark.parametrize("query", ["title", "heading", "described", "path"])
def test_every_field_is_searched(replica: Replica, query: str) -> None:
    assert FULL.url in urls(replica, query, size=100)


def test_by_date_the_newest_come_first_and_unknown_ones_last(replica: Replica) -> None:
    answer = ask(replica, "dated", sort="date", size=100)
    numbers = [int(hit.url.rpartition("/")[2]) for hit in answer.hits]
    assert numbers[:14] == list(range(14, 0, -1))
    assert set(numbers[14:]) == {100, 101}
    assert {hit.score for hit in answer.hits} == {None}


def test_pages(replica: Replica) -> None:
    whole = urls(replica, "dated", size=100)
    assert len(whole) == 16
    assert [urls(replica, "dated", size=6, page=n) for n in (1, 2, 3, 4)] == [whole[:6], whole[6:12], whole[12:], []]
    far = ask(replica, "dated", size=100, page=MAX_RESULTS // 100 + 1)
    assert (far.total, far.hits) == (16, [])


def test_an_empty_query_finds_nothing(replica: Replica) -> None:
    answer = ask(replica, "")
    assert (answer.total, answer.hits, answer.notice) == (0, [], None)
    assert answer.index.documents == 17


def test_without_an_index(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError):
        ask(Replica(Store(str(tmp_path))), "word")


def test_the_time_taken_is_told(replica: Replica) -> None:
    assert 0 < ask(replica, "dated").took_ms < 60_000


def test_what_an_answer_shows_of_large_documents_is_bounded(tmp_path: Path) -> None:
    large = [
        page(number, f"large {number}", title="t" * 50_000, fields={"blob": "x" * 1_500_000, "number": number})
        for number in range(4)
    ]
    replica = replica_of(tmp_path, large)
    answer = ask(replica, "large")
    assert {len(hit.title) for hit in answer.hits} == {MAX_TITLE + 1}
    assert [bool(hit.fields) for hit in answer.hits] == [True, True, False, False]
    assert answer.notice == "The fields of 2 results are too large and were omitted; request fewer results."
    assert all(hit.fields for number in (1, 2) for hit in ask(replica, "large", size=2, page=number).hits)


def test_long_documents_are_read_in_another_thread_until_the_deadline(tmp_path: Path) -> None:
    texts = [f"long {'word ' * 200_000}"] * 12
    replica = replica_of(tmp_path, [*(page(number, text) for number, text in enumerate(texts)), page(50, "short")])

    async def run() -> None:
        executor, request = QueryExecutor(), SearchRequest(query="long", size=100)
        reading: list[str] = []
        read = Page.read

        def noted(page: Page, until: float = math.inf, most: float = math.inf) -> bool:
            reading.append(threading.current_thread().name)
            return read(page, until, most)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Page, "read", noted)
            answer = await Plan(replica, request).answer(executor, time.monotonic() + 20)
            assert answer.hits == ask(replica, "long", size=100).hits
            assert (reading[0], reading[1].rpartition("_")[0]) == ("MainThread", "read")
            await Plan(replica, SearchRequest(query="short")).answer(executor, time.monotonic() + 20)
            assert len(reading) == 4  # in the event loop
        began = time.monotonic()
        with pytest.raises(UnavailableError, match="timed out"):
            await Plan(replica, request).answer(executor, began)
        assert executor.waiting <= 1

    asyncio.run(run())


def test_an_order_that_the_index_does_not_have_is_refused(replica: Replica) -> None:
    with pytest.raises(
        InvalidInputError, match=r"^invalid sort 'size': must be one of relevance, date, oldest, language"
    ):
        ask(replica, "page", sort="size")


@pytest.mark.parametrize(("query", "is_expensive"), [("lighthouse lammp", True), ("lighthouse keepr", False)])
def test_what_a_query_is_corrected_to_runs_in_a_thread_if_it_is_expensive(
    query: str, is_expensive: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replica = replica_of(tmp_path, [page(1, "lighthouse " + "lamp " * 6000), page(2, "keeper of a lighthouse")])
    replica.follow_words()
    finding, threads = Plan._found, list[threading.Thread]()

    def found(plan: Plan, *given: Any, **more: Any) -> Found:
        threads.append(threading.current_thread())
        return finding(plan, *given, **more)

    monkeypatch.setattr(Plan, "_found", found)
    plan = Plan(replica, SearchRequest(query=query))
    assert plan.cost < CHEAP_SECONDS
    answer = asyncio.run(plan.answer(QueryExecutor(), math.inf))
    assert (answer.total, bool(answer.corrected)) == (2, True)
    assert [thread is not threading.main_thread() for thread in threads] == [is_expensive]


def test_answers_are_kept_until_the_index_changes_for_who_sees_the_same(tmp_path: Path) -> None:
    store, shard = Store(str(tmp_path / "store")), MadeShard(tmp_path / "shard", fields="team:keyword")
    push(store, shard.put(*(page(n, "a lamp", fields={"team": ["red", "blue"][n % 2]}) for n in range(6))))
    replica, executor = Replica(store, 1 << 20), QueryExecutor()

    def asked(filters: tuple[tuple[str, str], ...] = (), **more: Any) -> tuple[int, int, int]:
        seen, before = Part(replica, filters) if filters else replica, replica.answers.hits
        answer = asyncio.run(ReplicaSearcher(seen, executor).search(SearchRequest(query="lamp", **more), math.inf))
        assert answer.index == seen.info
        return answer.total, answer.index.documents, replica.answers.hits - before

    red, blue = (("team", "red"),), (("team", "blue"),)
    assert [asked(), asked(), asked(size=2), asked()] == [(6, 6, 0), (6, 6, 1), (6, 6, 0), (6, 6, 1)]
    assert [asked(red), asked(blue), asked(red)] == [(3, 3, 0), (3, 3, 0), (3, 3, 1)]
    assert [asked(text=5), asked(text=5), asked(size=50), asked(size=50)] == [(6, 6, 0)] * 4  # these may be large
    replica.follow_freshness()
    assert asked() == (6, 6, 1)
    push(store, shard.put(page(7, "another lamp", fields={"team": "red"})))
    replica.follow()
    assert [asked(), asked(red), asked(red)] == [(7, 7, 0), (4, 4, 0), (4, 4, 1)]


def test_an_answer_from_before_a_change_pushes_out_none_from_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, shard = Store(str(tmp_path / "store")), MadeShard(tmp_path / "shard")
    push(store, shard.put(page(1, "a lamp")))
    replica, usual = Replica(store, 1 << 20), Plan.answer
    searcher = ReplicaSearcher(replica, QueryExecutor())
    push(store, shard.put(page(2, "another lamp")))  # which the replica has not seen yet

    async def late(plan: Plan, executor: QueryExecutor, until: float) -> Answer:
        monkeypatch.setattr(Plan, "answer", usual)
        replica.follow()
        assert (await searcher.search(SearchRequest(query="another"), math.inf)).total == 1
        return await plan.answer(executor, until)

    async def ask_twice() -> list[int]:
        return [
            (await searcher.search(SearchRequest(query=word), math.inf)).total for word in ("lamp", "lamp", "another")
        ]

    monkeypatch.setattr(Plan, "answer", late)
    assert asyncio.run(ask_twice()) == [1, 2, 1]
    assert replica.answers.hits == 1
