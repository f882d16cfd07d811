"""Validators and cache headers of answers: ETag, If-None-Match and Cache-Control (RFC 9110 and RFC 9111).

An answer has the same ETag as long as the index is the same, so that a client that asks again gets 304 if nothing has changed
without a search. Caches between this program and many clients may keep it for the second in which it is true.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from email.utils import formatdate, parsedate_to_datetime
from typing import Any

SHARED_SECONDS = 1
SHARED = f"public, max-age=0, s-maxage={SHARED_SECONDS}, must-revalidate"
PRIVATE = "private, max-age=0, must-revalidate"  # of answers to holders of a key or the secret
FOR_MINUTES = "public, max-age=300"
NOT_KEPT = "no-store"
_VALIDATOR_BYTES = 12
_MOST = 64  # values of If-None-Match that are compared


def etag(state: bytes, form: str, scope: Mapping[str, Any]) -> str:
    """Return the weak validator of the answer to the request of `scope` from an index in `state`."""
    told = hashlib.blake2b(state, digest_size=_VALIDATOR_BYTES)
    told.update(f"\0{scope['path']}\0{form}\0".encode("utf-8", "surrogatepass"))
    told.update(scope["query_string"])
    return f'W/"{told.hexdigest()}"'


def last_modified(changed: float) -> dict[str, str]:
    """Return the Last-Modified header of an answer from an index that changed at `changed`, in seconds since the epoch.

    There is none while that second lasts, in which the index may change again (RFC 9110, section 8.8.2).
    """
    second = int(changed)
    return {"Last-Modified": formatdate(second, usegmt=True)} if second and time.time() >= second + 1 else {}


def has(scope: Mapping[str, Any], tag: str, modified: str = "") -> bool:
    """Return True if the client says that it has the answer with the validator `tag`, last `modified` then.

    By If-None-Match, or by If-Modified-Since if there is none, and `modified` is not empty.
    """
    strong, since = tag.removeprefix("W/").encode(), b""
    for name, value in scope["headers"]:
        if name == b"if-none-match":
            shown = [each.strip().removeprefix(b"W/") for each in value.split(b",", _MOST)[:_MOST]]
            return strong in shown or shown == [b"*"]
        if name == b"if-modified-since":
            since = value
    return bool(modified and since) and _moment(since.decode("latin-1")) >= _moment(modified)


def _moment(text: str) -> float:
    """Return a date of HTTP in seconds since the epoch; 0 if it is none."""
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError):
        return 0.0
