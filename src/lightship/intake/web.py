"""The intake's routes."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence

import msgspec
from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from lightship import __version__
from lightship.core.collections import COLLECTION, check_name
from lightship.core.declaration import declared
from lightship.core.errors import (
    InvalidInputError,
    LightshipError,
    OutOfSpaceError,
    OvertakenError,
    TooManyRequestsError,
    UnavailableError,
    status_of,
)
from lightship.core.model import Change, check_url
from lightship.core.position import Reached, log_digest
from lightship.doclog import DocumentLog, Position
from lightship.documents.site_languages import SiteLanguages
from lightship.http.auth import guarded
from lightship.http.methods import allow_header
from lightship.http.tokens import Guard, check_body
from lightship.intake.arrival import Arrival
from lightship.intake.backpressure import InFlightLimit, Reservation
from lightship.intake.body import decompress, parse_documents, receive
from lightship.intake.group_commit import GroupCommit
from lightship.intake.log_space import LogSpace
from lightship.intake.messages import IntakeStatus, InvalidLineError, Refusal, ShardStatus, Stored
from lightship.intake.openapi import openapi
from lightship.intake.stalls import Stalls
from lightship.runtime.space import waiting
from lightship.runtime.tasks import discard_exception, down_report

logger = logging.getLogger("intake")

RETRY_SECONDS = "1"
SMALL_BODY = 16 << 10  # bytes, uncompressed; parsing them is faster than handing them to a thread
READY_SECONDS = 1.0  # timeout of /readyz for the log
PARSERS = 2  # threads that parse large bodies: more would contend for the GIL, and the indexer needs it too

Shard = Callable[[], ShardStatus | None]
Metrics = Callable[[], tuple[bytes, str]]  # the metrics of a program, and their media type


def no_metrics() -> tuple[bytes, str]:
    """Return no metrics."""
    return b"", "text/plain"


def no_shard() -> None:
    """Return no shard."""


class Intake:
    """Accepts documents for `log` in requests that `guard` authorizes."""

    def __init__(
        self,
        log: DocumentLog,
        guard: Guard,
        metrics: Metrics = no_metrics,
        shard: Shard = no_shard,
        declaration: str = "",
    ) -> None:
        """Write to `log` what fits `declaration`; serve `metrics` at /metrics, `shard` at /status."""
        self._metrics, self._shard, self._fields = metrics, shard, declared(declaration)
        self._log, self._guard, self._in_flight = log, guard, InFlightLimit()
        self._commit = GroupCommit(log)
        self._limiter, self._stalls = CapacityLimiter(PARSERS), Stalls()
        self._looker = CapacityLimiter(1)
        self._languages = SiteLanguages()
        self._space = LogSpace(log)
        self._looking: asyncio.Task[None] | None = None  # the log check of /readyz
        self._digest = ""  # of the log's id; empty after an error, when another log may answer next
        self._started = time.monotonic()
        self._stored = self._refused = 0

    def app(self) -> Starlette:
        """Return the web application."""
        app = Starlette(
            routes=[
                Route("/documents", guarded(self._guard, self._post), methods=["POST"]),
                Route("/documents", guarded(self._guard, self._delete), methods=["DELETE"]),
                Route("/livez", _live),
                Route("/readyz", self._ready),
                Route("/status", self._status),
                Route("/metrics", self._render_metrics),
                Route("/openapi.json", _described),
            ],
            lifespan=lambda _: self._stalls.watching(),
            exception_handlers={LightshipError: self._on_error, 404: _on_status, 405: _on_status, Exception: _on_bug},
        )
        app.router.redirect_slashes = False  # a redirect would name the host that the request claims
        return app

    def close(self) -> None:
        """Stop after the log has everything that waits."""
        self._commit.close()

    async def _post(self, request: Request) -> Response:
        _check_parameters(request, {"digest", "collection"})
        collection = self._collection(request)
        with self._in_flight.entered() as reservation:
            arrival = self._arrived(request)
            body = await receive(request.stream(), reservation)
            async with arrival.answering():
                check_body(request.query_params.get("digest"), body)
                changes = await self._puts(body, request.headers.get("content-encoding", ""), collection, reservation)
                return await self._store(changes, arrival, reservation)

    def _collection(self, request: Request) -> str:
        """Return the collection that all documents of a request are put in; an empty string without one."""
        name = request.query_params.get("collection", "")
        if name and COLLECTION not in self._fields:
            raise InvalidInputError("no collections are declared; start the indexers with -fields=collection:keyword")
        return check_name(name) if name else ""

    async def _puts(self, body: bytes, encoding: str, collection: str, reservation: Reservation) -> list[Change]:
        def read() -> list[Change]:
            documents = parse_documents(decompress(body, encoding, reservation), self._fields, collection)
            return self._languages.completed([Change.put(document) for document in documents])

        if len(body) <= SMALL_BODY and not encoding:
            return read()
        return await run_sync(read, limiter=self._limiter)

    async def _delete(self, request: Request) -> Response:
        _check_parameters(request, {"url"})
        urls = request.query_params.getlist("url")
        if not urls:
            raise InvalidInputError("parameter url is missing; call DELETE /documents?url=https://example.org/page")
        with self._in_flight.entered() as reservation:
            reservation.take(sum(map(len, urls)))
            arrival = self._arrived(request)
            async with arrival.answering():
                return await self._store([Change.delete(check_url(url)) for url in urls], arrival, reservation)

    def _arrived(self, request: Request) -> Arrival:
        arrival = Arrival(request, self._log)
        self._stalls.check()  # after the fence: this process may have been suspended before it
        return arrival

    async def _store(self, changes: Sequence[Change], arrival: Arrival, reservation: Reservation) -> Response:
        """Answer once the log has `changes`."""
        stored: dict[str, Position] = {}
        left = changes
        while left:
            waiting = self._commit.put(left, arrival.fence)
            reservation.hold_until_done(waiting)
            try:
                put = await asyncio.shield(asyncio.wrap_future(waiting))
            except OutOfSpaceError as error:
                self._space.note_full(error)
                raise
            self._space.note_stored()
            stored |= put
            left = [change for change in left if change.url not in stored]
            if left:
                await arrival.renew([change.url for change in left])
        self._stored += len(changes)
        return _json(Stored(len(changes), str(await self._reached(sorted(stored.values())))))

    async def _reached(self, positions: Sequence[Position]) -> Reached:
        """Return the highest of the ascending `positions` in each partition."""
        if not self._digest:
            span = await run_sync(self._log.span, 0, abandon_on_cancel=True)
            self._digest = log_digest(span.log_id)
        return Reached(self._digest, dict(positions))

    async def _ready(self, _: Request) -> Response:
        """Answer whether the log is available and has room; concurrent requests share one check."""
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(run_sync(self._look, limiter=self._looker))
            self._looking.add_done_callback(discard_exception)
        try:
            async with asyncio.timeout(READY_SECONDS):
                await asyncio.shield(self._looking)  # raises UnavailableError
        except TimeoutError:
            raise UnavailableError(f"the document log did not answer within {READY_SECONDS:g} s") from None
        waits = f"indexing {found}\n" if (found := waiting()) else ""  # documents are accepted meanwhile
        return Response(f"ready\n{waits}{down_report()}", media_type="text/plain")

    def _look(self) -> None:
        try:
            self._log.span(0)
        except OutOfSpaceError as error:
            raise UnavailableError(str(error)) from error
        self._space.check()

    async def _status(self, _: Request) -> Response:
        return _json(
            IntakeStatus(
                version=__version__,
                stored=self._stored,
                refused=self._refused,
                no_room=self._space.missing,
                waiting_requests=self._in_flight.requests,
                waiting_bytes=self._in_flight.bytes,
                uptime_seconds=round(time.monotonic() - self._started, 1),
                shard=await run_sync(self._shard),
            )
        )

    async def _render_metrics(self, _: Request) -> Response:
        text, kind = self._metrics()
        return Response(text, media_type=kind)

    async def _on_error(self, _: Request, error: Exception) -> Response:
        if not isinstance(error, LightshipError):
            raise error
        self._refused += 1
        if isinstance(error, UnavailableError) and not isinstance(error, OvertakenError):
            self._digest = ""
        line = error.line if isinstance(error, InvalidLineError) else None
        again = isinstance(error, UnavailableError | TooManyRequestsError)
        return _json(Refusal(str(error), line), status_of(error), {"Retry-After": RETRY_SECONDS} if again else {})


def _check_parameters(request: Request, known: set[str]) -> None:
    unknown = sorted(request.query_params.keys() - known)
    if unknown:
        raise InvalidInputError(f"unknown parameter {unknown[0][:40]!r}")


async def _live(_: Request) -> Response:  # not a plain function: Starlette would run that in a thread
    return Response("alive\n", media_type="text/plain")


async def _described(_: Request) -> Response:
    return Response(msgspec.json.encode(openapi()), media_type="application/json")


async def _on_status(request: Request, error: Exception) -> Response:
    status = getattr(error, "status_code", 404)
    said = "no such address; use POST /documents, or DELETE /documents?url=…; /openapi.json describes the API"
    return _json(Refusal(said), status, allow_header(request))


async def _on_bug(_: Request, error: Exception) -> Response:
    logger.error("a request failed: %r", error)
    return _json(Refusal("internal error; see the log of this indexer"), 500)


def _json(message: msgspec.Struct, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(msgspec.json.encode(message), status, headers, "application/json")
