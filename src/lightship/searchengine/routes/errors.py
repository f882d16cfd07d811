"""Answers errors, in the form that the request prefers."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from lightship.core.errors import (
    DamagedError,
    LightshipError,
    RetiredError,
    SupersededError,
    TooManyRequestsError,
    UnauthorizedError,
    UnavailableError,
    status_of,
)
from lightship.http.answers import caching
from lightship.http.methods import allow_header
from lightship.http.problem import Problem
from lightship.http.requests import header
from lightship.searchengine.routes.respond import TYPES, encode
from lightship.searchengine.search.request import Format, accepted_format
from lightship.searchengine.web.html import SECURITY_HEADERS, render_error

RETRY_SECONDS = "1"
BY_A_PERSON = 'Basic realm="search: the key is the password", charset="UTF-8"'  # a browser asks for it


async def on_error(request: Request, error: Exception) -> Response:
    """Return the answer that tells a LightshipError; any other is raised."""
    if isinstance(error, DamagedError):
        request.app.state.replica.store.suspect()
    if not isinstance(error, LightshipError):
        raise error
    epoch, generation = (error.installed or (None, None)) if isinstance(error, SupersededError) else (None, None)
    headers = {"Retry-After": RETRY_SECONDS} if isinstance(error, UnavailableError) else {}
    if isinstance(error, TooManyRequestsError):
        headers = {"Retry-After": str(error.seconds)}
    if isinstance(error, UnauthorizedError):
        headers = {"WWW-Authenticate": "Bearer"}
    problem = Problem(str(error), epoch, generation, retired=isinstance(error, RetiredError))
    return _problem(request, status_of(error), problem, headers)


async def on_status(request: Request, error: Exception) -> Response:
    """Return the answer to a request for no page, or with a method that the page does not have."""
    status = getattr(error, "status_code", 404)
    message = "page not found; the search page is /" if status == 404 else "method not allowed"
    return _problem(request, status, Problem(message), allow_header(request))


async def on_bug(request: Request, _: Exception) -> Response:
    """Return the answer to what met an error of this program."""
    return _problem(request, 500, Problem("internal error; see the log of this searchengine"), {})


def _problem(request: Request, status: int, problem: Problem, headers: dict[str, str]) -> Response:
    """Return an error in the format that the request prefers; always JSON for what only programs call."""
    form: Format = accepted_format(header(request.scope, b"accept"))
    if (
        request.scope["path"].startswith(("/rpc/", "/admin/", "/lookup", "/suggest", "/mcp"))
        or request.method == "POST"
        or b"format=json" in request.scope["query_string"][:1000]
    ):
        form = "json"
    bodies: dict[Format, Callable[[], str | bytes]] = {
        "html": lambda: render_error(status, problem.error),
        "json": lambda: encode(problem),
        "text": lambda: f"error: {problem.error}\n",
    }
    form = form if form in bodies else "text"
    if status == HTTPStatus.UNAUTHORIZED and form == "html":
        headers = {"WWW-Authenticate": BY_A_PERSON}
    headers = {**SECURITY_HEADERS, "Cache-Control": caching.NOT_KEPT, **headers}
    return Response(bodies[form](), status, headers, TYPES[form])
