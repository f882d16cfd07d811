"""Front matter gives a Markdown page its title and metadata, and is no part of its text."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightship.crawler.parsing.encodings.media import MARKDOWN
from lightship.crawler.parsing.formats.front_matter import MAX_BLOCK, MAX_FIELDS, read_front_matter
from lightship.crawler.parsing.html.extract import Page
from lightship.crawler.parsing.read import document_of, read_page

URL = "file:///notes/release.md"
TEXT = "We ship on Mondays."


def page(text: str) -> Page:
    return read_page(text.encode(), MARKDOWN, URL)


@pytest.mark.parametrize(
    "block",
    [
        "---\ntitle: Release calendar\n---\n\n", "---\r\ntitle: Release calendar\r\n---\r\n\r\n",
        "\ufeff---\ntitle: 'Release calendar'\n---\n", "---  \ntitle: >-\n  Release\n  calendar\n...\n",
        '+++\ntitle = "Release calendar"\n+++\n\n', '+++\r\ntitle = """Release \\\r\n  calendar"""\r\n+++\r\n',
        '{\n  "title": "Release calendar"\n}\n\n', ';;;\n{"title": "Release calendar"}\n;;;\n',
        '\ufeff{"Title": "Release calendar"}\r\n',
        "---yaml\ntitle: Release calendar\n---\n", "--- toml\ntitle = 'Release calendar'\n---\n",
        '---json\r\n{"title": "Release calendar"}\r\n---\r\n', '+++ \n"title" = "Release calendar"  # of it\n[extra]\n+++\n',
        '---\r\n# of it\r\nlayout: post\r\ntitle:   "Release calendar"\r\n...\r\n', "---\n{title: Release calendar, tags: [a]}\n---\n",
    ],
)  # fmt: skip
def test_each_form_gives_the_title_and_is_no_text(block: str) -> None:
    found = page(block + TEXT)
    assert (found.title, found.text) == ("Release calendar", TEXT)


def test_all_that_a_page_says_of_itself_is_read() -> None:
    found = page(
        "---\ntitle: 'Part one: the sea'\ndescription: When we ship\nauthors:\n  - name: A. Utor\n  - B. Utor\nlang: pt-BR\n"
        "date: 2024-03-01 12:00:00 +0200\nlastmod: 2024-03-05\ntags: [release, 'no', 1.10]\nweight: 20\ncover:\n  image: x\n"
        f"---\n# Heading\n\n{TEXT}"
    )
    assert (found.title, found.description, found.author, found.language) == (
        "Part one: the sea", "When we ship", "A. Utor, B. Utor", "pt",
    )  # fmt: skip
    assert (found.published, found.modified) == (datetime(2024, 3, 1, 10, tzinfo=UTC), datetime(2024, 3, 5, tzinfo=UTC))
    assert [section.heading for section in found.sections] == ["Heading"]
    assert found.fields == {"tags": ["release", "no", "1.10"], "weight": "20"}
    assert document_of(found, URL).fields["tags"] == ["release", "no", "1.10"]


def test_toml_and_json_keep_their_types() -> None:
    toml = page(
        "+++\ntitle = 'A'\ndate = 2024-03-01T12:00:00Z\nupdated = 2024-03-05\nweight = 20\nprice = 1.5\n[extra]\na = 1\n+++\nx"
    )
    assert toml.fields == {"weight": 20, "price": 1.5}
    assert (toml.published, toml.modified) == (datetime(2024, 3, 1, 12, tzinfo=UTC), datetime(2024, 3, 5, tzinfo=UTC))
    assert page('{"title": "A", "stars": 5, "on": true, "of": [1, {"x": 2}]}\nx').fields == {
        "stars": 5,
        "on": True,
        "of": [1],
    }


@pytest.mark.parametrize(
    ("block", "hidden"),
    [
        ("---\ndraft: true\n---\n", True), ("+++\ndraft = true\n+++\n", True), ('{"noindex": true}\n', True),
        ("---\nunlisted: yes\n---\n", True), ("---\npublished: false\n---\n", True), ("---\npublished: true\n---\n", False),
        ("---\ndraft: false\n---\n", False), ("---\npublished: 2024-01-01\n---\n", False),
    ],
)  # fmt: skip
def test_drafts_are_not_for_readers(block: str, hidden: bool) -> None:
    assert page(block + TEXT).noindex == hidden


@pytest.mark.parametrize(
    "text",
    [
        "---\nA line between two rules.\n---\nMore.", "---\nno end", "+++", "{braces} are text", '{"a": 1} is JSON', "[1]\ntext",
        "---\n- a\n- b\n---\nText.", "Text\n---\ntitle: x\n---\n", "{}\nempty", "---\n" + "a: b\n" * MAX_BLOCK + "---\n",
    ],
)  # fmt: skip
def test_what_is_no_front_matter_stays(text: str) -> None:
    assert read_front_matter(text)[1] == text


def test_broken_yaml_is_read_line_by_line() -> None:
    found = page(f"---\ntitle: Part one: the sea\nlayout: {{{{ x }}\ntags: [a\n---\n{TEXT}")
    assert (found.title, found.text) == ("Part one: the sea", TEXT)


def test_no_more_fields_than_are_good() -> None:
    block = "\n".join(f"name{number}: {'v' * 2000}" for number in range(10 * MAX_FIELDS))[: MAX_BLOCK - 10]
    found, rest = read_front_matter(f"---\n{block}\n---\nx")
    assert 0 < len(found.fields) <= MAX_FIELDS
    assert rest == "x"


@given(st.text("-+;{}[]\"':\n\r &*!|>#%@`a1.", max_size=200), st.sampled_from(["---", "+++", ";;;", "{"]))
def test_any_block_is_read(block: str, fence: str) -> None:
    text = f"{fence}\n{block}\n{fence}\nEnd of it."
    _, rest = read_front_matter(text)
    assert text.endswith(rest)
    document_of(page(text), URL)
