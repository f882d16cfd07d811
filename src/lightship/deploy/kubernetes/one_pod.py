"""A deployment on one machine: its log is a file, so all processes, one per container, are in one Pod.

`podman kube play` accepts it too. Probes are commands, because for HTTP probes Podman needs curl in the image. Podman
also publishes every container port on the machine, so the ports are those of the deployment file.
"""

from __future__ import annotations

from lightship.config import ADMIN_TOKEN_VARIABLE, TOKEN_VARIABLE
from lightship.config.shared import INTAKE_BEYOND
from lightship.deploy.kubernetes.network import WORLD, everywhere, from_producers, policy, ports, producers, to
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
        service("searchengine", NAME, {"http": QUERIES}, to=topology.port),
        service("indexer", NAME, {"http": INTAKE}, to=_intake(topology)),
    ]


def one_pod_policies(topology: Topology) -> list[Object]:
    """Return the network policies of the Pod."""
    incoming = [{"ports": ports([topology.port])}, from_producers([_intake(topology)])]
    outgoing = [to([_intake(topology), topology.port], NAME)]
    return [*everywhere(), policy(NAME, incoming, [{"to": WORLD}]), producers(outgoing)]


def _intake(topology: Topology) -> int:
    """Return the port of the first indexer's intake; those of the others follow."""
    return topology.port + INTAKE_BEYOND


def _searchengine(topology: Topology) -> Object:
    port = topology.port
    return container(
        "searchengine", topology.image, searchengine_command(topology, DRAIN, port), topology.searchengine,
        env=environment([TOKEN_VARIABLE, ADMIN_TOKEN_VARIABLE], {}, {}), ports=[{"containerPort": port}],
        **_probes(port), readinessProbe=_probe(port, "/readyz", 5, 2), **mounts(),
    )  # fmt: skip


def _indexers(topology: Topology) -> list[Object]:
    return [_indexer(topology, *each, _intake(topology) + number) for number, each in enumerate(indexers(topology))]


def _indexer(topology: Topology, name: str, shard: int, port: int) -> Object:
    command = indexer_command(topology, log_url([]), name, shard, to=f"localhost:{topology.port}", listen=port)
    return container(
        name, topology.image, command, topology.indexer, env=environment([TOKEN_VARIABLE], {}, {}),
        ports=[{"containerPort": port}], **_probes(port), **mounts(),
    )  # fmt: skip


def _crawler(topology: Topology) -> Object:
    return container("crawler", topology.image, crawler_command(topology, log_url([])), topology.crawler, **mounts())


def _probes(port: int) -> Object:
    return {"startupProbe": _probe(port, "/livez", 2, 60), "livenessProbe": _probe(port, "/livez", 30, 3)}


def _probe(port: int, path: str, seconds: int, failures: int) -> Object:
    command = list(probe(f"http://localhost:{port}{path}"))
    return {"exec": {"command": command}, "periodSeconds": seconds, "timeoutSeconds": 5, "failureThreshold": failures}
