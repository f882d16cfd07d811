"""Kubernetes manifests: validated against the schemas of its versions; tests/docker/test_kubernetes.py runs them."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from lightship.core.errors import ConfigurationError
from lightship.deploy import kubernetes
from lightship.deploy.reading import parse_topology
from lightship.deploy.topology import ENVIRONMENTS
from support import IN_CI, ROOT, require
from unit.deploy.deployments import files_of, written

VERSIONS = (
    "1.28",
    "1.36",
    "1.37",
)  # the oldest that has what we need, and the two newest that the schemas are known of
CLUSTERS = ("test", "staging", "production")  # whose log is on NATS
Object = dict[str, Any]


@cache
def objects(environment: str) -> list[Object]:
    """Return all objects of an environment, the Secret too."""
    files = {**files_of(environment, "kubernetes"), **kubernetes.render_secrets({"LIGHTSHIP_TOKEN": "x"})}
    found = []
    for name, text in files.items():
        if name.endswith(".yaml") and name != "kustomization.yaml":
            found += list(yaml.safe_load_all(text))
    return found


def of_kind(environment: str, kind: str) -> dict[str, Object]:
    return {each["metadata"]["name"]: each for each in objects(environment) if each["kind"] == kind}


def pods(environment: str) -> dict[str, Object]:
    """Return the pod templates by the name of their workload."""
    workloads = {**of_kind(environment, "StatefulSet"), **of_kind(environment, "Deployment")}
    return {name: each["spec"]["template"] for name, each in workloads.items()}


def containers(environment: str) -> Iterator[tuple[Object, Object]]:
    """Yield each container with its pod's spec."""
    for pod in pods(environment).values():
        for container in pod["spec"]["containers"]:
            yield pod["spec"], container


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_manifest_passes_the_strict_schema(environment: str, version: str) -> None:
    assert objects(environment)
    for each in objects(environment):
        kubernetes_validate.validate(each, version, strict=True)


@pytest.mark.parametrize("version", VERSIONS)
def test_the_schema_refuses_what_does_not_exist(version: str) -> None:
    wrong = {**objects("dev")[0], "speck": {}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, version, strict=True)


def test_a_cluster_has_what_it_is_made_of() -> None:
    kinds = {each["kind"] for each in objects("production")}
    assert kinds == {
        "Namespace", "Secret", "StatefulSet", "Deployment", "PersistentVolumeClaim", "Service", "Ingress", "NetworkPolicy",
        "PodDisruptionBudget", "HorizontalPodAutoscaler",
    }  # fmt: skip
    assert of_kind("production", "StatefulSet").keys() == {"searchengine", "indexer", "standby-0", "nats"}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_pod_passes_the_restricted_pod_security_standard(environment: str) -> None:
    labels = of_kind(environment, "Namespace")[f"lightship-{environment}"]["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    for spec, container in containers(environment):
        assert spec["securityContext"]["runAsNonRoot"]
        assert spec["securityContext"]["runAsUser"] != 0
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert not {"hostNetwork", "hostPID", "hostIPC"} & spec.keys()
        assert all(not {"hostPath", "nfs"} & volume.keys() for volume in spec["volumes"])
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]},
        }  # fmt: skip
        assert all("hostPort" not in port for port in container.get("ports", []))


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_container_has_requests_and_limits_and_knows_no_service_variables(environment: str) -> None:
    for spec, container in containers(environment):
        assert {"cpu", "memory"} == container["resources"]["requests"].keys() == container["resources"]["limits"].keys()
        assert spec["enableServiceLinks"] is False  # LIGHTSHIP_SERVICE_HOST would be an unknown setting
        assert spec["automountServiceAccountToken"] is False


