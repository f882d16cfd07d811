"""The fields of the index, by version: one schema for every shard of a layout.

Indexers write the newest version; searchengines serve every version that has its row in `WEIGHTS`, so that new software
answers from the old index while the new one is built. What another version changes beside the fields has to be told
apart by the version too: analysis by `View.version`; the stored form may only get fields with a default at its end.
"""

from __future__ import annotations

from functools import cache

import tantivy

from lightship.core.errors import InvalidInputError
from lightship.index.fields.analysis import DEFAULT_LANGUAGE, gram_analyzer, word_analyzer

# What is written. Part of a layout's name: raise it whenever fields, analysis, the stored form or tantivy's own format change
SCHEMA_VERSION = 1

# By version, searched fields and the weight of a match in each. Each has a twin, NAME_cjk, for bigrams. A short field's score is
# high by itself: of 0.3 to 2.0 for the title, 0.5 was best on judged collections (docs/decisions/0002-weights.md)
WEIGHTS = {1: {"title": 0.5, "headings": 0.5, "path": 0.3, "body": 1.0}}

UNSTEMMED = "-"  # beside its language, the `language` of a document whose words are indexed as they are

WORDS = "words"
GRAMS = "grams"


def cjk(field: str) -> str:
    """Return the name of the twin of `field` that holds bigrams."""
    return f"{field}_cjk"


def check_version(version: int) -> None:
    """Raise InvalidInputError unless indexes of the schema `version` can be read here."""
    if version not in WEIGHTS:
        known = ", ".join(map(str, sorted(WEIGHTS)))
        raise InvalidInputError(f"schema {version}: this searchengine reads schema {known}; upgrade it or the indexer")


@cache
def schema(version: int) -> tantivy.Schema:
    """Return the schema of that version.

    `url`, `site` and `language` are exact terms; `order` comes from the url's digest and orders equal results the same
    way everywhere; `recency` is the time of modification with that same order below it; `source` is the stored document.
    """
    builder = tantivy.SchemaBuilder()
    for name in ("url", "site", "language"):
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    for name in WEIGHTS[version]:
        builder.add_text_field(name, tokenizer_name=WORDS)
        builder.add_text_field(cjk(name), tokenizer_name=GRAMS)
    builder.add_unsigned_field("order", fast=True)
    builder.add_unsigned_field("recency", fast=True)
    builder.add_bytes_field("source", stored=True)
    return builder.build()


def register_analyzers(index: tantivy.Index) -> None:
    """Give `index` the analyzers that the schema names."""
    index.register_tokenizer(WORDS, word_analyzer(DEFAULT_LANGUAGE))
    index.register_tokenizer(GRAMS, gram_analyzer())
