"""The administration routes: they choose which layout is served."""

from __future__ import annotations

import logging

import msgspec
from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from lightship.core.errors import LightshipError
from lightship.core.manifest import LayoutName
from lightship.http.auth import guarded
from lightship.http.tokens import Accepted, Guard
from lightship.rpc.messages import Served
from lightship.searchengine.search.replica import Replica
from lightship.searchengine.store.state import State

logger = logging.getLogger("searchengine")


class Admin:
    """The endpoints under /admin/v1 for `replica`, which require an admin secret in `accepted`."""

    def __init__(self, replica: Replica, accepted: Accepted) -> None:
        """Serve `replica`."""
        self._replica = replica
        self._guard = Guard(accepted.admin, replica.store.folder, trusted=accepted.trusted)

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/admin/v1/promote", guarded(self._guard, self._promote), methods=["POST"]),
            Route("/admin/v1/rollback", guarded(self._guard, self._roll_back), methods=["POST"]),
        ]

    async def _promote(self, request: Request) -> Response:
        layout = LayoutName.of(request.query_params.get("layout", ""))
        return self._answer(await run_sync(self._replica.store.promote, layout))

    async def _roll_back(self, request: Request) -> Response:
        return self._answer(await run_sync(self._replica.store.layouts.roll_back))

    def _answer(self, state: State) -> Response:
        try:
            self._replica.follow()
        except (LightshipError, OSError) as error:  # retried soon
            logger.warning("can't serve %s yet: %s", state.served, error)
        answer = Served(state.served, state.wanted, state.former)
        return Response(msgspec.json.encode(answer), media_type="application/json")
