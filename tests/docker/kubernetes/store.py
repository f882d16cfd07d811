"""The objects of a small cluster, in memory: created, changed, watched. One event loop alone uses it."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

import kubernetes_validate

from unit.deploy.test_kubernetes import VERSIONS

Object = dict[str, Any]


class Kind(NamedTuple):
    """A kind of object, as an API server tells of it."""

    version: str  # of its API, like apps/v1
    name: str
    plural: str
    namespaced: bool = True

    @property
    def path(self) -> str:
        """Where its API is."""
        return f"/apis/{self.version}" if "/" in self.version else f"/api/{self.version}"


KINDS = [
    Kind("v1", "Namespace", "namespaces", namespaced=False),
    *(Kind("v1", name, f"{name.lower()}s") for name in ("ConfigMap", "PersistentVolumeClaim", "Pod", "Secret", "Service")),
    Kind("apps/v1", "Deployment", "deployments"), Kind("apps/v1", "StatefulSet", "statefulsets"),
    Kind("autoscaling/v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers"),
    Kind("networking.k8s.io/v1", "Ingress", "ingresses"),
    Kind("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies"),
    Kind("policy/v1", "PodDisruptionBudget", "poddisruptionbudgets"),
]  # fmt: skip


class RefusedError(Exception):
    """What is asked for can't be; `code` is the HTTP status."""

    def __init__(self, code: int, reason: str, message: str) -> None:
        """Remember why."""
        super().__init__(message)
        self.code, self.reason = code, reason


class Store:
    """All objects; `changes` are what happened to them, in order."""

    def __init__(self) -> None:
        """Begin with nothing but the namespace that every cluster has."""
        self.changes = list[tuple[str, Object]]()
        self._objects = dict[tuple[str, str, str], Object]()
        self._changed = asyncio.Event()
        self.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}})

    def find(self, kind: str, namespace: str = "") -> list[Object]:
        """Return the objects of a kind, of one namespace or of all, in the order in which they came."""
        return [each for (of, within, _), each in self._objects.items() if of == kind and namespace in ("", within)]

    def get(self, kind: str, namespace: str, name: str) -> Object:
        """Return one. Raises RefusedError."""
        try:
            return self._objects[kind, namespace, name]
        except KeyError:
            raise RefusedError(404, "NotFound", f'{kind} "{name}" not found') from None

    def create(self, new: Object) -> Object:
        """Add an object. Raises RefusedError for one that is there, is in no namespace, or breaks a schema."""
        metadata, key = new["metadata"], _key(new)
        if key in self._objects:
            raise RefusedError(409, "AlreadyExists", f"{key} already exists")
        if namespace := metadata.get("namespace"):
            self.get("Namespace", "", namespace)
        _validate(new)
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        metadata |= {"uid": str(uuid.uuid4()), "creationTimestamp": now, "generation": 1}
        if new["kind"] in ("Deployment", "StatefulSet"):
            new["spec"].setdefault("replicas", 1)
        return self._put("ADDED", new)

    def patch(self, kind: str, namespace: str, name: str, patch: Object) -> Object:
        """Change an object by a strategic merge patch. Raises RefusedError."""
        old = self.get(kind, namespace, name)
        new = merge(old, patch)
        _validate({field: value for field, value in new.items() if field != "status"})
        new["metadata"]["generation"] += new.get("spec") != old.get("spec")
        return self._put("MODIFIED", new)

    def set_status(self, old: Object, status: Object) -> None:
        """Say how an object is; what is the same as before is no change."""
        if old.get("status") != status and _key(old) in self._objects:
            self._put("MODIFIED", {**self._objects[_key(old)], "status": status})

    def mark_deleted(self, old: Object) -> None:
        """Ask for an object to be ended by whoever runs it."""
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        self._put("MODIFIED", {**old, "metadata": {**old["metadata"], "deletionTimestamp": now}})

    def remove(self, old: Object) -> None:
        """Forget an object."""
        self._tell("DELETED", self._objects.pop(_key(old)))

    async def wait(self, seconds: float) -> None:
        """Return after the next change, or after these seconds."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._changed.wait(), seconds)

    def _put(self, event: str, new: Object) -> Object:
        new["metadata"] = {**new["metadata"], "resourceVersion": str(len(self.changes) + 1)}
        self._objects[_key(new)] = new
        self._tell(event, new)
        return new

    def _tell(self, event: str, what: Object) -> None:
        self.changes.append((event, copy.deepcopy(what)))
        self._changed.set()
        self._changed = asyncio.Event()


def _key(each: Object) -> tuple[str, str, str]:
    return each["kind"], each["metadata"].get("namespace", ""), each["metadata"]["name"]


def _validate(new: Object) -> None:
    for version in VERSIONS[-2:]:
        try:
            kubernetes_validate.validate(new, version, strict=True)
        except kubernetes_validate.ValidationError as error:
            raise RefusedError(422, "Invalid", f"{_key(new)} in Kubernetes {version}: {error}") from error


def merge(old: Any, patch: Any) -> Any:
    """Return `old` with a strategic merge patch: lists of what has names are merged by those, other lists replaced."""
    if isinstance(old, dict) and isinstance(patch, Mapping):
        kept = {key: value for key, value in old.items() if patch.get(key, "") is not None}
        new = {key: value for key, value in patch.items() if value is not None and not key.startswith("$")}
        return kept | {key: merge(kept.get(key), value) for key, value in new.items()}
    if isinstance(old, list) and patch and all(isinstance(each, dict) and "name" in each for each in [*old, *patch]):
        new = {each["name"]: each for each in patch}
        gone = {name for name, each in new.items() if each.get("$patch") == "delete"}
        both = {each["name"]: merge(each, new.get(each["name"], {})) for each in old} | {
            name: each for name, each in new.items() if name not in {each["name"] for each in old}
        }
        return [each for name, each in both.items() if name not in gone]
    return patch
