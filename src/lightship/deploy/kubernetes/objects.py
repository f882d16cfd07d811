"""Helpers shared by the objects of all parts: labels, limits, security contexts, probes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lightship.deploy.parts import DATA, USER
from lightship.deploy.topology import Resources, Topology

Object = dict[str, Any]

SECRET = "lightship"  # noqa: S105 (a name)
NAME_LABEL, PART_LABEL = "app.kubernetes.io/name", "app.kubernetes.io/component"
POD_INDEX = "metadata.labels['apps.kubernetes.io/pod-index']"  # a StatefulSet's ordinal; Kubernetes 1.28


def labelled(name: str, component: str) -> Object:
    """Return the metadata of an object."""
    labels = {"app.kubernetes.io/part-of": "lightship", **({PART_LABEL: component} if component else {})}
    return {"name": name, "labels": labels}


def selector(component: str) -> Object:
    """Return the label selector of a component's pods."""
    return {"matchLabels": {PART_LABEL: component}}


def environment(secrets: Iterable[str], fields: Mapping[str, str], variables: Mapping[str, str]) -> list[Object]:
    """Return environment variables: from the Secret, from fields of the pod, and plain ones."""
    return [
        *({"name": name, "valueFrom": {"secretKeyRef": {"name": SECRET, "key": name}}} for name in secrets),
        *({"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}} for name, path in fields.items()),
        *({"name": name, "value": value} for name, value in variables.items()),
    ]


def container(name: str, image: str, command: Sequence[str], resources: Resources, **more: Any) -> Object:
    """Return a container that passes the restricted Pod Security Standard; `more` are its other fields."""
    return {
        "name": name,
        "image": image,
        **({"command": command[:1]} if command[0].startswith("/") else {}),
        "args": command[1:] if command[0].startswith("/") else command,
        **more,
        "resources": limits(resources),
        "securityContext": {
            "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]},
        },
    }  # fmt: skip


def limits(resources: Resources) -> Object:
    """Return requests and limits, which are equal: nothing is overcommitted."""
    amounts = {"cpu": processors(resources.cpu), "memory": size(resources.memory)}
    return {"requests": amounts, "limits": amounts}


def processors(number: float) -> str:
    """Return a number of processors in Kubernetes' notation."""
    return str(int(number)) if number == int(number) else f"{round(number * 1000)}m"


def size(number: int) -> str:
    """Return a number of bytes in Kubernetes' notation."""
    for unit, shift in (("Ti", 40), ("Gi", 30), ("Mi", 20), ("Ki", 10)):
        if number % (1 << shift) == 0:
            return f"{number >> shift}{unit}"
    return str(number)


def template(name: str, component: str, containers: Sequence[Object], grace: int, **more: Any) -> Object:
    """Return the template of an unprivileged pod without an API token; `more` are other fields of its spec."""
    return {
        "metadata": {"labels": {**labelled(name, component)["labels"], NAME_LABEL: name}},
        "spec": {
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,  # they would define unknown LIGHTSHIP_ variables
            "terminationGracePeriodSeconds": grace,
            "securityContext": {
                "runAsNonRoot": True, "runAsUser": USER, "runAsGroup": USER, "fsGroup": USER,
                "fsGroupChangePolicy": "OnRootMismatch", "seccompProfile": {"type": "RuntimeDefault"},
            },
            **more,
            "containers": list(containers),
        },
    }  # fmt: skip


def apart(topology: Topology, component: str, *, always: bool = False) -> Object:
    """Return the rules that spread a component's pods over machines and zones.

    `always`: in production, never two on one machine.
    """
    term = {"labelSelector": selector(component), "topologyKey": "kubernetes.io/hostname"}
    if always and topology.environment == "production":
        affinity: Object = {"requiredDuringSchedulingIgnoredDuringExecution": [term]}
    else:
        affinity = {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 100, "podAffinityTerm": term}]}
    spread = {
        "maxSkew": 1, "topologyKey": "topology.kubernetes.io/zone", "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": selector(component),
    }  # fmt: skip
    return {"affinity": {"podAntiAffinity": affinity}, "topologySpreadConstraints": [spread]}


def get_probes(port: int, start: str, live: str, ready: str) -> Object:
    """Return the three probes: two minutes to start, a minute to detect a hang, seconds to detect unreadiness."""

    def probe(path: str, seconds: int, failures: int) -> Object:
        get = {"path": path, "port": port}
        return {"httpGet": get, "periodSeconds": seconds, "timeoutSeconds": 5, "failureThreshold": failures}

    return {
        "startupProbe": probe(start, 2, 60), "livenessProbe": probe(live, 10, 6), "readinessProbe": probe(ready, 2, 2),
    }  # fmt: skip


def mounts() -> Object:
    """Return the mounts of every Lightship container."""
    return {"volumeMounts": [{"name": "data", "mountPath": DATA}, {"name": "tmp", "mountPath": "/tmp"}]}  # noqa: S108


def tmp() -> Object:
    """Return the volume for temporary files."""
    return {"name": "tmp", "emptyDir": {"sizeLimit": "64Mi"}}


def claim(disk: int) -> Object:
    """Return the spec of a volume claim for `disk` bytes."""
    return {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size(disk)}}}


def service(name: str, component: str, ports: Mapping[str, int], *, to: int = 0, **more: Any) -> Object:
    """Return a Service for the pods' ports of the same numbers, or port `to`; `more` are other fields of its spec."""
    return {
        "apiVersion": "v1", "kind": "Service", "metadata": labelled(name, component),
        "spec": {
            **more, "selector": {PART_LABEL: component},
            "ports": [{"name": name, "port": port, "targetPort": to or port} for name, port in ports.items()],
        },
    }  # fmt: skip


def stateful_set(name: str, component: str, pods: Object, disk: int, **more: Any) -> Object:
    """Return a StatefulSet whose pods each have a volume of `disk` bytes; `more` are other fields of its spec."""
    return {
        "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": labelled(name, component),
        "spec": {
            **more, "selector": {"matchLabels": {NAME_LABEL: name}}, "podManagementPolicy": "Parallel",
            "updateStrategy": {"type": "RollingUpdate"}, "template": pods,
            "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": claim(disk)}],
        },
    }  # fmt: skip


def data(name: str) -> Object:
    """Return the volume of a single pod, from the claim `name`."""
    return {"name": "data", "persistentVolumeClaim": {"claimName": name}}


def single(name: str, component: str, pods: Object, disk: int) -> list[Object]:
    """Return a Deployment of one pod, never two on its volume, and the claim of that volume: `disk` bytes."""
    return [
        {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": labelled(name, component), "spec": claim(disk)},
        {
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": labelled(name, component),
            "spec": {
                "replicas": 1, "strategy": {"type": "Recreate"}, "selector": {"matchLabels": {NAME_LABEL: name}},
                "template": pods,
            },
        },
    ]  # fmt: skip


def disruption_budget(name: str, component: str) -> Object:
    """Return a disruption budget: nodes are drained one pod at a time."""
    return {
        "apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": labelled(name, component),
        "spec": {"maxUnavailable": 1, "selector": selector(component), "unhealthyPodEvictionPolicy": "AlwaysAllow"},
    }  # fmt: skip
