"""What the holder of a key learns does not depend on the documents that the key's filter hides.

Two searchengines have the same red documents and other blue ones. Whatever is asked with a key for the red ones, both
answer the same, byte for byte, apart from times, and from the order by relevance, for which words count as frequent as
they are in all documents (docs/keys.md). And no answer has a word of a blue document that was not in the question.

    LEAK_EXAMPLES=10000 pytest -o faulthandler_timeout=0 tests/property/test_leaks.py
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import quote, unquote_plus, urlencode

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lightship.config import SearchengineSettings
from lightship.core.model import Document
from lightship.http.keys.key import Key, sign, signing_keys
from made import Caller, MadeShard, Reply, served
from support import wait_until

SECRET = "0123456789abcdef" * 2
FIELDS = "at:date,brand:keyword,path_of:path,price:number,stock:boolean,tags:keyword,team:keyword"
EXAMPLES = int(os.environ.get("LEAK_EXAMPLES", "60"))

RED = ["amber", "crimson", "garnet", "lantern", "ember", "harbour", "velvet", "copper", "maple", "orchard"]
BOTH = ["report", "meeting", "quarterly", "budget", "drawing"]
# Some that red ones could be mistyped as
BLUE = [["cobalt", "glacier", "crimsom", "velcro", "haricot"], ["indigo", "lagoon", "turquoise", "orchord", "lantana"]]
HIDDEN = [word for words in BLUE for word in words] + ["bluebrand", "bluetag", "vault", "azure"]
LANGUAGES = ["en", "de", "fr", None]


def red(number: int) -> Document:
    some = [RED[(number + step) % len(RED)] for step in (0, 3, 7)]
    return Document(
        url=f"https://red{number % 2}.example/{'docs/' * (number % 3 == 0)}{number}", title=f"{some[0]} {some[1]} {BOTH[number % 5]}",
        text=f"{' '.join(some)} {BOTH[(number + 1) % 5]} " * (number % 4 + 1) + "\n\n## Part\n\n" + some[2],
        fields={"team": "red", "brand": ["acme", "bolt"][number % 2], "price": number / 2, "at": f"2024-{number % 12 + 1:02}-01",
                "tags": [*["old", "new"][: number % 3]], "stock": number % 2 == 0, "path_of": f"a > {number % 3}"},
        language=LANGUAGES[number % 2 * 2 % 3], modified=datetime(2024, 1, 1 + number, tzinfo=UTC), type=["page", "manual"][number % 2],
    )  # fmt: skip


def blue(number: int, other: int) -> Document:
    words = BLUE[other]
    some = [words[(number + step) % len(words)] for step in (0, 2)]
    return Document(
        url=f"https://vault{number % 3}.example/{some[0]}/{number}", title=f"{some[0]} {BOTH[number % 5]}",
        text=f"{' '.join(some)} {BOTH[other]} {RED[number % (4 + other)]} azure " * (number % 3 + 1 + 4 * other),
        fields={"team": "blue", "brand": ["acme", "bluebrand"][number % 2], "price": 1000 + number * (other + 1),
                "at": f"20{30 + other}-{number % 12 + 1:02}-01", "tags": [*["old", "bluetag"][: number % 3]],
                "path_of": f"b > {some[0]}"},
        language=LANGUAGES[(number + other) % 4], modified=datetime(2025 + other, 1, 1 + number, tzinfo=UTC), type="archive",
    )  # fmt: skip


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Caller, Caller]]:
    """Return two closed searchengines, asked with the secret until they are as they will be asked."""
    closed = SearchengineSettings(closed=True)
    one, other = (tmp_path_factory.mktemp("served") for _ in range(2))
    with served(one / "s", SECRET, settings=closed) as first, served(other / "s", SECRET, settings=closed) as second:
        for number, (folder, caller) in enumerate(((one, first), (other, second))):
            documents = [*map(red, range(14)), *(blue(each, number) for each in range(11 + 9 * number))]
            caller.push(MadeShard(folder / "m", fields=FIELDS).put(*documents), fresh_as_of=time.time())
            wait_until(lambda: bool(suggested(caller, "budg")), 20, "words are suggested")  # noqa: B023
        yield first, second


def suggested(caller: Caller, text: str) -> list[Any]:
    found: list[Any] = caller.get(f"/suggest?q={text}").json["suggestions"]
    return found


class Asked(NamedTuple):
    """A question."""

    path: str
    parameters: tuple[tuple[str, str], ...] = ()
    call: tuple[str, Any] | None = None  # of a tool

    @property
    def text(self) -> str:
        return f"{unquote_plus(urlencode(self.parameters))} {json.dumps(self.call)}".lower()

    @property
    def is_by_relevance(self) -> bool:
        return dict(self.parameters).get("sort", "relevance") == "relevance"


def ask(caller: Caller, asked: Asked, key: str) -> Reply:
    headers = {"Authorization": f"Bearer {key}"}
    if asked.call is None:
        return caller.get(f"{asked.path}?{urlencode(asked.parameters)}", **headers)
    name, arguments = asked.call
    if asked.path == "/openwebui":
        return caller.call("POST", asked.path, json.dumps(arguments).encode(), **headers)
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": name, "arguments": arguments}}
    headers |= {"Content-Type": "application/json", "MCP-Protocol-Version": "2025-11-25"}
    return caller.call("POST", "/mcp", json.dumps(body).encode(), **headers)


def mistyped(word: str, place: int, kind: int) -> str:
    at = place % len(word)
    return [word[:at] + word[at + 1 :], word[:at] + word[at] + word[at:], word[:at] + "x" + word[at + 1 :]][kind]


URLS = [document.url for number in range(9) for document in (red(number), blue(number, 0), blue(number, 1))]
VALUES = {
    "team": ["red", "blue"], "brand": ["acme", "bluebrand", "bolt"], "price": ["0..3", "1000..", "..<5"], "stock": ["true", "false"],
    "at": ["2024", "2030..", "2031-01"], "tags": ["old", "bluetag"], "path_of": ["a", "b", "a > 1", "b > cobalt"],
    "site": ["red0.example", "vault0.example", "example"], "type": ["page", "archive"], "language": ["en", "fr", "de"],
    "date": ["2024", "2025..", "2026.."], "nosuch": ["x"],
}  # fmt: skip
known = st.sampled_from([*RED, *BOTH, *HIDDEN])
words = st.one_of(
    known,
    st.builds(mistyped, known, st.integers(0, 12), st.integers(0, 2)),
    st.builds(lambda word, length: word[:length], known, st.integers(1, 6)),
)
parts = st.one_of(
    words, words, words,
    st.builds(lambda word, form: form.format(word), words, st.sampled_from(['"{} report"', "-{}", "+{}", "{}*", "intitle:{}", "NOT {}"])),
    st.builds(lambda one, other: f'"{one} {other}"', known, known),
    st.builds(lambda one, other: f"({one} OR {other})", known, known),
    st.sampled_from(sorted(VALUES.keys() - {"nosuch"})).flatmap(
        lambda name: st.sampled_from(VALUES[name]).map(lambda value: f"{name}:{value}" if " " not in value else f'{name}:"{value}"')
    ),
    st.sampled_from(URLS),
)  # fmt: skip
queries = st.lists(parts, max_size=4).map(" ".join)
conditions = st.lists(
    st.sampled_from(sorted(VALUES)).flatmap(
        lambda name: st.tuples(st.sampled_from([f"f.{name}", f"-f.{name}"]), st.sampled_from(VALUES[name]))
    ),
    max_size=2,
)
fields = st.sampled_from([*VALUES, "length"])
orders = ["relevance", "date", "oldest", "price", "-price", "at", "-at", "brand", "site", "team"]
options = st.fixed_dictionaries(
    {},
    optional={
        "size": st.sampled_from(["1", "3", "100", "100", "100"]), "page": st.sampled_from(["1", "2", "9"]), "sort": st.sampled_from(orders),
        "lang": st.sampled_from(["en", "de", "fr"]), "corrections": st.just("off"), "prefix": st.just("last"),
        "group": fields, "group_size": st.sampled_from(["1", "2"]), "facets": st.lists(fields, min_size=1, max_size=4).map(",".join),
        "facet_size": st.sampled_from(["1", "100"]), "snippet": st.sampled_from(["50", "500"]), "text": st.sampled_from(["100", "1000"]),
    },
).map(lambda chosen: list(chosen.items()))  # fmt: skip
forms = st.sampled_from(["json", "json", "html", "text"])
searches = st.builds(
    lambda path, query, more, options, form: Asked(path, (("q", query), *more, *options, ("format", form))),
    st.sampled_from(["/", "/search"]), queries, conditions, options, forms,
)  # fmt: skip
suggestions = st.builds(
    lambda query, more, form: Asked("/suggest", (("q", query), *more, *form)),
    queries, conditions, st.sampled_from([(), (("format", "opensearch"),), (("size", "20"),), (("lang", "en"),)]),
)  # fmt: skip
cached = st.builds(
    lambda url, query, form: Asked("/cached", (("url", url), ("q", query), ("format", form))),
    st.sampled_from(URLS), queries, forms,
)  # fmt: skip
lookups = st.builds(
    lambda url, query: Asked("/lookup", (("url", url), ("q", query))), st.sampled_from([*URLS, red(0).url]), queries
)
filters = conditions.map(lambda pairs: {name.replace("f.", ""): value for name, value in pairs})
tools = st.one_of(
    st.builds(lambda query, filters: ("search", {"query": query, "filters": filters, "n": 20}), queries, filters),
    st.builds(lambda url, part: ("fetch", {"url": url, "part": part}), st.sampled_from(URLS), st.sampled_from([1, 2])),
    st.builds(lambda url, query: ("explain", {"url": url, "query": query}), st.sampled_from(URLS), queries),
    st.builds(lambda query, filters, named: ("facets", {"query": query, "filters": filters, "fields": named, "n": 50}),
              queries, filters, st.lists(fields, max_size=3)),
).map(lambda call: Asked("/mcp", (), call))  # fmt: skip
external = queries.map(lambda query: Asked("/openwebui", (), ("", {"query": query, "count": 100})))
others = st.sampled_from(
    [Asked("/about"), Asked("/status"), Asked("/metrics-of-nobody"), Asked("/opensearch.xml"), Asked("/openapi.json")]
)
questions = st.one_of(
    searches, searches, searches, suggestions, suggestions, cached, lookups, tools, tools, external, others
)


def key_for(filters: str) -> str:
    return sign(Key("search", "red", filter=filters), signing_keys([SECRET])[0])


@settings(max_examples=EXAMPLES)
@example(asked=Asked("/lookup", (("url", red(0).url), ("q", "amber garnet lantern"))), filters="f.team=red")
@example(asked=Asked("/search", (("q", "crimsom"), ("format", "json"))), filters="f.team=red")
@example(asked=Asked("/search", (("q", "orchord"), ("format", "json"))), filters="f.team=red")
@example(asked=Asked("/", (("q", "amber lantern"), ("size", "100"), ("format", "json"))), filters="f.team=red")
@given(
    asked=questions, filters=st.sampled_from(["f.team=red", "-f.team=blue", "f.site=red0.example&f.site=red1.example"])
)
def test_no_answer_depends_on_documents_that_the_key_hides(
    both: tuple[Caller, Caller], asked: Asked, filters: str
) -> None:
    key = key_for(filters)
    one, other = (ask(caller, asked, key) for caller in both)
    assert one.status == other.status < 500
    assert one.headers.get("etag") == other.headers.get("etag")
    for reply in (one, other):
        told = unquote_plus(reply.text).lower()
        for word in HIDDEN:
            assert word not in told or word in asked.text, word
    assert comparable(asked, one) == comparable(asked, other)


def comparable(asked: Asked, reply: Reply) -> Any:
    """Return what both searchengines must answer: without times, and with the order by relevance taken out."""
    text = re.sub(r'"(took_ms|fresh_as_of)":("[^"]*"|[0-9.e-]+)', "", reply.text)
    text = re.sub(r'\\"fresh_as_of\\":\\"[^"]*\\"', "", text)
    text = re.sub(r"127\.0\.0\.1:[0-9]+", "", text)  # of lines to copy
    text = re.sub(r"took: .* ms|fresh as of: .*|[0-9.]+ ms|<time [^>]*>[^<]*</time>", "", text)
    if not asked.is_by_relevance:
        return text
    text = re.sub(r'(\\?"rank\\?"):[0-9]+|It is result [0-9]+ of', "", text)
    return sorted(re.findall(r"\w+", text)) if is_whole(asked, reply) else re.findall(r'total"?: ?[0-9]+', text)


def is_whole(asked: Asked, reply: Reply) -> bool:
    """Whether all that was found is in the answer, so that the order decides nothing else."""
    given = dict(asked.parameters)
    if asked.path in ("/", "/search"):
        return given.get("size") == "100" and "group" not in given
    return asked.path != "/suggest"


def test_the_questions_find_something(both: tuple[Caller, Caller]) -> None:
    """The property holds of answers that are empty, too: these are not."""
    key = key_for("f.team=red")

    def answer(caller: Caller, path: str, **given: str) -> Any:
        return ask(caller, Asked(path, tuple(given.items())), key).json

    for caller in both:
        found = answer(caller, "/search", q="amber", format="json", facets="team,brand,price", size="100")
        assert found["total"] > 3
        assert [each["value"] for each in found["facets"]["team"]] == ["red"]
        assert {hit["score"] for hit in found["hits"]} == {None}
        assert found["index"]["documents"] == 14
        assert answer(caller, "/search", q="", format="json", facets="team")["facets"]["team"] == [
            {"value": "red", "count": 14}
        ]
        corrected = answer(caller, "/search", q="crimsn", format="json")["corrected"]
        assert corrected == {"from": "crimsn", "to": "crimson"}
        assert answer(caller, "/search", q="cobalt", format="json")["total"] == 0
        assert answer(caller, "/search", q="cobat", format="json")["corrected"] is None
        assert "amber" in [each["text"] for each in answer(caller, "/suggest", q="amb")["suggestions"]]
        assert answer(caller, "/suggest", q="hari")["suggestions"] == []
        assert answer(caller, "/cached", url=red(1).url, format="json")["characters"] > 10
        assert answer(caller, "/cached", url=quote(blue(1, 0).url), format="json")["error"]
        assert answer(caller, "/lookup", url=red(1).url, q="amber")["served"] is True
        assert answer(caller, "/lookup", url=blue(1, 0).url)["served"] is False
        assert len(ask(caller, Asked("/openwebui", (), ("", {"query": "amber", "count": 100})), key).json) > 3
        assert ">14 documents<" in ask(caller, Asked("/about"), key).text
    everything = both[0].get("/search?q=cobalt&format=json").json
    assert everything["total"] > 3
