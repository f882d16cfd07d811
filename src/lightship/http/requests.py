"""Reads headers and bodies of requests."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request

from lightship.core.errors import TooLargeError, TooSlowError

BODY_SECONDS = 10.0


def header(scope: Mapping[str, Any], name: bytes) -> str:
    """Return the first header `name` (in lower case) of the request of an ASGI `scope`; empty if there is none."""
    for each, value in scope["headers"]:
        if each == name:
            return str(value, "latin-1")
    return ""


async def read_body(request: Request, most: int) -> bytes:
    """Return the body of a question, of at most `most` bytes; raises TooLargeError, TooSlowError."""
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > most:
                    raise TooLargeError(f"request body is larger than {most} bytes; ask for less at once")
    except TimeoutError as error:
        raise TooSlowError(f"the body did not arrive within {BODY_SECONDS:.0f} s; send it at once") from error
    return bytes(body)
