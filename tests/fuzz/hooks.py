"""Teaches schemathesis the media type of the intake: JSON lines."""

from __future__ import annotations

import json
from typing import Any

import schemathesis


@schemathesis.serializer("application/jsonl")
def lines(_: Any, value: Any) -> bytes:
    """Return `value` as lines of JSON; bytes are sent as they are."""
    if isinstance(value, bytes):
        return value
    values = value if isinstance(value, list) else [value]
    return "\n".join(json.dumps(line) for line in values).encode(errors="replace")
