"""The workloads of a deployment on several machines: each part is a StatefulSet, each pod one process."""

from __future__ import annotations

from lightship.config import ADMIN_TOKEN_VARIABLE, LOG_PASSWORD_VARIABLE, TOKEN_VARIABLE
from lightship.deploy.kubernetes.objects import (
    POD_INDEX,
    Object,
    apart,
    container,
    data,
    disruption_budget,
    environment,
    get_probes,
    labelled,
    mounts,
    service,
    single,
    stateful_set,
    template,
    tmp,
)
from lightship.deploy.parts import (
    INTAKE,
    MONITOR,
    NATS,
    QUERIES,
    ROUTES,
    crawler_command,
    go_memory,
    indexer_command,
    log_url,
    routes,
    searchengine_command,
)
from lightship.deploy.secrets import route_variables
from lightship.deploy.topology import Topology

DRAIN = 10  # seconds after SIGTERM, for every node of the cluster to notice that a searchengine is not ready
PUSHES = "searchengine-replicas"  # the DNS name of all searchengines, ready or not
BUSY_PERCENT = 70  # of their CPU; above that more searchengines are started


def searchengines(topology: Topology) -> list[Object]:
    """Return searchengines, with a Service for queries and one for pushes."""
    name, scaled = "searchengine", topology.most_replicas > topology.replicas
    run = container(
        name, topology.image, searchengine_command(topology, DRAIN), topology.searchengine,
        env=environment([TOKEN_VARIABLE, ADMIN_TOKEN_VARIABLE], {}, {}),
        ports=[{"name": "http", "containerPort": QUERIES}], **get_probes(QUERIES, "/livez", "/livez", "/readyz"), **mounts(),
    )  # fmt: skip
    pods = template(name, name, [run], DRAIN + 15, **apart(topology, name), volumes=[tmp()])
    count = (
        {} if scaled else {"replicas": topology.replicas}
    )  # otherwise applying it would reset the autoscaler's number
    return [
        service(name, name, {"http": QUERIES}),
        service(PUSHES, name, {"http": QUERIES}, clusterIP="None", publishNotReadyAddresses=True),
        stateful_set(name, name, pods, topology.searchengine.disk, serviceName=PUSHES, minReadySeconds=5, **count),
        disruption_budget(name, name),
        *([_autoscaler(topology, name)] if scaled else []),
    ]


def _autoscaler(topology: Topology, name: str) -> Object:
    target = {"type": "Utilization", "averageUtilization": BUSY_PERCENT}
    return {
        "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": labelled(name, name),
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": name},
            "minReplicas": topology.replicas, "maxReplicas": topology.most_replicas,
            "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}],
        },
    }  # fmt: skip


def indexers(topology: Topology) -> list[Object]:
    """Return the indexers: a pod's ordinal is its shard; standbys are StatefulSets of their own."""
    name = "indexer"
    names = [name, *(f"standby-{number}" for number in range(topology.standbys))]
    return [
        service(name, name, {"http": INTAKE}, clusterIP="None"),
        *(_indexer(topology, each) for each in names),
        disruption_budget(name, name),
    ]


def _indexer(topology: Topology, name: str) -> Object:
    command = indexer_command(topology, cluster_log(topology), "indexer", "$(SHARD)", to=f"{PUSHES}:{QUERIES}")
    run = container(
        "indexer", topology.image, command, topology.indexer,
        env=environment([TOKEN_VARIABLE, LOG_PASSWORD_VARIABLE], {"SHARD": POD_INDEX}, {}),
        ports=[{"name": "http", "containerPort": INTAKE}], **get_probes(INTAKE, "/livez", "/livez", "/readyz"), **mounts(),
    )  # fmt: skip
    pods = template(name, "indexer", [run], 30, **apart(topology, "indexer"), volumes=[tmp()])
    return stateful_set(name, "indexer", pods, topology.indexer.disk, serviceName="indexer", replicas=topology.shards)


def crawler(topology: Topology) -> list[Object]:
    """Return the crawler: one pod, never two on one frontier."""
    name = "crawler"
    run = container(
        name, topology.image, crawler_command(topology, cluster_log(topology)), topology.crawler,
        env=environment([LOG_PASSWORD_VARIABLE], {}, {}), **mounts(),
    )  # fmt: skip
    pods = template(name, name, [run], 30, volumes=[data(name), tmp()])
    return single(name, name, pods, topology.crawler.disk)


def nats(topology: Topology) -> list[Object]:
    """Return the servers of the document log."""
    name, ports = "nats", {"client": NATS, "cluster": ROUTES, "monitor": MONITOR}
    known = routes(nats_hosts(topology))
    variables = {
        "GOMEMLIMIT": go_memory(topology.nats),
        **(route_variables(known, f"$({LOG_PASSWORD_VARIABLE})") if known else {}),
    }
    config = {"name": "config", "mountPath": "/etc/nats.conf", "subPath": "nats.conf", "readOnly": True}
    run = container(
        name, topology.nats.image, ("--config=/etc/nats.conf", "--name=$(POD_NAME)"), topology.nats,
        env=environment([LOG_PASSWORD_VARIABLE], {"POD_NAME": "metadata.name"}, variables),
        ports=[{"name": each, "containerPort": port} for each, port in ports.items()],
        **get_probes(MONITOR, "/healthz?js-enabled-only=true", "/healthz?js-enabled-only=true", "/healthz?js-server-only=true"),
        volumeMounts=[{"name": "data", "mountPath": "/data"}, config],
    )  # fmt: skip
    volumes = [{"name": "config", "configMap": {"name": name}}]
    pods = template(name, name, [run], 60, **apart(topology, name, always=True), volumes=volumes)
    return [
        service(name, name, ports, clusterIP="None", publishNotReadyAddresses=True),
        stateful_set(name, name, pods, topology.nats.disk, serviceName=name, replicas=topology.log),
        disruption_budget(name, name),
    ]


def nats_hosts(topology: Topology) -> list[str]:
    """Return the names of the log's servers."""
    return [f"nats-{number}.nats" for number in range(topology.log)]


def cluster_log(topology: Topology) -> str:
    """Return the URL of the log."""
    return log_url([f"{host}:{NATS}" for host in nats_hosts(topology)])