@pytest.mark.parametrize("environment", CLUSTERS)
def test_the_ordinal_of_an_indexer_is_its_shard(environment: str) -> None:
    topology_shards = of_kind(environment, "StatefulSet")["indexer"]["spec"]["replicas"]
    for name, pod in pods(environment).items():
        if name.startswith(("indexer", "standby")):
            container = pod["spec"]["containers"][0]
            assert "-shard=$(SHARD)" in container["args"]
            assert f"-shards={topology_shards}" in container["args"]
            shard = next(each for each in container["env"] if each["name"] == "SHARD")
            assert shard["valueFrom"]["fieldRef"]["fieldPath"] == "metadata.labels['apps.kubernetes.io/pod-index']"


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_name_leads_somewhere(environment: str) -> None:
    services, claims = of_kind(environment, "Service"), of_kind(environment, "PersistentVolumeClaim")
    for each in of_kind(environment, "StatefulSet").values():
        assert services[each["spec"]["serviceName"]]["spec"]["clusterIP"] == "None"
    for service in services.values():
        matching = [
            pod
            for pod in pods(environment).values()
            if service["spec"]["selector"].items() <= pod["metadata"]["labels"].items()
        ]
        open_ports = {
            port["containerPort"]
            for pod in matching
            for each in pod["spec"]["containers"]
            for port in each.get("ports", [])
        }
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= open_ports
    for spec, container in containers(environment):
        volumes = {volume["name"] for volume in spec["volumes"]} | {"data"}
        assert {mount["name"] for mount in container["volumeMounts"]} <= volumes
        for volume in spec["volumes"]:
            assert "persistentVolumeClaim" not in volume or volume["persistentVolumeClaim"]["claimName"] in claims
        for variable in container.get("env", []):
            source = variable.get("valueFrom", {}).get("secretKeyRef")
            assert source is None or source == {"name": "lightship", "key": variable["name"]}
    backend = of_kind(environment, "Ingress")["searchengine"]["spec"]["rules"][0]["http"]["paths"][0]["backend"][
        "service"
    ]
    assert backend["port"]["name"] in {port["name"] for port in services[backend["name"]]["spec"]["ports"]}


@pytest.mark.parametrize("environment", CLUSTERS)
def test_pushes_find_replicas_that_are_not_ready_and_queries_do_not(environment: str) -> None:
    services = of_kind(environment, "Service")
    assert services["searchengine-replicas"]["spec"]["publishNotReadyAddresses"] is True
    assert "publishNotReadyAddresses" not in services["searchengine"]["spec"]
    assert "-searchengine=searchengine-replicas:8080" in pods(environment)["indexer"]["spec"]["containers"][0]["args"]


