"""The part of Kubernetes' API that `kubectl apply`, `get`, `rollout status` and `exec` ask for, over a store of objects."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable

from aiohttp import web

from docker.kubernetes.store import KINDS, Kind, Object, RefusedError, Store

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Execute = Callable[[Object, list[str]], AsyncIterator[tuple[int, bytes]]]
STDOUT, STDERR, OUTCOME = 1, 2, 3  # the first byte of what is sent of a command: v5.channel.k8s.io
VERSION = {"major": "1", "minor": "32", "gitVersion": "v1.32.0-lightship-test"}


def application(store: Store, execute: Execute) -> web.Application:
    """Return the API of a store; `execute` runs a command in a pod and yields what it prints, then its outcome."""
    app = web.Application(middlewares=[_refusals])
    app.add_routes([
        web.get("/version", _told(VERSION)),
        web.get("/api", _told({"kind": "APIVersions", "versions": ["v1"]})),
        web.get("/apis", _told({"kind": "APIGroupList", "apiVersion": "v1", "groups": _groups()})),
        web.get("/openapi/v3", _told({"paths": {path[1:]: {"serverRelativeURL": f"/openapi/v3{path}"} for path in _versions()}})),
    ])  # fmt: skip
    for path, kinds in _versions().items():
        app.router.add_get(path, _told(_resources(kinds)))
        app.router.add_get(f"/openapi/v3{path}", _told(_openapi(kinds)))
        for kind in kinds:
            requests = _Requests(store, kind)
            for scope in (path, f"{path}/namespaces/{{namespace}}") if kind.namespaced else (path,):
                app.router.add_get(f"{scope}/{kind.plural}", requests.find)
                app.router.add_post(f"{scope}/{kind.plural}", requests.create)
                app.router.add_get(f"{scope}/{kind.plural}/{{name}}", requests.get)
                app.router.add_patch(f"{scope}/{kind.plural}/{{name}}", requests.patch)
    app.router.add_get("/api/v1/namespaces/{namespace}/pods/{name}/exec", _executor(store, execute))
    return app


def _versions() -> dict[str, list[Kind]]:
    return {kind.path: [each for each in KINDS if each.version == kind.version] for kind in KINDS}


def _groups() -> list[Object]:
    return [
        {"name": version.partition("/")[0], "versions": [told], "preferredVersion": told}
        for version in dict.fromkeys(kind.version for kind in KINDS if "/" in kind.version)
        for told in [{"groupVersion": version, "version": version.partition("/")[2]}]
    ]


def _resources(kinds: list[Kind]) -> Object:
    verbs = ["get", "list", "watch", "create", "patch"]
    told = [
        {"name": kind.plural, "singularName": kind.name.lower(), "namespaced": kind.namespaced, "kind": kind.name, "verbs": verbs}
        for kind in kinds
    ]  # fmt: skip
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": kinds[0].version, "resources": told}


def _openapi(kinds: list[Kind]) -> Object:
    """Tell that fields are validated here, so that kubectl need not: this is all that it looks for."""
    parameters = [{"name": "fieldValidation", "in": "query", "schema": {"type": "string"}}]
    paths = dict[str, Object]()
    for kind in kinds:
        group, _, version = kind.version.rpartition("/")
        named = {"group": group, "version": version, "kind": kind.name}
        paths[f"{kind.path}/{kind.plural}/{{name}}"] = {
            "patch": {"parameters": parameters, "x-kubernetes-group-version-kind": named, "responses": {}}
        }
    return {"openapi": "3.0.0", "info": {"title": "Kubernetes", "version": "1"}, "paths": paths}


def _told(what: Object) -> Handler:
    async def tell(_: web.Request) -> web.Response:
        return web.json_response(what)

    return tell


@web.middleware
async def _refusals(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except RefusedError as error:
        code, reason, message = error.code, error.reason, str(error)
    except web.HTTPException as error:
        code, reason, message = error.status, error.reason, f"{request.method} {request.path}: {error.reason}"
    status = {
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "code": code,
        "reason": reason,
        "message": message,
    }
    return web.json_response(status, status=code)


class _Requests:
    """Requests for objects of one kind."""

    def __init__(self, store: Store, kind: Kind) -> None:
        self._store, self._kind = store, kind

    def _place(self, request: web.Request) -> tuple[str, str, str]:
        return self._kind.name, request.match_info.get("namespace", ""), request.match_info["name"]

    async def get(self, request: web.Request) -> web.StreamResponse:
        return web.json_response(self._store.get(*self._place(request)))

    async def create(self, request: web.Request) -> web.StreamResponse:
        new = await request.json()
        if new["metadata"].get("namespace", "") != request.match_info.get("namespace", ""):
            raise RefusedError(400, "BadRequest", f"{new['metadata']} is not of {request.path}")
        return web.json_response(self._store.create(new), status=201)

    async def patch(self, request: web.Request) -> web.StreamResponse:
        if request.content_type != "application/strategic-merge-patch+json":
            raise RefusedError(
                415, "UnsupportedMediaType", f"{request.content_type}: only kubectl's usual patch is known"
            )
        return web.json_response(self._store.patch(*self._place(request), await request.json()))

    async def find(self, request: web.Request) -> web.StreamResponse:
        selector = request.query.get("fieldSelector", "")
        if selector and not selector.startswith("metadata.name="):
            raise RefusedError(400, "BadRequest", f"{selector}: only metadata.name=… is known")
        name, namespace = selector.partition("=")[2], request.match_info.get("namespace", "")
        if "watch" in request.query:
            return await self._watch(request, namespace, name)
        items = [
            each for each in self._store.find(self._kind.name, namespace) if name in ("", each["metadata"]["name"])
        ]
        metadata = {"resourceVersion": str(len(self._store.changes))}
        return web.json_response(
            {"kind": f"{self._kind.name}List", "apiVersion": self._kind.version, "metadata": metadata, "items": items}
        )

    async def _watch(self, request: web.Request, namespace: str, name: str) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        seen = int(request.query.get("resourceVersion") or 0)
        while True:
            for event, each in self._store.changes[seen:]:
                metadata = each["metadata"]
                wanted = (namespace in ("", metadata.get("namespace")), name in ("", metadata["name"]))
                if each["kind"] == self._kind.name and all(wanted):
                    await response.write(json.dumps({"type": event, "object": each}).encode() + b"\n")
            seen = len(self._store.changes)
            await self._store.wait(5)


def _executor(store: Store, execute: Execute) -> Handler:
    async def answer(request: web.Request) -> web.StreamResponse:
        pod = store.get("Pod", request.match_info["namespace"], request.match_info["name"])
        socket = web.WebSocketResponse(protocols=["v5.channel.k8s.io"])
        await socket.prepare(request)
        async for channel, data in execute(pod, request.query.getall("command")):
            await socket.send_bytes(bytes([channel]) + data)
        await socket.close()
        return socket

    return answer
