"""The fields of the index, by schema version. All shards of a layout have the same schema.

Indexers write the newest version. Searchengines serve every version in `WEIGHTS`, so that a new release answers from
the old index while the new one is built. Other changes of a new version must depend on the version, too: analysis on
`View.version`. The stored form may only be extended at its end, by fields with defaults.
"""

from __future__ import annotations

from functools import cache

import tantivy

from lightship.core.errors import InvalidInputError
from lightship.index.fields.analysis import DEFAULT_LANGUAGE, gram_analyzer, word_analyzer

# The version that is written, part of a layout's name. Raise it when fields, analysis, the stored form or tantivy's
# file format change
SCHEMA_VERSION = 1

# Version -> searched fields and the weight of a match in each. Each field has a twin, NAME_cjk, for bigrams. BM25
# already favours short fields: of 0.3 to 2.0 for the title, 0.5 was best on judged collections
# (docs/decisions/0002-weights.md)
WEIGHTS = {1: {"title": 0.5, "headings": 0.5, "path": 0.3, "body": 1.0}}

UNSTEMMED = "-"  # a second value of `language` for a document whose words are not stemmed

WORDS = "words"
GRAMS = "grams"


def cjk(field: str) -> str:
    """Return the name of the twin field that holds the bigrams of `field`."""
    return f"{field}_cjk"


def check_version(version: int) -> None:
    """Raise InvalidInputError unless this program can read indexes of the schema `version`."""
    if version not in WEIGHTS:
        known = ", ".join(map(str, sorted(WEIGHTS)))
        raise InvalidInputError(
            f"unsupported schema {version}: this searchengine reads {known}; upgrade it or the indexer"
        )


@cache
def schema(version: int) -> tantivy.Schema:
    """Return the schema of `version`.

    `url`, `site` and `language` are exact terms. `order`, from the url's digest, breaks ties the same way on every
    replica. `recency` is the modification time with `order` in its low bits. `source` is the stored document.
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
    """Register the analyzers that the schema refers to with `index`."""
    index.register_tokenizer(WORDS, word_analyzer(DEFAULT_LANGUAGE))
    index.register_tokenizer(GRAMS, gram_analyzer())
