"""What Kubernetes' controllers do for a StatefulSet, a Deployment of one pod and an autoscaler: they write pods, and statuses."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime

from docker.kubernetes.store import Object, Store

ORDINAL, REVISION = "apps.kubernetes.io/pod-index", "controller-revision-hash"
RESYNC = 0.5  # seconds, after which `minReadySeconds` may have passed without any change


async def control(store: Store) -> None:
    """Bring the pods to what is asked for, after each change."""
    while True:
        for scaler in store.find("HorizontalPodAutoscaler"):
            _scale(store, scaler)
        for workload in (*store.find("StatefulSet"), *store.find("Deployment")):
            _reconcile(store, workload)
        await store.wait(RESYNC)


def _scale(store: Store, scaler: Object) -> None:
    """Have at least as many as the autoscaler says; no processor is measured here."""
    spec, namespace = scaler["spec"], scaler["metadata"]["namespace"]
    kind, name = spec["scaleTargetRef"]["kind"], spec["scaleTargetRef"]["name"]
    for each in store.find(kind, namespace):
        if each["metadata"]["name"] == name and each["spec"]["replicas"] < spec["minReplicas"]:
            store.patch(kind, namespace, name, {"spec": {"replicas": spec["minReplicas"]}})


def _reconcile(store: Store, workload: Object) -> None:
    """Have all pods at once (podManagementPolicy Parallel), then the new revision from the last ordinal down."""
    spec, revision = workload["spec"], _revision(workload)
    pods = {each["metadata"]["name"]: each for each in _pods(store, workload)}
    names = [_name(workload, ordinal, revision) for ordinal in range(spec["replicas"])]
    for ordinal, name in enumerate(names):
        if name not in pods and (workload["kind"] == "StatefulSet" or not pods):  # strategy Recreate
            pods[name] = store.create(_pod(workload, name, ordinal, revision))
    for name in pods.keys() - set(names):
        _delete(store, pods[name])
    for name in reversed(names):
        if name in pods and pods[name]["metadata"]["labels"][REVISION] != revision:
            _delete(store, pods[name])
            break
        if name in pods and not _is_available(pods[name], spec.get("minReadySeconds", 0)):
            break
    _tell(store, workload, revision)


def _tell(store: Store, workload: Object, revision: str) -> None:
    pods, spec = _pods(store, workload), workload["spec"]
    updated = [each for each in pods if each["metadata"]["labels"][REVISION] == revision]
    ready = sum(is_ready(each) for each in pods)
    available = sum(_is_available(each, spec.get("minReadySeconds", 0)) for each in pods)
    whole = len(updated) == len(pods) == available == spec["replicas"]
    current = revision if whole else workload.get("status", {}).get("currentRevision", revision)
    count = len(updated) if current == revision else len(pods) - len(updated)
    status = {
        "observedGeneration": workload["metadata"]["generation"], "replicas": len(pods), "readyReplicas": ready,
        "availableReplicas": available, "updatedReplicas": len(updated), "updateRevision": revision,
        "currentReplicas": count, "currentRevision": current,
    }  # fmt: skip
    store.set_status(workload, status)


def _pods(store: Store, workload: Object) -> list[Object]:
    uid = workload["metadata"]["uid"]
    return [
        each
        for each in store.find("Pod", workload["metadata"]["namespace"])
        if each["metadata"]["ownerReferences"][0]["uid"] == uid
    ]


def _revision(workload: Object) -> str:
    return hashlib.sha256(json.dumps(workload["spec"]["template"], sort_keys=True).encode()).hexdigest()[:10]


def _name(workload: Object, ordinal: int, revision: str) -> str:
    return f"{workload['metadata']['name']}-{ordinal if workload['kind'] == 'StatefulSet' else revision}"


def _pod(workload: Object, name: str, ordinal: int, revision: str) -> Object:
    """Return a pod as its template says, with its claims by their names."""
    spec, metadata = workload["spec"], workload["metadata"]
    claims = [
        {"name": of, "persistentVolumeClaim": {"claimName": f"{of}-{name}"}}
        for of in (each["metadata"]["name"] for each in spec.get("volumeClaimTemplates", []))
    ]
    template = spec["template"]
    owner = {
        "apiVersion": workload["apiVersion"],
        "kind": workload["kind"],
        "name": metadata["name"],
        "uid": metadata["uid"],
    }
    ordinals = {ORDINAL: str(ordinal)} if workload["kind"] == "StatefulSet" else {}
    return {
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": name, "namespace": metadata["namespace"], "ownerReferences": [{**owner, "controller": True}],
            "labels": {**template["metadata"]["labels"], **ordinals, REVISION: revision},
        },
        "spec": {
            **template["spec"], "volumes": [*template["spec"]["volumes"], *claims], "hostname": name,
            **({"subdomain": spec["serviceName"]} if "serviceName" in spec else {}),
        },
    }  # fmt: skip


def _delete(store: Store, pod: Object) -> None:
    if "deletionTimestamp" not in pod["metadata"]:
        store.mark_deleted(pod)


def is_ready(pod: Object) -> bool:
    """Tell whether a pod is ready, and not told to stop."""
    return _ready_seconds(pod) is not None and "deletionTimestamp" not in pod["metadata"]


def _is_available(pod: Object, seconds: float) -> bool:
    return is_ready(pod) and (_ready_seconds(pod) or 0) >= seconds


def _ready_seconds(pod: Object) -> float | None:
    for condition in pod.get("status", {}).get("conditions", []):
        if condition["status"] == "True":
            return (datetime.now(UTC) - datetime.fromisoformat(condition["lastTransitionTime"])).total_seconds()
    return None
