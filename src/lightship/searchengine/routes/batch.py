"""`POST /search`: several searches in one request, each as `GET /search` answers it."""

from __future__ import annotations

import asyncio
import contextlib
import time
from functools import reduce
from typing import NamedTuple
from urllib.parse import urlencode

import msgspec
from starlette.requests import Request
from starlette.types import Scope

from lightship.core.errors import DamagedError, InvalidInputError, LightshipError, TooLargeError, status_of
from lightship.core.position import Reached
from lightship.http.answers.uncached import uncached
from lightship.http.answers.whole import Whole
from lightship.http.connections import Connections, address_of
from lightship.http.requests import header, read_body
from lightship.searchengine.access.gate import count_search
from lightship.searchengine.routes.respond import SeenBy, encode
from lightship.searchengine.routes.searches import WaitFor
from lightship.searchengine.search.admission import QueryExecutor
from lightship.searchengine.search.replica import Replica
from lightship.searchengine.search.request import read_position, read_request
from lightship.searchengine.search.search import ReplicaSearcher, Searcher

MAX_SEARCHES = 32
MAX_BODY = 128 << 10  # bytes
MAX_ANSWERS = 8 << 20  # bytes of all answers together: two searches with all the fields that each may have

_Scalar = str | int | float | bool
Parameters = dict[str, _Scalar | list[_Scalar] | None]
_decode = msgspec.json.Decoder(list[Parameters]).decode


class FailedSearch(msgspec.Struct, frozen=True):
    """What stands in the place of an answer: an error, and the status that it has for `GET /search`."""

    error: str
    status: int


class _Shared(NamedTuple):
    """What the searches of a request have in common."""

    scope: Scope
    searcher: Searcher
    late: LightshipError | None  # the error of those with a position
    room: list[int]  # bytes that answers may still take


class Batch:
    """Answers a list of searches of `replica`."""

    def __init__(self, replica: Replica, seen_by: SeenBy, executor: QueryExecutor, wait_for: WaitFor) -> None:
        """Search what is `seen_by` a request, as `executor` admits it, after `wait_for` a position."""
        self._replica, self._seen_by, self._executor, self._wait_for = replica, seen_by, executor, wait_for

    async def answer(self, request: Request) -> Whole:
        """Answer one request; raises LightshipError if that is not a list of searches, or can't be answered now."""
        searches = read_searches(await read_body(request, MAX_BODY))
        self._replica.catch_up()
        scope = request.scope
        scope["lightship.arrived"] = time.monotonic()  # the deadlines count from here
        late = await self._late(scope, searches)
        shared = _Shared(scope, ReplicaSearcher(self._seen_by(request), self._executor), late, [MAX_ANSWERS])
        answers = await asyncio.gather(*(self._answer(shared, number, each) for number, each in enumerate(searches)))
        return uncached(b"[%b]" % b",".join(answers), header(scope, b"accept-encoding"))

    async def _late(self, scope: Scope, searches: list[bytes]) -> LightshipError | None:
        """Wait for all positions that `searches` name, together; return the error if they are not reached."""
        try:
            await self._wait_for(scope, _position(searches))
        except LightshipError as error:
            return error
        return None

    async def _answer(self, shared: _Shared, number: int, query_string: bytes) -> bytes:
        """Return the answer to search `number`, or its error, as JSON."""
        scope, searcher, late, room = shared
        try:
            if number > 0:  # the first was counted as the request
                count_search(scope)
            if read_position(query_string) is not None and late:
                raise late
            await _turn(scope)
            until = self._executor.admit(scope)
            answer = encode(await searcher.search(read_request(query_string), until))
            if len(answer) > room[0]:
                raise TooLargeError(f"all answers together are larger than {MAX_ANSWERS} bytes; ask for less at once")
        except LightshipError as error:
            if isinstance(error, DamagedError):
                self._replica.store.suspect()
            return encode(FailedSearch(str(error), status_of(error)))
        room[0] -= len(answer)
        return answer


def read_searches(body: bytes) -> list[bytes]:
    """Return the searches in `body`, a JSON list of objects with parameters, as query strings.

    Raises InvalidInputError.
    """
    try:
        given = _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidInputError(
            f'not a list of searches: {error}; write [{{"q": "lamp", "size": 5}}], with strings, numbers, true, false, '
            "null, or lists of them"
        ) from error
    if len(given) > MAX_SEARCHES:
        raise InvalidInputError(
            f"{len(given)} searches; at most {MAX_SEARCHES} are allowed; send them in several requests"
        )
    return [_query_string(each) for each in given]


def _query_string(given: Parameters) -> bytes:
    """Return parameters as they stand in a url, where a list is a repeated parameter, or joined by commas."""
    pairs: list[tuple[str, str]] = []
    for name, value in given.items():
        values = [_text(each) for each in (value if isinstance(value, list) else [value]) if each is not None]
        pairs += [(name, ",".join(values))] if name == "facets" else [(name, each) for each in values]
    return urlencode(pairs, errors="replace").encode()


def _text(value: _Scalar) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _position(searches: list[bytes]) -> Reached | None:
    """Return the position that covers those of all `searches`; what is none is an error of its search."""
    positions: list[Reached] = []
    for each in searches:
        with contextlib.suppress(InvalidInputError):
            if position := read_position(each):
                positions.append(position)
    return reduce(Reached.joined, positions) if positions else None


async def _turn(scope: Scope) -> None:
    """Wait for the turn of the client's address, as if each search were a request of its own."""
    connections: Connections | None = scope.get("lightship.connections")
    if connections and scope.get("client"):
        turn = asyncio.Event()
        connections.begin(address_of(scope["client"][0]), turn.set)
        await turn.wait()
