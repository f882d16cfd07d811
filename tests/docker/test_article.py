"""The article's two `docker run` commands as they stand, with our image's name, and its integration test."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from collections.abc import Iterator

import pytest

from cluster.client import free_ports
from cluster.test_article import pipeline, text
from docker.conftest import Built
from docker.daemon import docker
from support import IN_CI, require, wait_until

SEARCHENGINE = "docker run -d -p 8080:8080 --name searchengine lightship /searchengine"
INDEXER = "docker run -d --name indexer --link searchengine:se lightship /indexer -searchengine=se:8080"
NAMES = ("indexer", "searchengine")


@pytest.fixture
def port(built: Built) -> Iterator[int]:
    require("curl", shutil.which("curl"))
    taken = docker("ps", "--all", "--format", "{{.Names}}").split()
    require("the names searchengine and indexer, free in Docker", not set(NAMES) & set(taken))
    docker("tag", built.name, "lightship")
    try:
        yield 8080 if IN_CI else free_ports(1)  # elsewhere 8080 may be somebody's
    finally:
        subprocess.run(["docker", "rm", "--force", "--volumes", *NAMES], capture_output=True, check=False)


def test_the_articles_commands_and_its_test(port: int) -> None:
    for command in (SEARCHENGINE.replace("8080:8080", f"{port}:8080"), INDEXER):
        subprocess.run(shlex.split(command), check=True, stdout=subprocess.DEVNULL)
    check(port)
    for action in ("stop", "start"):
        for name in NAMES if action == "stop" else reversed(NAMES):
            docker(action, name)
    check(port)
    for name in NAMES:
        docker("stop", name)
        assert docker("inspect", "--format", "{{.State.ExitCode}} {{.State.OOMKilled}}", name) == "0 false"
    for name in NAMES:
        told = subprocess.run(["docker", "logs", name], capture_output=True, text=True, check=True)
        assert "Traceback" not in told.stdout + told.stderr


def check(port: int) -> None:
    wait_until(lambda: text(port, "news"), 30, "news")
    assert pipeline(port, "news") == "Some news\n"
    assert pipeline(port, "images") == "Some images\n"
    before = text(port, "news")
    wait_until(lambda: text(port, "news") != before, 10, "another text a second later")
