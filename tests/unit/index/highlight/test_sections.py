"""The sections of a page that have the words of a query are found, the best first."""

from __future__ import annotations

import pytest

from lightship.core.model import Document
from lightship.core.sections import Section
from lightship.index.fields.schema import SCHEMA_VERSION
from lightship.index.fields.stored_document import StoredDocument, _stored_sections
from lightship.index.highlight.search import ANSWER_EFFORT, TEXT_EFFORT
from lightship.index.highlight.sections import MOST, Best, Bounds
from lightship.index.highlight.snippet import Highlighter
from lightship.index.query.compiler import compile_query
from lightship.index.query.language.parser import parse_query

PAGE = """Lamps and boats before any heading.
# Lightship
A boat with a lamp. See the guide.
# Install
Download the boat. Then install it with a package manager, or build it.
# Install on a server
A server needs a port and a token. The lamp burns.
# Configure the cache
The cache keeps pages. Its limit is set in the file; evictions are counted.
# Upgrade
Read the changes first; then install the new version of the cache on each server.
"""


def bounds_of(text: str) -> tuple[str, Bounds, list[str]]:
    """Return the text without the signs of headings, its sections, and their headings, with that of section 0."""
    starts, headings, plain = [], [""], ""
    for line in text.splitlines(keepends=True):
        if line.startswith("# "):
            starts.append(Section(line[2:].strip(), len(plain)))
            headings.append(line[2:].strip())
        plain += line.removeprefix("# ")
    stored = _stored_sections(Document(url="https://a.example/", text=plain, sections=starts))
    return plain, Bounds(stored.starts, stored.bodies), headings


def found(query: str, text: str = PAGE) -> tuple[list[str], str, list[Best]]:
    """Return the headings of the sections that are found, the passage, and the sections."""
    plain, bounds, headings = bounds_of(text)
    compiled = compile_query(parse_query(query), SCHEMA_VERSION, ("en", ""))
    passage, best = Highlighter(compiled, lambda _: 10).passage(plain.encode(), "en", bounds)
    return [headings[each.number] for each in best], passage.text, best


@pytest.mark.parametrize(
    ("query", "heading"),
    [
        ("install", "Install"),  # the heading that consists of it
        ("install server", "Install on a server"),
        ("server token", "Install on a server"),
        ("cache limit", "Configure the cache"),
        ("configuring caches", "Configure the cache"),  # as the index finds words
        ("install new version", "Upgrade"),  # most of the words, though no heading has one
        ("package manager", "Install"),
        ("upgrade", "Upgrade"),
        ("lamps before", ""),
    ],
)
def test_the_best_section_is_first(query: str, heading: str) -> None:
    assert found(query)[0][0] == heading


def test_the_passage_is_below_the_heading() -> None:
    headings, passage, best = found("install")
    assert best[0].is_headed
    assert passage.startswith("Download the boat. Then install it")
    assert "Install on a server" not in passage, "nor does it go into the next section"
    assert 1 < len(headings) <= MOST


def test_a_section_of_which_only_the_heading_matches_shows_its_beginning() -> None:
    assert found("configure")[1].startswith("The cache keeps pages.")


def test_a_frequent_word_counts_where_a_rarer_one_is() -> None:
    text = "".join(f"# Part {number}\nA cache of pages and their limits.\n" for number in range(9))
    frequencies = {"evict": 1, "quota": 2}
    plain, bounds, headings = bounds_of(
        f"{text}# Eviction\nNothing else.\n# Quotas\nA cache has a quota, pages, limits.\n"
    )
    compiled = compile_query(parse_query("cache pages limits quota eviction"), SCHEMA_VERSION, ("en", ""))
    _, best = Highlighter(compiled, lambda term: frequencies.get(term, 10)).passage(plain.encode(), "en", bounds)
    assert headings[best[0].number] == "Quotas"


def test_a_word_that_only_begins_alike_is_not_found() -> None:
    text = "# One\nA category of things.\n# Two\nA cat sits.\n"
    assert found("cat", text)[0] == ["Two"]


@pytest.mark.parametrize(
    ("query", "text", "heading"),
    [
        ("größe", "# Eins\nNichts.\n# Größe ändern\nHier.\n", "Größe ändern"),
        ("cafe", "# One\nNothing.\n# Two\nA café.\n", "Two"),  # found only by folding
        ("分散", "# 索引\n建てる。\n# 設定\n索引を分散する。\n", "設定"),
        ('"blue boat"', "# One\nA boat, blue.\n# Two\nA blue boat.\n", "Two"),
        ("node.js", "# One\nNodes and js.\n# Two\nWith node.js here.\n", "Two"),
    ],
)
def test_sections_in_every_script(query: str, text: str, heading: str) -> None:
    assert found(query, text)[0][0] == heading


def test_without_a_match_there_is_the_beginning() -> None:
    headings, _, best = found("zebra")
    assert (headings, best[0].place) == ([""], -1)


def test_the_effort_is_bounded() -> None:
    text = "".join(f"# heading {number}\n{'wordy ' * 300}\n" for number in range(500))
    plain, bounds, _ = bounds_of(text)
    compiled = compile_query(parse_query("word " + " ".join(f"word{n}" for n in range(60))), SCHEMA_VERSION, ("en", ""))
    highlighter = Highlighter(compiled, lambda _: 10)
    for _ in range(100):
        highlighter.passage(plain.encode(), "en", bounds)
    assert highlighter.spent <= ANSWER_EFFORT
    one = Highlighter(compiled, lambda _: 10)
    one.passage(plain.encode(), "en", bounds)
    assert one.spent <= 3 * TEXT_EFFORT, "once to rank the sections, and once to find the passage"


def test_the_stored_form_of_old_documents_has_no_sections() -> None:
    old = StoredDocument("u", "", "", b"", "", None, 0, {})
    assert old.sections is None
