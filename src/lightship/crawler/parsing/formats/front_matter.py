"""Reads front matter: the metadata before the text of a Markdown file, in YAML, TOML or JSON.

Hugo, Jekyll, Docusaurus, Astro, VitePress, Obsidian and others keep the title of a page only there. The block begins
with the first line: `---` (YAML, ended by `---` or `...`), `+++` (TOML), `;;;` or `{` (JSON), or `---` and a language
(`---toml`, of gray-matter).
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time
from typing import Any, NamedTuple

from lightship.core.model import FieldValue, Scalar

MAX_BLOCK = 32_768  # characters of a block
MAX_FIELDS, MAX_VALUES, MAX_VALUE = 50, 100, 1000  # fields, values of a list, characters of a value

_ENDS = {"---": ("---", "..."), "+++": ("+++",), ";;;": (";;;",)}
_TITLE = ("title",)
_DESCRIPTION = ("description", "summary", "excerpt", "subtitle")
_AUTHOR = ("author", "authors")
_LANGUAGE = ("lang", "language", "locale")
_CREATED = ("date", "published", "publishdate", "published_at", "pubdate", "created")
_MODIFIED = ("lastmod", "updated", "modified", "last_modified_at", "last_updated", "last_update", "updateddate")
_KNOWN = frozenset(
    (*_TITLE, *_DESCRIPTION, *_AUTHOR, *_LANGUAGE, *_CREATED, *_MODIFIED, "draft", "noindex", "unlisted")
)
_NAMED = {
    "title": _TITLE, "description": _DESCRIPTION, "author": _AUTHOR, "language": _LANGUAGE, "created": _CREATED,
    "modified": _MODIFIED,
}  # fmt: skip
_YES, _NO = frozenset({"true", "yes", "on"}), frozenset({"false", "no", "off"})


class FrontMatter(NamedTuple):
    """Metadata of a file; texts are empty if absent, times as they were written. `draft`: it is not for readers yet."""

    title: str = ""
    description: str = ""
    author: str = ""
    language: str = ""
    created: str = ""
    modified: str = ""
    draft: bool = False
    fields: dict[str, FieldValue] = {}  # noqa: RUF012 (never changed)


def read_front_matter(text: str) -> tuple[FrontMatter, str]:
    """Return the metadata before a text, and the text after it; a text without any is returned as it is."""
    found, rest = _split(text.removeprefix("\ufeff"))
    if found is None:
        return FrontMatter(), text
    named = {str(name).lower(): value for name, value in found.items()}
    first = {name: _first(named, names) for name, names in _NAMED.items()}
    hidden = any(_text(named.get(name)).lower() in _YES for name in ("draft", "noindex", "unlisted"))
    unpublished = _text(named.get("published")).lower()
    if unpublished in _YES | _NO:  # of Jekyll: whether, not when
        first["created"] = _first({**named, "published": ""}, _CREATED)
    first["created"], first["modified"] = _time(first["created"]), _time(first["modified"])
    return FrontMatter(**first, draft=hidden or unpublished in _NO, fields=_fields(found)), rest


def _split(text: str) -> tuple[dict[Any, Any] | None, str]:
    """Return the data of the block that `text` begins with, None without one, and what follows it."""
    if text.startswith("{"):
        return _json_object(text)
    first, _, rest = text.partition("\n")
    kind = "".join(first.split()).lower()
    if kind not in _PARSERS:
        return None, text
    end = 0
    while end <= MAX_BLOCK:
        line_end = rest.find("\n", end)
        line = rest[end:line_end] if line_end >= 0 else rest[end:]
        if line.rstrip() in _ENDS[kind[:3]]:
            data = _PARSERS[kind](rest[:end])
            return data, (rest[line_end + 1 :] if line_end >= 0 else "") if data is not None else text
        if line_end < 0:
            break
        end = line_end + 1
    return None, text


def _json_object(text: str) -> tuple[dict[Any, Any] | None, str]:
    try:
        found, end = json.JSONDecoder().raw_decode(text[:MAX_BLOCK])
    except (ValueError, RecursionError):
        return None, text
    rest = text[end:].lstrip(" \t\r")
    return (found, rest) if found and rest[:1] in ("\n", "") else (None, text)


def _json(block: str) -> dict[Any, Any] | None:
    try:
        found = json.loads(block)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _toml(block: str) -> dict[Any, Any] | None:
    try:
        return tomllib.loads(block.replace("\r\n", "\n"))
    except (ValueError, RecursionError):
        return _lines(block, "=")


def _yaml(block: str) -> dict[Any, Any] | None:
    """Parse YAML without guessing types: `no` is a language, `1.10` a version. A broken block is read line by line."""
    import yaml

    try:
        found = yaml.load(block, Loader=yaml.BaseLoader)  # noqa: S506 (BaseLoader makes only texts, lists and mappings)
    except (yaml.YAMLError, ValueError, RecursionError, TypeError):
        return _lines(block, ":")
    return found if isinstance(found, dict) else {} if not block.strip() else None


_PARSERS = {
    "---": _yaml, "---yaml": _yaml, "---yml": _yaml, "---toml": _toml, "---json": _json, "+++": _toml, ";;;": _json,
}  # fmt: skip


def _lines(block: str, separator: str) -> dict[Any, Any] | None:
    """Return the names and values on lines of their own, such as an unquoted `title: Part one: the sea`."""
    found = {}
    for line in block.splitlines():
        name, separated, value = line.partition(separator)
        if separated and name.strip().isidentifier() and name == name.lstrip() and value.strip():
            found[name.strip()] = value.strip().strip("\"'")
    return found or None


def _first(named: Mapping[str, Any], names: tuple[str, ...]) -> str:
    return next(filter(None, (_text(named.get(name)) for name in names)), "")


def _time(text: str) -> str:
    """Return a time as ISO 8601 writes it: Jekyll puts a space before the zone."""
    return text.replace(" +", "+").replace(" -", "-") if text[:4].isdigit() else text


def _text(value: Any) -> str:
    """Return a value as a text: of a list its parts, of an author's or date's mapping its name or date."""
    if isinstance(value, dict):
        return _first(value, ("name", "date"))
    if isinstance(value, list):
        return ", ".join(filter(None, (_text(one) for one in value[:MAX_VALUES] if not isinstance(one, list))))[
            :MAX_VALUE
        ]
    scalar = _scalar(value)
    return "" if scalar is None else str(scalar).strip() if not isinstance(scalar, bool) else str(scalar).lower()


def _fields(found: Mapping[Any, Any]) -> dict[str, FieldValue]:
    """Return the other data that fit into fields: scalars, and lists of them."""
    pairs = ((str(name), value) for name, value in found.items() if str(name).lower() not in _KNOWN)
    fields: dict[str, FieldValue] = {}
    for name, value in pairs:
        if len(fields) == MAX_FIELDS:
            break
        kept: FieldValue | None = list(_scalars(value)) if isinstance(value, list) else _scalar(value)
        if kept not in (None, "", []) and name and len(name) <= MAX_VALUE:
            fields[name] = kept
    return fields


def _scalars(values: list[Any]) -> Iterator[Scalar]:
    for value in values[:MAX_VALUES]:
        if (scalar := _scalar(value)) not in (None, ""):
            yield scalar


def _scalar(value: Any) -> Scalar | None:
    """Return what a field can hold of a value, if anything."""
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, str):
        return value[:MAX_VALUE]
    return value if isinstance(value, (bool, int, float)) else None
