"""The web application: search as HTML, JSON and text, health, status, and the RPC, on one port."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route

from lightship.config import SearchengineSettings
from lightship.core.errors import LightshipError
from lightship.http.tokens import Accepted
from lightship.runtime.limits import limits
from lightship.searchengine.access.gate import READING, Access, key_of
from lightship.searchengine.integrations.openwebui import OpenWebUI
from lightship.searchengine.mcp.endpoint import Mcp
from lightship.searchengine.routes.about import about_routes
from lightship.searchengine.routes.admin import Admin
from lightship.searchengine.routes.batch import Batch
from lightship.searchengine.routes.documents import document_routes
from lightship.searchengine.routes.errors import on_bug, on_error, on_status
from lightship.searchengine.routes.files import file_routes
from lightship.searchengine.routes.health import health_routes
from lightship.searchengine.routes.rpc import Rpc
from lightship.searchengine.routes.searches import SEARCHES, Direct, results_of, waiting
from lightship.searchengine.search.admission import QueryExecutor
from lightship.searchengine.search.replica import Replica
from lightship.searchengine.search.seen import Seen, seen_with
from lightship.searchengine.watch.endpoint import routes as watch_routes
from lightship.searchengine.watch.watches import Watches
from lightship.searchengine.web.metrics import Counted, Metrics

READABLE = READING | {"/openapi.json"}  # by pages of -origins

_DEFAULTS = SearchengineSettings()


def make_app(
    replica: Replica, accepted: Accepted, settings: SearchengineSettings = _DEFAULTS, worker: int = 0
) -> Starlette:
    """Return the application that serves `replica`; `accepted` has the secrets for pushing and administration.

    A search with a `min_position` waits until it is reached. This process is worker number `worker`.
    """
    executor = QueryExecutor(settings.deadline, settings.queue, -(-limits().threads // max(1, settings.workers)))
    metrics = Metrics(replica, executor, worker, settings.workers)
    wait_for = waiting(replica, executor, settings.position_wait)

    def seen_by(request: Request) -> Seen:
        return seen_with(key_of(request.scope), replica)

    results = results_of(replica, seen_by, executor, wait_for, settings)
    watches = Watches(replica, settings.watchers, is_draining=lambda: getattr(app.state, "draining", False))
    app = Starlette(
        routes=[
            *(Route(path, results) for path in SEARCHES),
            Route("/search", Batch(replica, seen_by, executor, wait_for).answer, methods=["POST"]),
            *document_routes(replica, seen_by, executor, settings.public),
            *health_routes(replica, metrics),
            *file_routes(),
            *about_routes(replica, seen_by, executor, settings),
            *OpenWebUI(replica, seen_by, executor).routes(),
            *watch_routes(watches, key_of, settings.position_wait),
            *Mcp(replica, seen_by, executor).routes(),
            *Rpc(replica, accepted, metrics).routes(),
            *Admin(replica, accepted).routes(),
        ],
        exception_handlers={LightshipError: on_error, 404: on_status, 405: on_status, Exception: on_bug},
    )
    app.router.redirect_slashes = False  # a redirect would name the host that the request claims
    app.add_middleware(Direct, results=results)
    app.add_middleware(Access, accepted=accepted, settings=settings, folder=replica.store.folder, on_error=on_error)
    app.add_middleware(Counted, metrics=metrics)
    app.state.metrics, app.state.replica, app.state.watches = metrics, replica, watches
    return app
