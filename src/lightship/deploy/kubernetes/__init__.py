"""Plain Kubernetes manifests, ready for `kubectl apply -k`; Kubernetes 1.28 or newer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lightship.core.errors import ConfigurationError
from lightship.deploy.kubernetes.cluster import crawler, indexers, nats, searchengines
from lightship.deploy.kubernetes.network import ingress, policies
from lightship.deploy.kubernetes.objects import SECRET, Object, labelled
from lightship.deploy.kubernetes.one_pod import one_pod, one_pod_policies
from lightship.deploy.render import header, nats_conf
from lightship.deploy.topology import Topology
from lightship.deploy.values import is_website
from lightship.deploy.yaml import dump, dump_all

TARGET = "kubernetes"
SECRET_FILE = "secret.yaml"  # noqa: S105 (a name)


def render(topology: Topology) -> dict[str, str]:
    """Return the text of each file, by name. Raises ConfigurationError for what a cluster can't do."""
    _check(topology)
    manifests = {"namespace": [_namespace(topology)], **(_cluster(topology) if topology.log else _pod(topology))}
    first = f"# {header(topology, TARGET)}\n"
    files = {f"{name}.yaml": first + dump_all(objects) for name, objects in manifests.items()}
    if topology.log:
        files["nats.conf"] = nats_conf(topology, TARGET)
    return {"kustomization.yaml": first + dump(_kustomization(topology, sorted(files))), **files}


def render_secrets(secrets: Mapping[str, str]) -> dict[str, str]:
    """Return the text of each file that holds secrets, by name."""
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": labelled(SECRET, ""), "stringData": dict(secrets)}
    return {SECRET_FILE: dump(secret)}


def next_steps(topology: Topology, folder: str, *, first: bool) -> list[str]:
    """Return the commands to run next, in order: the same for the first deployment and for upgrades."""
    return [
        f"kubectl apply -k {folder}   # replaces one pod at a time, each once the previous one is ready",
        f"kubectl -n {topology.project} get pods --watch",
    ]


def _check(topology: Topology) -> None:
    paths = [source for source in topology.sources if not is_website(source)]
    if paths:
        raise ConfigurationError(
            f"sources: a cluster can't read the local path {paths[0]}; crawl a website, or add its documents with `lightship add`"
        )
    if not topology.log and topology.replicas > 1:
        raise ConfigurationError(
            f"log = 0 is a file, which only processes of one pod can share; with {topology.replicas} replicas, set log = 1 or 3"
        )


def _cluster(topology: Topology) -> dict[str, list[Object]]:
    crawling = {"crawler": crawler(topology)} if topology.sources else {}
    return {
        "nats": nats(topology), "searchengine": searchengines(topology), "indexer": indexers(topology), **crawling,
        "network": policies(topology), "ingress": [ingress(topology)],
    }  # fmt: skip


def _pod(topology: Topology) -> dict[str, list[Object]]:
    return {"pod": one_pod(topology), "network": one_pod_policies(topology), "ingress": [ingress(topology)]}


def _namespace(topology: Topology) -> Object:
    modes = ("enforce", "warn", "audit")
    return {
        "apiVersion": "v1", "kind": "Namespace",
        "metadata": {
            "name": topology.project, "labels": {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in modes},
        },
    }  # fmt: skip


def _kustomization(topology: Topology, files: Sequence[str]) -> Object:
    config = {"configMapGenerator": [{"name": "nats", "files": ["nats.conf"]}]} if topology.log else {}
    return {
        "apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "namespace": topology.project,
        "resources": [SECRET_FILE, *(name for name in files if name.endswith(".yaml"))], **config,
    }  # fmt: skip
