"""Parses the SOURCE arguments: websites, feeds, git repositories, folders and files."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from enum import Enum
from pathlib import Path
from typing import NamedTuple
from urllib.parse import SplitResult, quote, urlsplit, urlunsplit

from lightship.core import urls
from lightship.core.errors import ConfigurationError
from lightship.crawler.parsing.encodings.media import ENDINGS as TEXTS
from lightship.crawler.sources.files.warc import ENDINGS, is_archive
from lightship.crawler.sources.git.git import SCHEMES

ACCEPTED = (
    "give a website like https://example.org, a folder, a .jsonl, .csv, .tsv or .mbox file (.gz and .zst too), a .warc or"
    " .wacz file or a folder of them, a feed like feed+https://example.org/feed.xml, or a git repository like"
    " git+https://example.org/repository.git"
)


class Kind(Enum):
    """The kind of a source."""

    WEBSITE = "website"
    FEED = "feed"
    GIT = "git"
    FOLDER = "folder"
    JSONL = "jsonl"
    TABLE = "table"
    ARCHIVE = "archive"
    MAILBOX = "mailbox"


_NO_SECRETS_HERE = "contains a password; put it into the file of -credentials instead"
_PACKED = ("", ".gz", ".zst")
_FILES = {
    Kind.JSONL: tuple(f".jsonl{packed}" for packed in _PACKED),
    Kind.TABLE: tuple(f"{name}{packed}" for name in (".csv", ".tsv") for packed in _PACKED),
    Kind.ARCHIVE: ENDINGS,
    Kind.MAILBOX: tuple(f".mbox{packed}" for packed in _PACKED),
}


_HOST = re.compile(r"(?:localhost|(?:[\w-]+\.)+[a-zA-Z]{2,24})(?::\d+)?(?:/|$)")
_ENDINGS = {ending for endings in _FILES.values() for ending in endings} | TEXTS.keys() - {""}


class Source(NamedTuple):
    """A source: `name` is a normal URL or an absolute path."""

    kind: Kind
    name: str


def parse_sources(texts: Sequence[str]) -> list[Source]:
    """Return the sources named by the SOURCE arguments, without duplicates. Raises ConfigurationError."""
    if not texts:
        raise ConfigurationError(f"no SOURCE given; {ACCEPTED}")
    return list(dict.fromkeys(parse_source(text) for text in texts))


def name_of(text: str) -> str:
    """Return the name of the source `text`, which may be gone by now; `text` itself if it can't be one."""
    try:
        return parse_source(text).name
    except ConfigurationError:
        return text if "+" in text.partition(":")[0] else os.path.abspath(text)


def parse_source(text: str) -> Source:
    """Return the source named by one SOURCE argument; raises ConfigurationError."""
    if text.lower().startswith(("http://", "https://")):
        return Source(Kind.WEBSITE, _website(text))
    if text.lower().startswith(("git+", "feed+")):
        return _git(text) if text[:4].lower() == "git+" else Source(Kind.FEED, f"feed+{_website(text[5:])}")
    path = os.path.abspath(text)
    repository, _, subfolder = path.partition("#")
    if _is_repository(path) or (subfolder and not os.path.exists(path) and os.path.isdir(repository)):
        return _git(f"git+{Path(repository).as_uri()}" + (f"#{quote(subfolder)}" if subfolder else ""))
    if os.path.isdir(path):
        return Source(Kind.ARCHIVE if is_archive(path) else Kind.FOLDER, path)
    if not os.path.exists(path):
        meant = f"; is it a website? write https://{text}" if _is_like_a_website(text) else ""
        raise ConfigurationError(f"source {text!r} does not exist{meant}; {ACCEPTED}")
    for kind, endings in _FILES.items():
        if path.endswith(endings) and os.path.isfile(path):
            return Source(kind, path)
    raise ConfigurationError(f"source {text!r} is of an unknown kind; {ACCEPTED}")


def _is_like_a_website(text: str) -> bool:
    host, ending = _HOST.match(text), os.path.splitext(text)[1].lower()
    return bool(host) and ending not in _ENDINGS


def _git(text: str) -> Source:
    parts = urlsplit(text[4:])
    scheme = parts.scheme.lower()
    if scheme not in SCHEMES or not parts.path.strip("/") or bool(parts.netloc) == (scheme == "file"):
        known = ", ".join(f"git+{each}://" for each in SCHEMES)
        raise ConfigurationError(f"source {_without_password(parts)!r} is not a supported git URL; use {known}")
    if parts.password or (parts.username and scheme != "ssh"):
        raise ConfigurationError(f"source {_without_password(parts)!r} {_NO_SECRETS_HERE}")
    return Source(Kind.GIT, f"git+{urlunsplit(parts._replace(scheme=scheme, query=''))}")


def _without_password(parts: SplitResult) -> str:
    return f"git+{urlunsplit(parts._replace(netloc=parts.netloc.rpartition('@')[2]))}"


def _is_repository(path: str) -> bool:
    """Whether the folder `path` is a bare git repository."""
    return os.path.isfile(os.path.join(path, "HEAD")) and os.path.isdir(os.path.join(path, "objects"))


def _website(text: str) -> str:
    url = urls.normalise(text)
    if url is None:
        raise ConfigurationError(f"source {text!r} is not a URL; write it like https://example.org")
    if (parts := urlsplit(text)).username or parts.password:
        raise ConfigurationError(f"source {url!r} {_NO_SECRETS_HERE}")
    return url
