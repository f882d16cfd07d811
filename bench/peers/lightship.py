"""Lightship, as `lightship up` runs it: the search page at the url, the intake 1,010 ports above."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote_plus

from bench.peers.peer import HITS, Request, encode
from lightship.config import token
from lightship.core.model import Document
from lightship.http.tokens import authorization


class Lightship:
    """Snippets are always marked: a search without them does not exist."""

    def prepare(self) -> Sequence[Request]:
        """Return nothing: the index is there."""
        return ()

    def put(self, documents: Sequence[Document]) -> Request:
        """Return a request of the intake."""
        lines = b"\n".join(encode({"url": each.url, "title": each.title, "text": each.text}) for each in documents)
        target = f"/documents?digest={hashlib.sha256(lines).hexdigest()}"
        return Request("POST", target, lines, authorization(token(), "POST", target))

    def count(self) -> Request:
        """Return a request for the status."""
        return Request("GET", "/status")

    def counted(self, answer: Any) -> int:
        """Return the documents of the index."""
        return int(answer["documents"])

    def search(self, query: str, *, marked: bool) -> Request:
        """Return a search."""
        return Request("GET", f"/search?q={quote_plus(query)}&size={HITS}&format=json")

    def found(self, answer: Any) -> int:
        """Return the total."""
        return int(answer["total"])

    def merge(self) -> Sequence[Request]:
        """Return nothing: indexers merge by themselves."""
        return ()
