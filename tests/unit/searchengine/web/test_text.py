from __future__ import annotations

import subprocess
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from lightship.searchengine.search.api import Answer, Hit, IndexInfo
from lightship.searchengine.web.text import USAGE, render_text


def hit(**changes: str) -> Hit:
    fields = {"url": "https://example.org/a", "title": "", "snippet": "", "site": "example.org"} | changes
    return Hit(**fields, score=1.23456)  # type: ignore[arg-type]


def answer(*hits: Hit, query: str = "news", notice: str | None = None) -> Answer:
    index = IndexInfo(layout="a", documents=2, fresh_as_of=datetime(2026, 11, 23, 20, 59, 59, tzinfo=UTC))
    return Answer(
        query=query, total=len(hits), page=1, size=10, took_ms=1.25, index=index, hits=list(hits), notice=notice
    )


def results_of(text: str) -> list[str]:
    return [line.removeprefix("results:") for line in text.split("\n") if line.startswith("results:")]


def test_the_articles_own_pipeline() -> None:
    text = render_text(answer(hit(snippet="Some <mark>news</mark> up to 2026-11-23 20:59:59")))
    pipeline = r"""grep '^results:' | cut -f 2 -d ':' | sed "s/\(Some news\) up to.*/\1/" """
    done = subprocess.run(["sh", "-c", pipeline], input=text, capture_output=True, text=True, check=True)
    assert done.stdout == "Some news\n"


def test_whole_answer() -> None:
    first = hit(title="A title", snippet="one &lt;b&gt; <mark>two</mark>\nthree &amp; four")
    assert render_text(answer(first, hit(url="urn:x"), notice="only 64 words were searched for")) == (
        "query: news\n"
        "results:one <b> two three & four\n  title: A title\n  url: https://example.org/a\n  score: 1.235\n"
        "results:urn:x\n  url: urn:x\n  score: 1.235\n"
        "total: 2 (page 1 of 1)\ntook: 1.2 ms\nfresh as of: 2026-11-23T20:59:59+00:00\n"
        "notice: only 64 words were searched for\n"
    )


def test_the_title_stands_in_for_an_empty_snippet() -> None:
    assert results_of(render_text(answer(hit(title="Only a title")))) == ["Only a title"]


def test_no_results() -> None:
    text = render_text(answer())
    assert text.startswith("query: news\ntotal: 0")
    assert results_of(text) == []


def test_usage_is_a_line() -> None:
    assert USAGE.count("\n") == 1


def test_documents_without_a_query_are_listed() -> None:
    assert results_of(render_text(answer(hit(title="A lamp", snippet=""), query=""))) == ["A lamp"]


@given(
    st.lists(st.text(max_size=30) | st.just("\nresults:forged\n\x1b[2J\u2028results:\x85\x9b"), min_size=4, max_size=4)
)
def test_nothing_from_the_web_forges_a_line_or_steers_a_terminal(texts: list[str]) -> None:
    url, title, snippet, query = texts
    text = render_text(answer(hit(url=url, title=title, snippet=snippet), query=f"q{query}", notice=query))
    assert len(results_of(text)) == 1
    assert text.splitlines() == text.removesuffix("\n").split("\n")
    assert not any(character < " " or "\x7f" <= character <= "\x9f" for character in text.replace("\n", ""))
