"""The real kubectl deploys the shipped file to a small cluster of the tests' own, whose pods are real containers.

docs/deploying.md says what of Kubernetes is not in it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from docker.compose import Deployment, import_servers
from docker.conftest import Built
from docker.daemon import docker
from docker.kubernetes.cluster import running
from docker.kubernetes.containers import LABEL
from docker.kubernetes.queries import Queries, ask
from docker.load import known_documents
from support import ROOT, wait_until

NAMESPACE, FOLDER = "lightship-test", "deploy/test/kubernetes"
FIRST, NEXT = "lightship-kubernetes:first", "lightship-kubernetes:next"
KUBECTL = f"kubectl -n {NAMESPACE}"
WRONG = """
apiVersion: v1
kind: Service
metadata: {name: wrong, namespace: default}
spec: {ports: [{port: 80, targetPorts: 8080}]}
"""


@pytest.fixture
def deployment(built: Built, tmp_path: Path) -> Iterator[Deployment]:
    """Yield the shipped deployment file, with a cluster for it, and the image under two names."""
    import_servers()
    for name in (FIRST, NEXT):
        docker("tag", built.name, name)
    with running(NAMESPACE, tmp_path / "cluster"):
        yield Deployment(tmp_path, (ROOT / "lightship.toml").read_text())
    docker("rmi", FIRST, NEXT)


def test_what_is_wrong_is_refused(deployment: Deployment) -> None:
    (deployment.folder / "wrong.yaml").write_text(WRONG)
    assert "targetPorts" in deployment.shell("kubectl apply -f wrong.yaml 2>&1 && exit 1 || true")
    assert "not found" in deployment.shell(f"{KUBECTL} exec nobody -- /lightship 2>&1 && exit 1 || true")


def test_it_runs_and_an_upgrade_at_noon_fails_no_query(
    deployment: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    deploy(deployment, FIRST)
    suite(deployment)
    assert "status 1" in deployment.shell(
        f"{KUBECTL} exec indexer-0 -- /lightship test -searchengine=localhost:1 || echo status $?"
    )
    add_known_documents(deployment)
    ready = addresses(deployment, "searchengine")
    assert len(ready) == 3
    wait_until(lambda: not any(ask(each, 2) for each in ready.values()), 30, "known documents on every replica")

    queries = Queries(ready)
    try:
        deploy(deployment, NEXT)
    finally:
        queries.stop()
    with capsys.disabled():
        print(f"\nupgrade: {queries.asked} queries, {len(queries.wrong)} wrong or failed")
    assert queries.wrong == []
    assert queries.asked > 200
    assert (queries.replaced, queries.fewest) == ([f"searchengine-{number}" for number in (2, 1, 0)], 2)
    suite(deployment)
    images = dict(line.split() for line in shown("{{.Config.Hostname}} {{.Config.Image}}"))
    assert {image for name, image in images.items() if not name.startswith("nats")} == {NEXT}
    assert set(shown("{{.RestartCount}} {{.State.OOMKilled}}")) == {"0 false"}


def deploy(deployment: Deployment, image: str) -> None:
    """Deploy an image, and wait until all pods are of it and ready."""
    deployment.shell(f"lightship deploy --env=test --image={image} kubernetes && kubectl apply -k {FOLDER}")
    for workload in ("nats", "indexer", "searchengine"):
        deployment.shell(f"{KUBECTL} rollout status statefulset/{workload} --timeout=180s")
    deployment.shell(f"{KUBECTL} rollout status deployment/crawler --timeout=60s")


def suite(deployment: Deployment) -> None:
    """Run the suite in a pod."""
    command = "/lightship test -searchengine=searchengine-replicas:8080 -indexer=localhost:9090"
    printed = deployment.shell(f"{KUBECTL} exec indexer-0 -- {command}")
    assert "12 passed, 0 failed" in printed
    assert printed.count("searchengine-replicas:8080 (") == 3


def add_known_documents(deployment: Deployment) -> None:
    """Add those that the queries ask for."""
    (deployment.folder / "known.jsonl").write_text("\n".join(map(json.dumps, known_documents())))
    secrets = yaml.safe_load((deployment.folder / FOLDER / "secret.yaml").read_text())["stringData"]
    address = addresses(deployment, "indexer")["indexer-0"]
    deployment.shell(f"lightship add -indexer={address}:9090 known.jsonl", LIGHTSHIP_TOKEN=secrets["LIGHTSHIP_TOKEN"])


def addresses(deployment: Deployment, workload: str) -> dict[str, str]:
    """Return the address of each pod of a workload, by its name."""
    pods = json.loads(deployment.shell(f"{KUBECTL} get pods --output=json"))["items"]
    return {
        each["metadata"]["name"]: each["status"]["podIP"]
        for each in pods
        if each["metadata"]["name"].startswith(f"{workload}-")
    }


def shown(form: str) -> list[str]:
    """Return what `docker inspect` shows of each container of the cluster."""
    listed = docker("ps", "--quiet", f"--filter=label={LABEL}={NAMESPACE}").split()
    return docker("inspect", f"--format={form}", *listed).splitlines()
