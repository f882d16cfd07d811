"""The shipped deployment file as a real Compose deployment: the suite passes, and an upgrade at noon fails no query."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from cluster.client import free_ports, is_free, search, status
from docker.compose import Deployment, build_next, import_servers
from docker.conftest import Built
from docker.daemon import docker
from docker.load import PAGES, Load, Writer, known_documents
from lightship import __version__
from support import ROOT, require, wait_until
from unit.deploy.test_compose import compose_program

RATE = 100  # queries a second
PROJECT, FOLDER = "lightship-test", "deploy/test/compose"
FIRST, NEXT, NEXT_VERSION = "lightship-upgrade:first", "lightship-upgrade:next", f"{__version__}+next"
OURS = {"searchengine-0", "searchengine-1", "searchengine-2", "indexer-0", "indexer-1", "crawler"}
OTHERS = {"nats-0", "nats-1", "nats-2", "proxy"}


@pytest.fixture
def port(built: Built) -> int:
    for what, present in (
        ("HAProxy", shutil.which("haproxy")),
        ("Compose v2 (.ci/tools unpacks it)", compose_program()),
    ):
        require(what, present)
    import_servers()
    docker("tag", built.name, FIRST)
    while not is_free((port := free_ports(1)) + 1010):  # that of the intake
        pass
    return port


@pytest.fixture
def deployment(port: int, tmp_path: Path) -> Iterator[Deployment]:
    """Yield the shipped deployment file, but for its port."""
    deployment = Deployment(tmp_path, f"port = {port}\n{(ROOT / 'lightship.toml').read_text()}")
    try:
        yield deployment
    finally:
        down = ["docker", "compose", "--project-name", PROJECT, "down", "--volumes", "--timeout", "1"]
        subprocess.run(down, env=deployment.environment, capture_output=True, check=False)


def test_an_upgrade_at_noon_fails_no_query(
    deployment: Deployment, port: int, tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    deployment.deploy("--env=test", f"--image={FIRST}", "compose")
    token = deployment.secrets(FOLDER)["LIGHTSHIP_TOKEN"]
    suite(deployment, port, token)
    (deployment.folder / "known.jsonl").write_text("\n".join(map(json.dumps, known_documents())))
    deployment.shell(f"lightship add -indexer=localhost:{port + 1010} known.jsonl", LIGHTSHIP_TOKEN=token)
    wait_until(
        lambda: all(search(port, "harbour")["total"] == PAGES for _ in range(6)), 30, "known documents on every replica"
    )

    build_next(tmp_path_factory.mktemp("next"), NEXT_VERSION, NEXT)
    before = deployment.containers(PROJECT)
    assert before.keys() == OURS | OTHERS
    load, writer = Load(port, RATE), Writer(f"localhost:{port + 1010}", port, token)
    try:
        steps = deployment.deploy("--env=test", f"--image={NEXT}", "compose")
    finally:
        writer.stop()
        rate = load.stop()
    with capsys.disabled():
        print(f"\nupgrade: {len(load.seconds)} queries, {rate:.0f}/s, {len(load.failed)} failed, {len(load.wrong)} wrong,"
              f" p50 {load.percentile(0.5) * 1000:.0f} ms, p99 {load.percentile(0.99) * 1000:.0f} ms;"
              f" {writer.added} documents added meanwhile, each found after at most {writer.longest:.1f} s")  # fmt: skip

    assert (load.failed, load.wrong, writer.failed) == ([], [], []), steps
    assert rate > RATE / 2  # of a real load, whatever else the machine has to do
    assert writer.added > 20
    after, images = (
        deployment.containers(PROJECT),
        [docker("images", "--quiet", "--no-trunc", name) for name in (FIRST, NEXT)],
    )
    assert images[0] != images[1]
    assert {before[name] for name in OURS} == {images[0]}
    assert {after[name] for name in OURS} == {images[1]}
    assert {name: after[name] for name in OTHERS} == {name: before[name] for name in OTHERS}
    assert search(port, "beacon")["total"] == writer.added
    assert {status(port)["version"] for _ in range(12)} == {NEXT_VERSION}
    suite(deployment, port, token)


def suite(deployment: Deployment, port: int, token: str) -> None:
    """Run the suite through the proxy, as from anywhere outside, and beside the containers, on each replica by itself."""
    outside = deployment.shell(
        f"lightship test -searchengine=localhost:{port} -indexer=localhost:{port + 1010}", LIGHTSHIP_TOKEN=token
    )
    assert "12 passed, 0 failed" in outside
    inside = deployment.shell(
        f"docker run --rm --network {PROJECT}_default --env-file {FOLDER}/.env {FIRST} /lightship test"
        " -searchengine=searchengine:8080 -indexer=indexer:9090"
    )
    assert "12 passed, 0 failed" in inside
    assert inside.count("searchengine:8080 (") == 3
