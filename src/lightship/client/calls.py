"""What both clients ask, and what they make of the answers, without any input or output of their own.

An operation is a generator: it yields a `Request`, is sent the `Reply`, and returns its result.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlencode

import msgspec

from lightship.core.errors import STATUS, LightshipError, UnavailableError, WrongAnswerError
from lightship.core.position import Reached
from lightship.http.tokens import authorization
from lightship.intake.messages import Refusal, Stored
from lightship.searchengine.search.api import Answer
from lightship.searchengine.search.suggesting import Suggestion, Suggestions

Result = TypeVar("Result")
Filter = str | float | bool | Sequence[str | float | bool]

BATCH, BATCH_BYTES = 1000, 4 << 20  # documents and bytes of one request; an intake accepts eight times as much
MOST_WAIT = 5.0  # seconds between two attempts
_AGAIN = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}
_ERRORS = {status: kind for kind, status in STATUS.items()}


class Request(NamedTuple):
    """A request to a searchengine, or to an intake if `is_change`."""

    method: str
    target: str
    body: bytes = b""
    is_change: bool = False


class Reply(NamedTuple):
    """An answer; status 0 and the reason as the body if there was none."""

    status: int
    body: bytes
    retry_after: float | None = None


class Text(msgspec.Struct, frozen=True):
    """A page of a document's text."""

    text: str
    pages: int


Steps = Generator[Request | float, Reply | None, Result]  # a number stands for seconds to wait


def search(query: str, parameters: Mapping[str, Any], patience: float) -> Steps[Answer]:
    """Search; `parameters` are those of `Client.search`."""
    given = list(_parameters(query, parameters))
    body = yield from _ask(Request("GET", f"/search?{urlencode(given)}"), patience)
    return _decoded(body, Answer)


def suggest(query: str, patience: float) -> Steps[list[Suggestion]]:
    """Complete `query`."""
    body = yield from _ask(Request("GET", f"/suggest?{urlencode({'q': query})}"), patience)
    return _decoded(body, Suggestions).suggestions


def text(url: str, patience: float) -> Steps[str]:
    """Return the whole text of a document."""
    parts, page, pages = list[str](), 1, 1
    while page <= pages:
        asked = urlencode({"url": url, "page": page, "format": "json"})
        found = _decoded((yield from _ask(Request("GET", f"/cached?{asked}"), patience)), Text)
        parts.append(found.text)
        page, pages = page + 1, found.pages
    return "".join(parts)


def add(documents: Iterable[Any], patience: float) -> Steps[str]:
    """Put `documents`, batch by batch; return the position from which all of them are searchable."""
    reached: Reached | None = None
    for batch in _batches(map(msgspec.json.encode, documents)):
        target = f"/documents?digest={hashlib.sha256(batch).hexdigest()}"
        body = yield from _ask(Request("POST", target, batch, is_change=True), patience)
        reached = _joined(reached, _decoded(body, Stored).position)
    return str(reached or "")


def delete(urls: Sequence[str], patience: float) -> Steps[str]:
    """Delete documents; return the position from which they are gone."""
    reached: Reached | None = None
    for start in range(0, len(urls), 100):
        target = f"/documents?{urlencode([('url', url) for url in urls[start : start + 100]])}"
        body = yield from _ask(Request("DELETE", target, is_change=True), patience)
        reached = _joined(reached, _decoded(body, Stored).position)
    return str(reached or "")


def wait(position: str, seconds: float) -> Steps[None]:
    """Return once a search sees `position`; raises UnavailableError after `seconds`."""
    if position:
        yield from _ask(Request("GET", f"/search?{urlencode({'min_position': position, 'format': 'json'})}"), seconds)


def _ask(request: Request, patience: float) -> Steps[bytes]:
    """Return the body of the answer with status 200; try again for `patience` seconds while that may help."""
    deadline, wait = time.monotonic() + patience, 0.1
    while True:
        reply = yield request
        assert reply is not None
        if reply.status == HTTPStatus.OK:
            return reply.body
        pause = min(reply.retry_after or wait, MOST_WAIT)
        if (reply.status and reply.status not in _AGAIN) or time.monotonic() + pause > deadline:
            raise _error(reply)
        yield pause
        wait *= 2


def _error(reply: Reply) -> LightshipError:
    if not reply.status:
        return UnavailableError(reply.body.decode())
    try:
        said = msgspec.json.decode(reply.body, type=Refusal).error
    except msgspec.MsgspecError:
        said = f"HTTP status {reply.status}"
    return _ERRORS.get(reply.status, LightshipError)(said)


def _decoded(body: bytes, kind: type[Result]) -> Result:
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.MsgspecError as error:
        raise WrongAnswerError(f"not an answer of Lightship: {error}") from error


def _parameters(query: str, given: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield from (("q", query), ("format", "json"))
    for name, value in given.items():
        if value is None:
            continue
        if name in ("filters", "exclude"):
            for field, wanted in value.items():
                sign = "-" if name == "exclude" else ""
                yield from ((f"{sign}f.{field}", _shown(each)) for each in _each(wanted))
        elif name == "facets":
            yield "facets", ",".join(_each(value))
        else:
            yield name, _shown(value)


def _each(wanted: Any) -> Sequence[Any]:
    return [wanted] if isinstance(wanted, str | int | float) else list(wanted)


def _shown(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _batches(lines: Iterable[bytes]) -> Iterator[bytes]:
    batch, size = list[bytes](), 0
    for line in lines:
        if batch and (len(batch) == BATCH or size + len(line) > BATCH_BYTES):
            yield b"\n".join(batch)
            batch, size = [], 0
        batch.append(line)
        size += len(line)
    if batch:
        yield b"\n".join(batch)


def _joined(reached: Reached | None, position: str) -> Reached | None:
    """Return the position that covers what was `reached` and `position`, which is empty if nothing was changed."""
    if not position:
        return reached
    later = Reached.parse(position)
    return reached.joined(later) if reached else later


def headers(request: Request, token: str, key: str) -> dict[str, str]:
    """Return the headers of a request: signed with `token` if it is a change, otherwise with the search `key`."""
    if not request.is_change:
        return {"Accept": "application/json", **({"Authorization": f"Bearer {key}"} if key else {})}
    return {"Content-Type": "application/jsonl", **authorization(token, request.method, request.target)}


def seconds_of(retry_after: str | None) -> float | None:
    """Return the seconds in a Retry-After header, if it has any."""
    return float(retry_after) if retry_after and retry_after.isdecimal() else None
