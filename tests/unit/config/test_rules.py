"""The rules of sources: what they are read from, and the place of every error."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lightship.config import CrawlerSettings, SourceRules, as_json, parse_settings, read_rules
from lightship.core.errors import ConfigurationError
from lightship.core.model import Document

SOURCE = "https://example.org/docs/"
TOML = """
["https://example.org/docs/"]
include = ["/docs/**"]
exclude = ["*.pdf", "/docs/old/"]
start = ["/docs/archive"]
sitemap_only = true
max_depth = 3
max_pages = 500
revisit = 86400
language = "pt-BR"
collection = "manuals"
fields = { product = "router", year = 2026, tags = ["a", "b"], since = 2026-01-31, beta = false }
select = ["article"]
drop = [".share", "aside"]
"""
RULES = SourceRules(
    SOURCE, include=("/docs/**",), exclude=("*.pdf", "/docs/old/"), start=("/docs/archive",), sitemap_only=True, max_depth=3,
    max_pages=500, revisit=86400, language="pt", collection="manuals",
    fields={"product": "router", "year": 2026, "tags": ["a", "b"], "since": "2026-01-31", "beta": False},
    select=("article",), drop=(".share", "aside"),
)  # fmt: skip


def test_a_file_has_a_table_for_each_source(tmp_path: Path) -> None:
    (tmp_path / "rules.toml").write_text(TOML + '\n["./folder"]\nlanguage = "de"\n')
    settings, _ = parse_settings(CrawlerSettings, "crawler", [f"-rules={tmp_path / 'rules.toml'}"])
    assert settings.rules == (RULES, SourceRules("./folder", language="de"))


def test_they_may_be_passed_as_one_argument() -> None:
    text = as_json((RULES,))
    assert "\n" not in text
    assert parse_settings(CrawlerSettings, "crawler", [f"-rules={text}"])[0].rules == (RULES,)
    assert (read_rules(""), as_json(())) == ((), "")


@pytest.mark.parametrize(
    ("key", "value", "wrong"),
    [
        ("include", "*.pdf", r'"\*\.pdf" is not a list of texts; write it like \["/docs/\*\*", "\*\.pdf"\]'),
        ("include", ["a/b"], "begins neither with /"),
        ("exclude", [1], "is not a list of texts"),
        ("exclude", [""], "from 1 to 500 characters|from 1 to"),
        ("exclude", ["x"] * 1001, "has 1001 entries, more than 1000"),
        ("collection", 7, "7 is not the name of a collection"),
        ("collection", "My Docs", "'My Docs': a name has lower-case letters"),
        ("sitemap_only", 1, "1 is neither true nor false"),
        ("max_depth", -1, "must be from 0 to 1000000, not -1"),
        ("max_depth", 1.5, "1.5 is not a whole number"),
        ("max_pages", 0, "must be from 1"),
        ("revisit", True, "true is not a number"),
        ("language", "german", '"german" is not a language tag'),
        ("fields", [], "is not a table"),
        ("fields", {"a": {"b": 1}}, "a: .* is not a text, number, date, true or false"),
        ("fields", {"a": 1e999}, "a: .* is not a text, number"),
        ("fields", {"": 1}, "is not a field's name"),
        ("select", [" "], "from 1 to 500 are allowed"),
        ("colour", "red", "unknown rule; known rules: include, exclude, start, sitemap_only"),
    ],
)
def test_an_error_names_the_source_and_the_key(key: str, value: Any, wrong: str) -> None:
    with pytest.raises(ConfigurationError, match=rf'"https://example.org/docs/"\.{key}: .*{wrong}'):
        parse_settings(CrawlerSettings, "crawler", ["-rules", json.dumps({SOURCE: {key: value}})])


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        (f'["{SOURCE}"]\nmax_depth = 3\nexclude = ["*.pdf",\n"/a#b"]\n', r'rules\.toml, line 3: "https.*"\.exclude: "/a#b" has a #'),
        ("exclude = 1", r'line 1: exclude: 1 is not a table; write \["exclude"\]'),
        (f'["{SOURCE}"', "is not valid TOML"),
        ("#" * 200_000, "is larger than 100 KiB"),
    ],
)  # fmt: skip
def test_an_error_in_a_file_names_its_line(tmp_path: Path, text: str, wrong: str) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(text)
    with pytest.raises(ValueError, match=wrong):
        read_rules(str(path))


def test_a_file_that_is_not_there_and_broken_json(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"can't read .*none\.toml: No such file"):
        read_rules(str(tmp_path / "none.toml"))
    with pytest.raises(ValueError, match="not valid JSON"):
        read_rules("{")
    with pytest.raises(ConfigurationError, match=r'argument -exclude.*: "a/b" begins neither'):
        parse_settings(CrawlerSettings, "crawler", ["-exclude=*.pdf,a/b"])


def test_language_and_fields_come_before_those_of_the_page() -> None:
    page = Document(url=SOURCE, language="en", fields={"year": 1999, "author": "x"})
    found = RULES.applied(page)
    assert (found.language, found.fields["year"], found.fields["author"]) == ("pt", 2026, "x")
    assert SourceRules(SOURCE).applied(page) is page


def test_a_collection_is_a_field_of_its_documents() -> None:
    document = Document(url="https://x.example/", fields={"collection": "old", "a": 1})
    assert SourceRules("", collection="docs").applied(document).fields == {"collection": "docs", "a": 1}
    assert SourceRules("", collection="docs", fields={"b": 2}).all_fields == {"b": 2, "collection": "docs"}
    assert (SourceRules("").all_fields, SourceRules("").applied(document)) == (None, document)
