"""A judged collection: documents, queries, and how relevant which documents are to each query."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote

from lightship.core.errors import InvalidDocumentError, InvalidInputError, TooLargeError
from lightship.core.model import Document
from lightship.documents.jsonl import document_of_record
from lightship.judging.reading import DOCUMENTS, QRELS, QUERIES, find, id_of, read_qrels, read_queries, read_records

_KEYS = ("title", "text", "headings", "description", "language", "modified")
_NOT_IN_HOST = re.compile("[^a-z0-9-]+")


@dataclass(frozen=True)
class Collection:
    """`documents` is their file; of its lines, those with `where` (`key=value`; empty: all) count.

    `queries` (id to text) are those with a relevant document, `grades` are theirs: query to document to grade.
    """

    name: str
    documents: Path
    queries: dict[str, str]
    grades: dict[str, dict[str, int]]
    where: str = ""

    @classmethod
    def open(cls, folder: Path, documents: Path | None = None, where: str = "") -> Collection:
        """Read the queries and judgements in `folder`; `documents` are read later, by default from there, too.

        Raises InvalidInputError.
        """
        if not folder.is_dir():
            raise InvalidInputError(f"{folder} is not a folder; see docs/judging.md for what a collection is")
        qrels, asked = _required(folder, QRELS), _required(folder, QUERIES)
        grades, queries = read_qrels(qrels), read_queries(asked)
        kept = {query: text for query, text in queries.items() if max(grades.get(query, {}).values(), default=0) > 0}
        if not kept:
            raise InvalidInputError(f"{qrels} has no relevant document for any query of {asked}; compare their ids")
        path = documents or _required(folder, DOCUMENTS)
        return cls(folder.resolve().name, path, kept, {query: grades[query] for query in kept}, where)

    @cached_property
    def ids(self) -> dict[str, str]:
        """The id of each document by url; reads the whole file. Raises InvalidInputError."""
        found, known = dict[str, str](), set[str]()
        for where, identity, record in self._records():
            url = self._url(identity, record)
            if identity in known or url in found:
                raise InvalidInputError(
                    f"{where}: a second document with the id {identity[:80]!r} or the url {url[:200]}"
                )
            known.add(identity)
            found[url] = identity
        relevant = {document for grades in self.grades.values() for document, grade in grades.items() if grade > 0}
        if not relevant & known:
            raise InvalidInputError(f"{self.documents} has none of the relevant documents, like {min(relevant)!r}")
        return found

    def read(self) -> Iterator[Document]:
        """Yield the documents, with their languages detected and their ids in the field `id`.

        A document without a url gets one that is made of the collection's name and its id. Raises InvalidInputError.
        """
        for where, identity, record in self._records():
            kept = {key: record[key] for key in _KEYS if key in record}
            try:
                yield document_of_record({**kept, "url": self._url(identity, record), "fields": {"id": identity}})
            except (InvalidDocumentError, TooLargeError) as error:
                raise InvalidInputError(f"{where}: {error}") from error

    def _records(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        key, _, value = self.where.partition("=")
        for where, record in read_records(self.documents):
            if not key or str(record.get(key)) == value:
                yield where, id_of(where, record), record

    def _url(self, identity: str, record: dict[str, Any]) -> str:
        host = _NOT_IN_HOST.sub("-", self.name.lower())
        # `d`, so that an id that is a number is not a word of the url that a query can have, too
        return str(record.get("url") or f"https://{host}.invalid/d{quote(identity, safe='')}")


def _required(folder: Path, names: tuple[str, ...]) -> Path:
    path = find(folder, names)
    if path is None:
        others = "; name a file elsewhere with -documents" if names == DOCUMENTS else ""
        raise InvalidInputError(f"{folder} has none of {', '.join(names)}{others}")
    return path
