"""The fields of the index: one schema for every shard of a layout."""

from __future__ import annotations

from functools import cache

import tantivy

from lightship.index.analysis import DEFAULT_LANGUAGE, gram_analyzer, word_analyzer

# Part of a layout's name: raise it whenever fields, analysis, the stored form or tantivy's own format change
SCHEMA_VERSION = 1

# Searched fields and the weight of a match in each. Each has a twin, NAME_cjk, for bigrams. A short field's score is
# high by itself: of 0.3 to 2.0 for the title, 0.5 was best on judged collections (docs/decisions/0002-weights.md)
WEIGHTS = {"title": 0.5, "headings": 0.5, "path": 0.3, "body": 1.0}

UNSTEMMED = "-"  # beside its language, the `language` of a document whose words are indexed as they are

WORDS = "words"
GRAMS = "grams"


def cjk(field: str) -> str:
    """Return the name of the twin of `field` that holds bigrams."""
    return f"{field}_cjk"


@cache
def schema() -> tantivy.Schema:
    """Return the schema.

    `url`, `site` and `language` are exact terms; `order` comes from the url's digest and orders equal results the same
    way everywhere; `recency` is the time of modification with that same order below it; `source` is the stored document.
    """
    builder = tantivy.SchemaBuilder()
    for name in ("url", "site", "language"):
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    for name in WEIGHTS:
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