@pytest.mark.parametrize("environment", CLUSTERS)
def test_nothing_that_the_parts_need_of_each_other_is_refused(environment: str) -> None:
    policies = {name: each["spec"] for name, each in of_kind(environment, "NetworkPolicy").items()}
    assert policies["refuse-everything"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    for caller, called, port in [
        ("indexer", "searchengine", 8080), ("searchengine", "searchengine", 8080), ("indexer", "nats", 4222),
        ("crawler", "nats", 4222), ("nats", "nats", 6222),
    ]:  # fmt: skip
        peer = {"podSelector": {"matchLabels": {"app.kubernetes.io/component": called}}}
        assert any(
            peer in rule["to"] and {"protocol": "TCP", "port": port} in rule["ports"]
            for rule in policies[caller]["egress"]
        )
        source = {"podSelector": {"matchLabels": {"app.kubernetes.io/component": caller}}}
        assert any(
            source in rule.get("from", [source]) and {"protocol": "TCP", "port": port} in rule["ports"]
            for rule in policies[called]["ingress"]
        )


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_programs_that_say_so_add_documents_and_no_others_do(environment: str) -> None:
    policies = {name: each["spec"] for name, each in of_kind(environment, "NetworkPolicy").items()}
    services = {name: each["spec"]["ports"][0]["targetPort"] for name, each in of_kind(environment, "Service").items()}
    label = {"matchLabels": {"lightship.io/producer": "true"}}
    assert policies["producer"]["podSelector"] == label
    assert policies["producer"]["policyTypes"] == ["Egress"]  # what else such a program does is not ours to say
    parts = {"searchengine": services["searchengine"], "indexer": services["indexer"]}
    for part, port in parts.items():
        component = part if environment in CLUSTERS else "lightship"
        peer = {"podSelector": {"matchLabels": {"app.kubernetes.io/component": component}}}
        assert any(
            peer in rule["to"] and {"protocol": "TCP", "port": port} in rule["ports"]
            for rule in policies["producer"]["egress"]
        )
        let_in = [rule for rule in policies[component]["ingress"] if {"protocol": "TCP", "port": port} in rule["ports"]]
        assert let_in == [{"from": [{"podSelector": label}], "ports": let_in[0]["ports"]}] or (
            part == "searchengine" and any("from" not in rule for rule in let_in)
        )
    assert not any(
        {"podSelector": {}} in rule.get("from", []) for spec in policies.values() for rule in spec.get("ingress", [])
    )


def test_the_autoscaler_alone_says_how_many_searchengines_there_are() -> None:
    scaler = of_kind("production", "HorizontalPodAutoscaler")["searchengine"]["spec"]
    assert (scaler["minReplicas"], scaler["maxReplicas"]) == (3, 9)
    assert "replicas" not in of_kind("production", "StatefulSet")["searchengine"]["spec"]


def test_without_room_to_scale_there_is_no_autoscaler() -> None:
    files = kubernetes.render(parse_topology("log = 1\nreplicas = 2\nreplicas_max = 2", "test"))
    found = {each["kind"]: each for each in yaml.safe_load_all(files["searchengine.yaml"])}
    assert "HorizontalPodAutoscaler" not in found
    assert found["StatefulSet"]["spec"]["replicas"] == 2


def test_all_that_the_drain_takes_fits_before_the_kill() -> None:
    spec = pods("production")["searchengine"]["spec"]
    drain = next(int(word.partition("=")[2]) for word in spec["containers"][0]["args"] if word.startswith("-drain="))
    assert spec["terminationGracePeriodSeconds"] >= drain + 10


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_kustomization_names_every_file(environment: str) -> None:
    files = files_of(environment, "kubernetes").keys() | {kubernetes.SECRET_FILE}
    found = yaml.safe_load(files_of(environment, "kubernetes")["kustomization.yaml"])
    generated = [name for each in found.get("configMapGenerator", []) for name in each["files"]]
    assert {*found["resources"], *generated, "kustomization.yaml"} == files
    assert found["namespace"] == f"lightship-{environment}"


def test_the_log_in_a_file_is_one_pod_that_podman_takes() -> None:
    assert pods("dev").keys() == {"lightship"}
    kinds = [each["kind"] for each in yaml.safe_load_all(files_of("dev", "kubernetes")["pod.yaml"])]
    assert kinds == ["PersistentVolumeClaim", "Deployment", "Service", "Service"]
    for container in pods("dev")["lightship"]["spec"]["containers"]:
        assert all("exec" in container[probe] for probe in container if probe.endswith("Probe"))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("replicas = 2", "log = 0 is a file, which only processes of one pod can share; with 2 replicas"),
        ('sources = ["docs/"]', "sources: a cluster can't read the local path docs/"),
    ],
)
def test_what_no_cluster_can_do_is_told(text: str, told: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        kubernetes.render(parse_topology(text, "dev"))
    assert told in str(error.value)


def kubectl_program() -> str | None:
    """Return kubectl: that which .ci/tools unpacks, or that of the machine."""
    unpacked = ROOT / ".tools/usr/bin/kubectl"
    return str(unpacked) if unpacked.exists() else shutil.which("kubectl")


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_kustomize_builds_it(environment: str, tmp_path: Path) -> None:
    program = kubectl_program()
    require("kubectl (.ci/tools unpacks it)", program)
    list(written(tmp_path, environment, "kubernetes"))
    built = subprocess.run(
        [str(program), "kustomize", str(tmp_path)], capture_output=True, text=True, check=True
    ).stdout
    found = list(yaml.safe_load_all(built))
    assert len(found) == len(objects(environment)) + (environment in CLUSTERS)  # and the ConfigMap
    assert {each["metadata"].get("namespace") for each in found if each["kind"] != "Namespace"} == {
        f"lightship-{environment}"
    }


def cluster() -> str:
    """Return the context of kubectl, or an empty string."""
    if not shutil.which("kubectl"):
        return ""
    return subprocess.run(
        ["kubectl", "config", "current-context"], capture_output=True, text=True, check=False
    ).stdout.strip()


if cluster() or not IN_CI:  # the CI is not asked for a cluster; that is said in docs/deploying.md

    @pytest.mark.parametrize("environment", ENVIRONMENTS)
    def test_a_cluster_accepts_it_in_a_dry_run(environment: str, tmp_path: Path) -> None:
        require("a Kubernetes cluster (kubectl with a context)", cluster())
        list(written(tmp_path, environment, "kubernetes"))
        subprocess.run(["kubectl", "apply", "--dry-run=server", "-f", str(tmp_path / "namespace.yaml")], check=True)
        subprocess.run(["kubectl", "apply", "--dry-run=server", "-k", str(tmp_path)], check=True)
