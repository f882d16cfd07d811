"""Rules of the crawler's sources: which of a source's pages are crawled, and what is made of them.

They come from a TOML file with a table for each source, or from the same as JSON, so that a deployment can pass them as
one argument. Every error is reported with its place.
"""

from __future__ import annotations

import dataclasses
import json
import math
import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import msgspec

from lightship.config.lines import line_of
from lightship.config.setting import collection
from lightship.core import urls
from lightship.core.collections import COLLECTION
from lightship.core.globs import Glob
from lightship.core.model import Document, FieldValue, clean_text

MAX_BYTES = 100 << 10  # of a file of rules: as one argument of a program it may have 128 KiB
MAX_ITEMS = 1000  # of one list
MAX_SELECTOR = 500  # characters
MAX_NAME, MAX_VALUE = 64, 1000  # characters of a field's name and value

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8}){0,8}")


def _rule(default: Any, text: str, parse: Callable[[Any], Any]) -> Any:
    """Declare one rule; `parse` converts its value in TOML or JSON, or raises ValueError."""
    return dataclasses.field(default=default, metadata={"help": text, "parse": parse})


def _strings(value: Any, longest: int, example: str) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        raise ValueError(f"{_shown(value)} is not a list of texts; write it like {example}")
    if len(value) > MAX_ITEMS:
        raise ValueError(f"has {len(value)} entries, more than {MAX_ITEMS}")
    for item in value:
        if not item.strip() or len(item) > longest:
            raise ValueError(f"{_shown(item)} has {len(item)} characters; from 1 to {longest} are allowed")
    return tuple(dict.fromkeys(value))


def globs(value: Any) -> tuple[str, ...]:
    """Return a list of globs; raises ValueError."""
    found = _strings(value, 1 << 20, '["/docs/**", "*.pdf"]')
    for each in found:
        Glob(each)
    return found


def _urls(value: Any) -> tuple[str, ...]:
    return _strings(value, urls.MAX_LINK, '["/archive/", "https://example.org/news"]')


def _selectors(value: Any) -> tuple[str, ...]:
    return _strings(value, MAX_SELECTOR, '["article", "div.content"]')


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{_shown(value)} is neither true nor false")  # noqa: TRY004 (every error in a value is a ValueError)
    return value


def _number(low: float, high: float, *, whole: bool) -> Callable[[Any], Any]:
    def parse(value: Any) -> Any:
        fits = isinstance(value, int if whole else int | float) and not isinstance(value, bool)
        if not fits:
            raise ValueError(f"{_shown(value)} is not a {'whole ' if whole else ''}number")
        if not low <= value <= high:
            raise ValueError(f"must be from {low} to {high}, not {value}")
        return value

    return parse


def _language(value: Any) -> str:
    if not isinstance(value, str) or not _LANGUAGE.fullmatch(value):
        raise ValueError(f'{_shown(value)} is not a language tag (BCP 47); write it like "de" or "pt-BR"')
    return value.partition("-")[0].lower()


def _collection(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f'{_shown(value)} is not the name of a collection; write it like "docs"')  # noqa: TRY004 (see above)
    return collection(value)


def _fields(value: Any) -> dict[str, FieldValue]:
    if not isinstance(value, Mapping):
        raise ValueError(f'{_shown(value)} is not a table; write it like {{ product = "router", year = 2026 }}')  # noqa: TRY004 (see above)
    if len(value) > MAX_NAME:
        raise ValueError(f"has {len(value)} fields, more than {MAX_NAME}")
    for name in value:
        if not name.strip() or len(name) > MAX_NAME:
            raise ValueError(f"{_shown(name)} is not a field's name: from 1 to {MAX_NAME} characters are allowed")
    return {clean_text(name): _field(name, each) for name, each in value.items()}


def _field(name: str, value: Any) -> Any:
    if isinstance(value, list):
        if len(value) > MAX_ITEMS or any(isinstance(each, list) for each in value):
            raise ValueError(f"{name}: a list has at most {MAX_ITEMS} values, and no lists in it")
        return [_scalar(name, each) for each in value]
    return _scalar(name, value)


