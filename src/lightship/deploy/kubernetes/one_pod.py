"""A deployment on one machine: its log is a file, so all processes, one a container, are in one Pod.

`podman kube play` takes it too. Probes are commands: Podman would ask with curl, which the image does not have.
"""

from __future__ import annotations

from lightship.config import ADMIN_TOKEN_VARIABLE, TOKEN_VARIABLE
from lightship.deploy.kubernetes.network import WORLD, everywhere, inside, policy, ports
from lightship.deploy.kubernetes.objects import (
    Object,
    container,
    data,
    environment,
    mounts,
    service,
    single,
    template,
    tmp,
)
from lightship.deploy.parts import (
    DRAIN,
    INTAKE,
    QUERIES,
    crawler_command,
    indexer_command,
    indexers,
    log_url,
    probe,
    searchengine_command,
)
from lightship.deploy.topology import Topology

NAME = "lightship"


def one_pod(topology: Topology) -> list[Object]:
    """Return the Pod, as a Deployment, with its volume and its Services."""
    containers = [_searchengine(topology), *_indexers(topology), *([_crawler(topology)] if topology.sources else [])]
    disk = sum(part.disk for part in (topology.searchengine, topology.indexer, topology.crawler))
    pods = template(NAME, NAME, containers, 30, volumes=[data(NAME), tmp()])
    return [
        *single(NAME, NAME, pods, disk),
        service("searchengine", NAME, {"http": QUERIES}),
        service("indexer", NAME, {"http": INTAKE}),
    ]


def one_pod_policies() -> list[Object]:
    """Return who may talk to the Pod, and whom it may call."""
    return [*everywhere(), policy(NAME, [{"ports": ports([QUERIES])}, inside([INTAKE])], [{"to": WORLD}])]


def _searchengine(topology: Topology) -> Object:
    return container(
        "searchengine", topology.image, searchengine_command(DRAIN), topology.searchengine,
        env=environment([TOKEN_VARIABLE, ADMIN_TOKEN_VARIABLE], {}, {}),
        ports=[{"name": "http", "containerPort": QUERIES}],
        **_probes(QUERIES), readinessProbe=_probe(QUERIES, "/readyz", 5, 2), **mounts(),
    )  # fmt: skip


def _indexers(topology: Topology) -> list[Object]:
    log = log_url([])
    return [
        container(
            name, topology.image,
            indexer_command(topology, log, name, shard, to="localhost", port=INTAKE + number), topology.indexer,
            env=environment([TOKEN_VARIABLE], {}, {}), ports=[{"containerPort": INTAKE + number}],
            **_probes(INTAKE + number), **mounts(),
        )
        for number, (name, shard) in enumerate(indexers(topology))
    ]  # fmt: skip


def _crawler(topology: Topology) -> Object:
    return container("crawler", topology.image, crawler_command(topology, log_url([])), topology.crawler, **mounts())


def _probes(port: int) -> Object:
    return {"startupProbe": _probe(port, "/livez", 2, 60), "livenessProbe": _probe(port, "/livez", 30, 3)}


def _probe(port: int, path: str, seconds: int, failures: int) -> Object:
    command = list(probe(f"http://localhost:{port}{path}"))
    return {"exec": {"command": command}, "periodSeconds": seconds, "timeoutSeconds": 5, "failureThreshold": failures}
