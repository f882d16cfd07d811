"""Answers that no cache may keep."""

from __future__ import annotations

from collections.abc import Mapping

from lightship.http.answers.caching import NOT_KEPT
from lightship.http.answers.compression import compressed
from lightship.http.answers.whole import Whole

_NOTHING: Mapping[str, str] = {}


def uncached(
    body: bytes, accepted: str, status: int = 200, kind: str = "application/json", more: Mapping[str, str] = _NOTHING
) -> Whole:
    """Return `body`, of the media type `kind`, with `more` headers, compressed as the Accept-Encoding header `accepted` allows."""
    content, encoding = compressed(body, accepted)
    headers = {**more, "Cache-Control": NOT_KEPT, **({"Content-Encoding": encoding} if encoding else {})}
    return Whole(status, headers, content, kind)
