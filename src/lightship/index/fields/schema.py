"""The fields of the index, by schema version. All shards of a layout have the same schema.

Indexers write the newest version. Searchengines serve every version in `WEIGHTS`, so that a new release answers from
the old index while the new one is built. Other changes of a new version must depend on the version, too: analysis on
`View.version`. The stored form may only be extended at its end, by fields with defaults.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable

import tantivy

from lightship.core.declaration import BUILT_IN, Kind, declared
from lightship.core.errors import InvalidInputError
from lightship.index.analysis.languages import DEFAULT_LANGUAGE
from lightship.index.analysis.words import plain_analyzer, whitespace_analyzer, word_analyzer

# The version that is written, part of a layout's name. Raise it when fields, analysis, the stored form or tantivy's
# file format change
SCHEMA_VERSION = 2

# Version -> searched fields and the weight of a match in each, see docs/decisions/0002-weights.md. Each field has a twin
# for grams
WEIGHTS = {
    1: {"title": 0.5, "headings": 0.5, "path": 0.3, "body": 1.0},
    2: {"title": 0.4, "text": 1.0},
}

FORMS = "forms"
TITLE_KEY = "title_key"
REPEATS = (
    "\x1frepeats"  # the form of a document that repeats words (repetitive.py); with a term, of one that repeats it
)
REPETITIVE = "\x1frepetitive"  # that of such a document before marks said which words
VOCABULARY = "vocabulary"
VOCABULARY_SINCE = REPEATS_SINCE = 2  # the first version that has them
SEVERAL = "several"

WORDS = "words"
GRAMS = "grams"
PLAIN = "plain"


def main_field(version: int) -> str:
    """Return the name of the field that holds the text of a document."""
    return list(WEIGHTS[version])[-1]


def grams(field: str, version: int) -> str:
    """Return the name of the twin field that holds the grams of `field`."""
    return f"{field}_cjk" if version == 1 else f"{field}_grams"


def check_version(version: int) -> None:
    """Raise InvalidInputError unless this program can read indexes of the schema `version`."""
    if version not in WEIGHTS:
        known = ", ".join(map(str, sorted(WEIGHTS)))
        raise InvalidInputError(
            f"unsupported schema {version}: this searchengine reads {known}; upgrade it or the indexer"
        )


def schema(version: int, declaration: str = "") -> tantivy.Schema:
    """Return the schema of `version` with the fields of a `declaration`.

    `url`, `site` and `language` are exact terms. `forms` has the terms of odd words (see forms.py), `title_key` those of
    title_key.py, `vocabulary` the words of the beginning as they are written. `several` has the names of
    the numbers and dates of which a document has several values. `order`, from the url's digest, breaks ties the same
    way on every replica. `recency` is the modification time with `order` in its low bits. `source` is the stored
    document, see stored_document.py. The column of a built-in or declared field is named by `column`.
    """
    builder = tantivy.SchemaBuilder()
    for name in ("url", "site", "language"):
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    for name in WEIGHTS[version]:
        builder.add_text_field(name, tokenizer_name=WORDS)
        builder.add_text_field(grams(name, version), tokenizer_name=GRAMS)
    if version > 1:
        builder.add_text_field(FORMS, tokenizer_name=GRAMS, index_option="basic")
        builder.add_text_field(TITLE_KEY, tokenizer_name="raw", index_option="basic")
        builder.add_text_field(VOCABULARY, tokenizer_name=PLAIN, index_option="basic")
    builder.add_unsigned_field("order", fast=True)
    builder.add_unsigned_field("recency", fast=True)
    builder.add_bytes_field("source", stored=True)
    if version > 1:
        builder.add_text_field(SEVERAL, tokenizer_name="raw", index_option="basic")
        for name, kind in BUILT_IN.items():
            _ADD_COLUMN[kind](builder, name)
    for name, kind in declared(declaration).items():
        _ADD_COLUMN[kind](builder, name)
    return builder.build()


def column(name: str) -> str:
    """Return the name of the column of the field `name`."""
    return f"f.{name}"


def further_column(name: str) -> str:
    """Return the name of the field for all but the smallest value of a keyword: a list is sorted by its smallest."""
    return f"further.{name}"


def key_column(name: str) -> str:
    """Return the name of the column of the `key` of the smallest value of a keyword: tantivy tells no texts of documents."""
    return f"key.{name}"


def key(value: str) -> int:
    """Return a number of 32 bits for `value`; other values may have the same."""
    return zlib.crc32(value.encode())


def _add_exact(builder: tantivy.SchemaBuilder, name: str) -> None:
    builder.add_text_field(column(name), tokenizer_name="raw", index_option="basic", fast=True)
    builder.add_text_field(further_column(name), tokenizer_name="raw", index_option="basic", fast=True)
    builder.add_unsigned_field(key_column(name), fast=True)


_ADD_COLUMN: dict[Kind, Callable[[tantivy.SchemaBuilder, str], object]] = {
    "keyword": _add_exact,
    "path": _add_exact,
    "number": lambda builder, name: builder.add_float_field(column(name), fast=True),
    "date": lambda builder, name: builder.add_integer_field(
        column(name), fast=True
    ),  # tantivy's dates have no microseconds
    "boolean": lambda builder, name: builder.add_boolean_field(column(name), fast=True, indexed=True),
    "text": lambda _builder, _name: None,  # it is part of the document's text
}


def field_names(version: int) -> list[str]:
    """Return the names of the text fields of `version`, by tantivy's number."""
    searched = [part for name in WEIGHTS[version] for part in (name, grams(name, version))]
    return ["url", "site", "language", *searched, *((FORMS, TITLE_KEY, VOCABULARY) if version > 1 else ())]


def register_analyzers(index: tantivy.Index) -> None:
    """Register the analyzers that the schema refers to with `index`."""
    index.register_tokenizer(WORDS, word_analyzer(DEFAULT_LANGUAGE))
    index.register_tokenizer(GRAMS, whitespace_analyzer())
    index.register_tokenizer(PLAIN, plain_analyzer())
