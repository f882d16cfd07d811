"""What the SOURCE arguments mean: websites, folders and .jsonl files."""

from __future__ import annotations

import os
from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple

from yarl import URL

from lightship.crawler import urls
from lightship.errors import ConfigurationError

ACCEPTED = "give a website like https://example.org, a folder, or a .jsonl file (.gz and .zst too)"


class Kind(Enum):
    """What a source is."""

    WEBSITE = "website"
    FOLDER = "folder"
    JSONL = "jsonl"


class Source(NamedTuple):
    """A source: `name` is a normal url, or an absolute path."""

    kind: Kind
    name: str


def parse_sources(texts: Sequence[str]) -> list[Source]:
    """Return what the SOURCE arguments name, each once. Raises ConfigurationError for one that is unusable, or none."""
    if not texts:
        raise ConfigurationError(f"no SOURCE: {ACCEPTED}")
    return list(dict.fromkeys(parse_source(text) for text in texts))


def parse_source(text: str) -> Source:
    """Return what one SOURCE argument names; raises ConfigurationError."""
    if text.lower().startswith(("http://", "https://")):
        return Source(Kind.WEBSITE, _website(text))
    path = os.path.abspath(text)
    if os.path.isdir(path):
        return Source(Kind.FOLDER, path)
    if not os.path.exists(path):
        raise ConfigurationError(f"source {text!r} does not exist; {ACCEPTED}")
    if not path.endswith((".jsonl", ".jsonl.gz", ".jsonl.zst")) or not os.path.isfile(path):
        raise ConfigurationError(f"source {text!r} is none of the kinds that can be read; {ACCEPTED}")
    return Source(Kind.JSONL, path)


def _website(text: str) -> str:
    url = urls.normalise(text)
    if url is None:
        raise ConfigurationError(f"source {text!r} is not a url; write it like https://example.org")
    if URL(text).user or URL(text).password:
        raise ConfigurationError(f"source {url!r} was given with a password: pages behind one can't be crawled")
    return url