def _scalar(name: str, value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    fits = isinstance(value, bool | str | float) or (isinstance(value, int) and abs(value) < 1 << 63)
    if not fits or (isinstance(value, float) and not math.isfinite(value)):
        raise ValueError(f"{name}: {_shown(value)} is not a text, number, date, true or false")
    if isinstance(value, str) and len(value) > MAX_VALUE:
        raise ValueError(f"{name}: a text of {len(value)} characters; at most {MAX_VALUE} are allowed")
    return clean_text(value) if isinstance(value, str) else value


@dataclasses.dataclass(frozen=True)
class SourceRules:
    """The rules of `source`, as it is given to the crawler. What is None, the crawler's own settings decide."""

    source: str
    include: tuple[str, ...] = _rule(
        (), "globs of the pages to crawl; without any, what is in the source's folder", globs
    )
    exclude: tuple[str, ...] = _rule((), "globs of pages to leave out, also of those that `include` names", globs)
    start: tuple[str, ...] = _rule((), "further urls of the site to begin with", _urls)
    sitemap_only: bool = _rule(False, "crawls only what the site's sitemaps list", _flag)
    max_depth: int | None = _rule(
        None, "links between the source and a page, at most", _number(0, 1_000_000, whole=True)
    )
    max_pages: int | None = _rule(None, "documents of the site, at most", _number(1, 100_000_000, whole=True))
    revisit: float | None = _rule(
        None, "seconds between visits to a page until its rate of change is known", _number(1, 31_536_000, whole=False)
    )
    language: str = _rule("", "language of all its documents, like `de`, whatever they declare", _language)
    fields: Mapping[str, FieldValue] | None = _rule(
        None, 'fields set on all its documents, like `{ product = "router" }`', _fields
    )
    collection: str = _rule("", "collection of all its documents, like `docs`", _collection)
    select: tuple[str, ...] = _rule((), "CSS selectors of what is read of a page, if any of them matches", _selectors)
    drop: tuple[str, ...] = _rule((), "CSS selectors of what is left out of a page", _selectors)

    @property
    def all_fields(self) -> Mapping[str, FieldValue] | None:
        """The fields that are set, with that of the collection; None without any."""
        return {**(self.fields or {}), COLLECTION: self.collection} if self.collection else self.fields

    def applied(self, document: Document) -> Document:
        """Return `document` with the language and fields that the rules set."""
        if not self.language and not self.all_fields:
            return document
        language, fields = self.language or document.language, {**document.fields, **(self.all_fields or {})}
        return msgspec.structs.replace(document, language=language, fields=fields)


RULES = {field.name: field for field in dataclasses.fields(SourceRules) if "parse" in field.metadata}


class RuleError(ValueError):
    """An error in the value at `path`."""

    def __init__(self, path: tuple[str, ...], message: str) -> None:
        """Describe the error in `message`."""
        super().__init__(message)
        self.path = path


def read_rules(text: str) -> tuple[SourceRules, ...]:
    """Return the rules in the file `text`, or in `text` itself if it is JSON; an empty text means none.

    Raises ValueError with the file, the line, the key and what to write.
    """
    if not text:
        return ()
    if text.lstrip().startswith("{"):
        return _checked("the JSON", text, _json(text))
    try:
        with open(text, "rb") as file:
            content = file.read(MAX_BYTES + 1)
        written = content.decode()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"can't read {text}: {getattr(error, 'strerror', None) or 'it is not UTF-8'}") from error
    if len(content) > MAX_BYTES:
        raise ValueError(f"{text} is larger than {MAX_BYTES >> 10} KiB")
    import tomllib  # here, because it stays in the memory of programs that read no rules

    try:
        tables = tomllib.loads(written)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{text} is not valid TOML: {error}") from error
    return _checked(text, written, tables)


def _json(text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_table)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"not valid JSON: {error}") from error


def _table(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) < len(pairs):
        raise ValueError(f"one of the keys {', '.join(table)} is given twice")
    return table


def _checked(name: str, text: str, tables: Mapping[str, Any]) -> tuple[SourceRules, ...]:
    try:
        return rules_of(tables)
    except RuleError as error:
        place = name if text.lstrip().startswith("{") else f"{name}, line {line_of(text, error.path)}"
        raise ValueError(f"{place}: {'.'.join(_key(key) for key in error.path)}: {error}") from error


def rules_of(tables: Any) -> tuple[SourceRules, ...]:
    """Return the rules in a table of tables, by source; raises ValueError (with the `path` of what is wrong)."""
    if not isinstance(tables, Mapping):
        raise ValueError(f"{_shown(tables)} is not a table of sources")  # noqa: TRY004 (see above)
    return tuple(_source_rules(source, table) for source, table in tables.items())


def _source_rules(source: str, table: Any) -> SourceRules:
    if not isinstance(table, Mapping):
        raise RuleError(
            (source,), f'{_shown(table)} is not a table; write ["{source}"] and below it exclude = ["*.pdf"]'
        )
    values = {}
    for key, value in table.items():
        if key not in RULES:
            raise RuleError((source, key), f"unknown rule; known rules: {', '.join(RULES)}")
        try:
            values[key] = RULES[key].metadata["parse"](value)
        except ValueError as error:
            raise RuleError((source, key), str(error)) from error
    return SourceRules(source, **values)


def as_json(rules: tuple[SourceRules, ...]) -> str:
    """Return `rules` as one argument for a crawler; an empty text if there are none."""
    tables = {
        each.source: {key: value for key in RULES if (value := getattr(each, key)) != RULES[key].default}
        for each in rules
    }
    return json.dumps(tables, ensure_ascii=False, separators=(",", ":")) if tables else ""


def _key(key: str) -> str:
    return key if key.replace("_", "").isalnum() else f'"{key}"'


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else f"{text[:57]}…"
