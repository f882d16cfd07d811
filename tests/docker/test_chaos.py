"""`lightship chaos` upon a real Compose deployment of the shipped file, whose containers it kills, pauses and cuts off."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from cluster.client import free_ports, is_free
from docker.compose import Deployment, import_servers
from docker.conftest import Built
from docker.daemon import docker
from support import ROOT, require
from unit.deploy.test_compose import compose_program

PROJECT, FOLDER = "lightship-staging", "deploy/staging/compose"


@pytest.fixture
def deployment(built: Built, tmp_path: Path) -> Iterator[Deployment]:
    """Run the staging environment of the shipped deployment file, where chaos is allowed."""
    require("HAProxy", shutil.which("haproxy"))
    require("Compose v2 (.ci/tools unpacks it)", compose_program())
    import_servers()
    while not is_free((port := free_ports(1)) + 1010):  # that of the intake
        pass
    shipped = (ROOT / "lightship.toml").read_text()
    deployment = Deployment(tmp_path, f"chaos = true\nport = {port}\n{shipped}")
    try:
        deployment.deploy("--env=staging", f"--image={built.name}", "compose")
        yield deployment
    finally:
        down = ["docker", "compose", "--project-name", PROJECT, "down", "--volumes", "--timeout", "1"]
        subprocess.run(down, env=deployment.environment, capture_output=True, check=False)


def test_a_deployment_that_is_right_passes(deployment: Deployment, capsys: pytest.CaptureFixture[str]) -> None:
    token = deployment.secrets(FOLDER)["LIGHTSHIP_TOKEN"]
    command = f"lightship chaos --project={PROJECT} --seed=3 --seconds=20 --every=1.5 --documents=300"
    told = deployment.shell(command, LIGHTSHIP_TOKEN=token)
    with capsys.disabled():
        print(f"\n{told}")
    assert "PASS" in told
    assert "s: cut 4, kill 7, pause 3" in told  # however long Docker took for them
    states = docker(
        "ps", "--all", "--filter", f"label=com.docker.compose.project={PROJECT}", "--format", "{{.Names}} {{.Status}}"
    )
    assert all(" Up " in line and "Paused" not in line for line in states.splitlines()), states
