"""Who may talk to whom, and how people come in."""

from __future__ import annotations

from collections.abc import Sequence

from lightship.deploy.kubernetes.objects import Object, labelled, selector
from lightship.deploy.parts import INTAKE, NATS, QUERIES, ROUTES
from lightship.deploy.topology import Topology

PRODUCER = {"lightship.io/producer": "true"}  # a pod's label: it adds documents, and may search

# The web, but not the machines' own metadata services, which hand out the rights of the machine
WORLD: list[Object] = [
    {"ipBlock": {"cidr": "0.0.0.0/0", "except": ["169.254.0.0/16"]}},
    {"ipBlock": {"cidr": "::/0", "except": ["fe80::/10", "fd00:ec2::254/128"]}},
]


def policies(topology: Topology) -> list[Object]:
    """Return the policies of the parts: what is not listed is refused."""
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
    """Return the policies of all pods: nothing in or out, but names may be looked up."""
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
    """Return a rule: out to these ports of components."""
    return {"to": [{"podSelector": selector(each)} for each in components], "ports": ports(numbers)}


def from_(numbers: Sequence[int], *components: str) -> Object:
    """Return a rule: in to these ports from components."""
    return {"from": [{"podSelector": selector(each)} for each in components], "ports": ports(numbers)}


def from_producers(numbers: Sequence[int]) -> Object:
    """Return a rule: in to these ports from the pods of this namespace that say by a label that they add documents."""
    return {"from": [{"podSelector": {"matchLabels": PRODUCER}}], "ports": ports(numbers)}


def producers(egress: Sequence[Object]) -> Object:
    """Return the policy of those pods, which are not ours: out to us, beside what their own policies let them do."""
    return _policy("producer", {"matchLabels": PRODUCER}, ["Egress"], {"egress": list(egress)})


def ingress(topology: Topology) -> Object:
    """Return the way in for people; the certificate is in the Secret `tls`, which you or cert-manager make."""
    backend = {"service": {"name": "searchengine", "port": {"name": "http"}}}
    paths = {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}
    tls = {} if topology.host == "localhost" else {"tls": [{"hosts": [topology.host], "secretName": "tls"}]}
    return {
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": labelled("searchengine", ""),
        "spec": {**tls, "rules": [{"host": topology.host, "http": paths}]},
    }  # fmt: skip
