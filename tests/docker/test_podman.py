"""Podman runs the same image, from the same archive."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import tempfile
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from cluster.client import free_ports, search
from docker.conftest import NAME, Built
from lightship import __version__
from lightship.cli.commands.deploy import deploy
from support import require, wait_until

Podman = Callable[..., str]
IMAGE = f"docker.io/library/{NAME}:{__version__}"
# runc: crun refuses a machine with both versions of cgroups. Limits below those of this process, which it may not raise
CONFIGURATION = """
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "runc"
"""
POD = """
apiVersion: v1
kind: Pod
metadata: {{name: lightship}}
spec:
  securityContext: {{runAsNonRoot: true}}
  containers:
  - name: searchengine
    image: {image}
    imagePullPolicy: Never
    command: [/searchengine]
    ports: [{{containerPort: 8080, hostPort: {port}}}]
    resources: {{limits: {{memory: 256Mi}}}}
    securityContext: {{readOnlyRootFilesystem: true, allowPrivilegeEscalation: false, capabilities: {{drop: [ALL]}}}}
    volumeMounts: [{{name: index, mountPath: /data}}]
  - name: indexer
    image: {image}
    imagePullPolicy: Never
    command: [/indexer, -searchengine=localhost:8080]
    securityContext: {{readOnlyRootFilesystem: true, allowPrivilegeEscalation: false, capabilities: {{drop: [ALL]}}}}
    volumeMounts: [{{name: shard, mountPath: /data}}]
  volumes: [{{name: index, emptyDir: {{}}}}, {{name: shard, emptyDir: {{}}}}]
"""


@pytest.fixture(scope="module")
def podman(built: Built) -> Iterator[Podman]:
    """Run podman with images and containers of its own; the image of this machine's architecture is loaded."""
    require("podman, runc and root", os.geteuid() == 0 and all(map(shutil.which, ("podman", "runc"))))
    with tempfile.TemporaryDirectory(prefix="podman", ignore_cleanup_errors=True) as name:  # of at most 50 characters
        folder = Path(name)
        (folder / "containers.conf").write_text(CONFIGURATION)
        environment = {**os.environ, "CONTAINERS_CONF": str(folder / "containers.conf")}

        def call(*arguments: str) -> str:
            command = ["podman", "--root", str(folder / "root"), "--runroot", str(folder / "run"), *arguments]
            done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
            assert done.returncode == 0, f"podman {' '.join(arguments)}: {done.stderr}"
            return done.stdout.strip()

        call("load", "--input", str(built.archive))
        yield call
        call("pod", "rm", "--all", "--force", "--time=0")
        call("rm", "--all", "--force", "--time=0", "--volumes")


def test_podman_runs_it(podman: Podman) -> None:
    port = free_ports(1)
    podman("run", "--detach", "--name=searchengine", "--read-only", "--cap-drop=all", "--memory=256m", "--tmpfs=/data",
           f"--publish=127.0.0.1:{port}:8080", IMAGE, "/searchengine", "-drain=0")  # fmt: skip
    address = podman("inspect", "--format", "{{.NetworkSettings.IPAddress}}", "searchengine")
    podman("run", "--detach", "--name=indexer", "--read-only", "--cap-drop=all", "--tmpfs=/data", IMAGE,
           "/indexer", f"-searchengine={address}:8080")  # fmt: skip
    wait_until(lambda: search(port, "news")["total"] == 1, 30, "news")
    podman("exec", "searchengine", "/lightship", "probe")
    for name in ("indexer", "searchengine"):
        podman("stop", name)
        assert podman("inspect", "--format", "{{.State.ExitCode}}", name) == "0"


def test_podman_plays_a_pod_of_kubernetes(podman: Podman, tmp_path: Path) -> None:
    port = free_ports(1)
    pod = tmp_path / "pod.yaml"
    pod.write_text(POD.format(image=IMAGE, port=port))
    podman("kube", "play", str(pod))
    wait_until(lambda: search(port, "news")["total"] == 1, 30, "news")
    podman("kube", "down", str(pod))


def test_podman_plays_the_kubernetes_output(podman: Podman, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    port = free_ports(1)
    Path("lightship.toml").write_text(f'name = "played"\nport = {port}\nsearchengine.memory = "256MiB"\n')
    deploy(["--env=dev", f"--image={IMAGE}", "--output=pod", "kubernetes"])
    secrets = yaml.safe_load(Path("pod/secret.yaml").read_text())["stringData"]
    if podman("version", "--format", "{{.Client.Version}}").startswith("4.3."):  # which can't read the Secret as it is
        encoded = {name: base64.b64encode(value.encode()).decode() for name, value in secrets.items()}
        Path("secret.json").write_text(json.dumps(encoded))
        podman("secret", "create", "lightship", "secret.json")
    else:
        podman("kube", "play", "pod/secret.yaml")
    podman("kube", "play", "pod/pod.yaml")
    wait_until(lambda: search(port, "lightship")["total"] == 0, 30, "the layout of the indexer")
    document = b'{"url": "https://a.example/", "title": "A lightship", "text": "anchored"}'
    request = urllib.request.Request(f"http://127.0.0.1:{port + 1010}/documents", document)
    request.add_header("Authorization", f"Bearer {secrets['LIGHTSHIP_TOKEN']}")
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 200
    wait_until(lambda: search(port, "lightship")["total"] == 1, 10, "the document")
    podman("kube", "down", "pod/pod.yaml")
    podman("secret", "rm", "lightship")
