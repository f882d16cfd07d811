"""What is cached of texts of strangers is bounded in bytes."""

from __future__ import annotations

import ast
import tracemalloc
from collections.abc import Callable, Iterator

import pytest
import tantivy
from hypothesis import given
from hypothesis import strategies as st

from lightship.core import urls
from lightship.core.caching import Recent, StateCache, cache_short
from lightship.crawler.parsing.signals.fingerprint import fingerprint
from lightship.http.connections import address_of
from lightship.index.analysis.forms import forms_of, odd_words
from lightship.index.analysis.title_key import title_keys
from lightship.index.analysis.versions import analysis_of
from lightship.index.fields.address import Address, address_values, site_value
from lightship.index.fields.schema import SCHEMA_VERSION, schema
from lightship.index.highlight.alignment import fold
from lightship.index.query.language.parser import parse_query
from lightship.index.reader import View
from lightship.searchengine.search.request import accepted_format
from support import ROOT

SOURCE = ROOT / "src" / "lightship"
LONG = 15_000  # letters
CALLS = 500  # which are 7.5 MB of arguments
MOST = 6_000_000  # bytes that may be kept of them: yarl keeps 128 urls in several ways

# Caches of `functools` whose keys no stranger makes long: where, and what bounds them
BOUNDED = {
    "core/caching.py:lru_cache(entries)": "the length of a key",
    "documents/language.py:lru_cache(4096)": "one letter",
    "index/analysis/version1.py:cache of word_analyzer(language)": "the languages of an index",
    "index/analysis/words.py:cache of word_analyzer(language)": "the languages of an index",
    "searchengine/web/html.py:cache of asset_url(name)": "our own files",
    "searchengine/routes/files.py:cache of _packed(name, encoding)": "our own files, in three encodings",
    "searchengine/search/request.py:lru_cache(maxsize=16)": "16 query strings of MAX_QUERY_STRING",
}


def readers() -> dict[str, Callable[[str], object]]:
    """Return functions of a long text that keep something of it, or call what does."""
    found: dict[str, Callable[[str], object]] = {
        "odd words": lambda text: [*map(forms_of, odd_words(f"{text}-a {text}+"))], "odd": lambda text: forms_of(text.encode()),
        "titles": title_keys, "fingerprint": lambda text: fingerprint(f"{text} " + "a word " * 50), "fold": fold,
        "links": lambda text: urls.normalise(f"/?{text}", "https://example.org/"), "query": parse_query,
        "site": site_value,
        "hosts": lambda text: address_values(Address(text, "", [], "")), "accept": accepted_format, "addresses": address_of,
    }  # fmt: skip
    view = View(SCHEMA_VERSION, (), tantivy.Index(schema(SCHEMA_VERSION)).searcher(), ("en",))
    found["frequencies"] = lambda term: view.documents_with("text", term)
    found["stems"], found["vocabulary"] = view.frequency, lambda word: view.vocabulary[word]
    for version in range(1, SCHEMA_VERSION + 1):
        analysis = analysis_of(version)
        found[f"words {version}"] = lambda text, analyze=analysis.analyze_word: analyze(text, "en")  # type: ignore[misc]
        found[f"phrases {version}"] = lambda text, analyze=analysis.analyze_word: analyze(f"a {text} b", "de")  # type: ignore[misc]
        found[f"spaced {version}"] = lambda text, split=analysis.split: split(text)  # type: ignore[misc]
    return found


@pytest.mark.parametrize("name", readers())
def test_long_texts_are_not_kept(name: str) -> None:
    read = readers()[name]
    read("x")
    tracemalloc.start()
    try:
        for number in range(CALLS):
            read(f"{number}" + "x" * LONG)
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < MOST


def test_short_ones_are_computed_once_and_long_ones_each_time() -> None:
    asked: list[tuple[str, int]] = []

    @cache_short(entries=2, longest=3)
    def length(text: str, add: int) -> int:
        asked.append((text, add))
        return len(text) + add

    assert [length("abc", 1), length("abc", 1), length("abc", 2), length("abcd", 1), length("abcd", 1)] == [
        4,
        4,
        5,
        5,
        5,
    ]
    assert asked == [("abc", 1), ("abc", 2), ("abcd", 1), ("abcd", 1)]


def caches(source: str) -> Iterator[str]:
    """Yield the caches of `functools` in a source that grow with the arguments of what they cache."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == "lru_cache":
            yield ast.unparse(node)
        elif isinstance(node, ast.FunctionDef):
            for decorator in map(ast.unparse, node.decorator_list):
                strings = [
                    each.arg for each in node.args.args if "str" in ast.unparse(each.annotation or ast.Constant(0))
                ]
                if decorator.rpartition(".")[2] in ("cache", "lru_cache") and strings:
                    yield f"{decorator} of {node.name}({', '.join(strings)})"


def test_no_other_cache_is_keyed_by_text() -> None:
    found = {f"{path.relative_to(SOURCE)}:{each}" for path in SOURCE.rglob("*.py") for each in caches(path.read_text())}
    assert found == BOUNDED.keys()


@given(st.lists(st.integers(0, 12), max_size=80))
def test_the_last_half_of_what_was_asked_for_is_kept_and_never_more_than_all(keys: list[int]) -> None:
    cache = Recent[int, str](8)
    for place, key in enumerate(keys):
        found = cache.get(key)
        if key in list(dict.fromkeys(reversed(keys[:place])))[:4]:
            assert found == str(key)
        assert found in (None, str(key))
        if found is None:
            cache.keep(key, str(key))
    assert sum(cache.get(key) is not None for key in range(13)) <= 8


_CALLS = st.lists(st.tuples(st.sampled_from([b"old", b"new"]), st.integers(0, 5), st.integers(1, 9)), max_size=60)


@given(_CALLS)
def test_values_of_a_state_are_kept_in_the_order_in_which_they_were_asked_for(
    calls: list[tuple[bytes, int, int]],
) -> None:
    cache, model, last = StateCache[int, str](80), dict[int, tuple[str, int]](), b""
    for state, key, size in calls:
        known = model.get(key) if state == last else None
        assert cache.get(state, key) == (known and known[0])
        if known:
            model[key] = model.pop(key)
        elif size <= 5:  # a larger one is over a sixteenth of the cache
            model, last = (model if state == last else {}), state
            model[key] = f"{state!r} {key} {size}", size
            while sum(each for _, each in model.values()) > 80:
                del model[next(iter(model))]
        if not known:
            cache.put(state, key, f"{state!r} {key} {size}", size)


def test_what_is_not_asked_for_goes_first_and_nothing_is_kept_in_no_bytes() -> None:
    cache, none = StateCache[int, str](64), StateCache[int, str](0)
    for number in range(20):
        cache.put(b"s", number, str(number), 4)
        cache.get(b"s", 0)
        none.put(b"s", number, str(number), 1)
    assert [number for number in range(20) if cache.get(b"s", number)] == [0, *range(5, 20)]
    assert none.get(b"s", 19) is None
    assert (cache.keeps, none.keeps) == (True, False)
    cache.put(b"t", 1, "new", 4)
    assert (cache.get(b"s", 0), cache.get(b"t", 0), cache.get(b"t", 1)) == (None, None, "new")
    assert cache.hits == 20 + 16 + 1
