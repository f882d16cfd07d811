"""Network policies and the ingress."""

from __future__ import annotations

from collections.abc import Sequence

from lightship.deploy.kubernetes.objects import Object, labelled, selector
from lightship.deploy.parts import INTAKE, NATS, QUERIES, ROUTES
from lightship.deploy.topology import Topology

PRODUCER = {"lightship.io/producer": "true"}  # label of pods that add documents; they may also search

# The internet, but not the machines' metadata services, which hand out credentials
WORLD: list[Object] = [
    {"ipBlock": {"cidr": "0.0.0.0/0", "except": ["169.254.0.0/16"]}},
    {"ipBlock": {"cidr": "::/0", "except": ["fe80::/10", "fd00:ec2::254/128"]}},
]


def policies(topology: Topology) -> list[Object]:
    """Return the policies of the parts: connections that are not listed are refused."""
    crawling = [policy("crawler", [], [to([NATS], "nats"), {"to": WORLD}])] if topology.sources else []
    return [
        *everywhere(),
        policy("searchengine", [{"ports": ports([QUERIES])}], [to([QUERIES], "searchengine")]),
        policy("indexer", [from_producers([INTAKE])], [to([QUERIES], "searchengine"), to([NATS], "nats")]),
        *crawling,
        producers([to([INTAKE], "indexer"), to([QUERIES], "searchengine")]),
        policy("nats", [from_([NATS], "indexer", "crawler"), from_([ROUTES], "nats")], [to([ROUTES], "nats")]),
    ]


def everywhere() -> list[Object]:
    """Return the policies of all pods: no traffic except DNS."""
    names = {"ports": [{"protocol": protocol, "port": 53} for protocol in ("UDP", "TCP")]}
    return [
        _policy("refuse-everything", {}, ["Ingress", "Egress"], {}),
        _policy("look-up-names", {}, ["Egress"], {"egress": [names]}),
    ]


def policy(component: str, ingress: Sequence[Object], egress: Sequence[Object]) -> Object:
    """Return the policy of a component."""
    rules = {"ingress": list(ingress), "egress": list(egress)}
    return _policy(component, selector(component), ["Ingress", "Egress"], rules)


def _policy(name: str, pods: Object, types: list[str], rules: Object) -> Object:
    return {
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": labelled(name, ""),
        "spec": {"podSelector": pods, "policyTypes": types, **rules},
    }  # fmt: skip


def ports(numbers: Sequence[int]) -> list[Object]:
    """Return TCP ports."""
    return [{"protocol": "TCP", "port": number} for number in numbers]


def to(numbers: Sequence[int], *components: str) -> Object:
    """Return an egress rule to these ports of components."""
    return {"to": [{"podSelector": selector(each)} for each in components], "ports": ports(numbers)}


def from_(numbers: Sequence[int], *components: str) -> Object:
    """Return an ingress rule to these ports from components."""
    return {"from": [{"podSelector": selector(each)} for each in components], "ports": ports(numbers)}


def from_producers(numbers: Sequence[int]) -> Object:
    """Return an ingress rule to these ports from the pods of this namespace with the producer label."""
    return {"from": [{"podSelector": {"matchLabels": PRODUCER}}], "ports": ports(numbers)}


def producers(egress: Sequence[Object]) -> Object:
    """Return the policy of producer pods (not part of Lightship): egress to it, in addition to their own policies."""
    return _policy("producer", {"matchLabels": PRODUCER}, ["Egress"], {"egress": list(egress)})


def ingress(topology: Topology) -> Object:
    """Return the Ingress of the search page; its certificate is in the Secret `tls`, made by you or cert-manager."""
    backend = {"service": {"name": "searchengine", "port": {"name": "http"}}}
    paths = {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}
    tls = {} if topology.host == "localhost" else {"tls": [{"hosts": [topology.host], "secretName": "tls"}]}
    return {
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": labelled("searchengine", ""),
        "spec": {**tls, "rules": [{"host": topology.host, "http": paths}]},
    }  # fmt: skip
