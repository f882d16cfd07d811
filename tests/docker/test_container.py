"""The image's programs in containers: what they may do, what they can do, and how they stop."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from image import oci

from cluster.client import search, status, urls
from docker.conftest import Built, Run
from docker.daemon import docker
from support import wait_until

HARDENED = ("--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--memory=256m", "--pids-limit=200")
IMPORT_ALL = """
import importlib, pkgutil, lightship
names = [found.name for found in pkgutil.walk_packages(lightship.__path__, "lightship.")]
for name in names:
    importlib.import_module(name)
print(len(names))
"""


def test_all_programs_work_without_any_right(run: Run, tmp_path: Path) -> None:
    """`up` runs all four as processes of one container: every kind of file is read, written and found."""
    (tmp_path / "page.html").write_text("<title>Solar</title><p>solar power for everybody</p>")
    (tmp_path / "chinese.html").write_bytes(
        "<meta charset=gb18030><title>搜索</title><p>搜索引擎是工具</p>".encode("gb18030")
    )
    (tmp_path / "notes.md").write_text("# Wind\n\nwind *power* at sea\n")
    tmp_path.chmod(0o755)
    options = (*HARDENED, "--tmpfs=/data", f"--volume={tmp_path}:/docs:ro")
    container = run("/lightship", "up", "--host=0.0.0.0", "--replicas=1", "/docs", options=options)
    wait_until(lambda: len(urls(container.port, "power")) == 2, 60, "two pages about power")
    assert len(urls(container.port, "搜索引擎")) == 1
    assert container.stop()[0] == 0
    assert "Traceback" not in container.output


def test_searchengine_and_indexer_as_containers_of_their_own(run: Run) -> None:
    searchengine = run("/searchengine", options=(*HARDENED, "--tmpfs=/data"))
    link = f"--link={searchengine.name}:se"
    indexer = run("/indexer", "-searchengine=se:8080", options=(*HARDENED, "--tmpfs=/data", link))
    wait_until(lambda: search(searchengine.port, "news")["total"] == 1, 30, "news")
    for container in (searchengine, indexer):
        identities = Path(f"/proc/{container.state['Pid']}/status").read_text()
        assert re.findall(r"^[UG]id:\t(\d+)\t", identities, re.MULTILINE) == ["65532", "65532"]
        assert re.findall(r"^CapEff:\t(\d+)", identities, re.MULTILINE) == ["0" * 16]
    assert indexer.stop()[0] == 0  # 137 if Docker had to kill it
    assert searchengine.stop()[0] == 0


def test_a_searchengine_that_need_not_drain_stops_at_once(run: Run) -> None:
    def seconds() -> float:
        container = run("/searchengine", "-drain=0")
        wait_until(lambda: status(container.port), 30, "an answer")
        code, seconds = container.stop()
        assert code == 0
        return seconds

    assert any(seconds() < 2 for _ in range(3))  # by default it drains for 2 s; a busy machine may take as long once


def test_workers(run: Run) -> None:
    container = run("/searchengine", "-workers=2", options=(*HARDENED, "--tmpfs=/data"))
    wait_until(lambda: len({status(container.port)["process"] for _ in range(20)}) == 2, 30, "answers of two processes")
    assert container.stop()[0] == 0


def test_every_module_is_there_and_can_be_imported(built: Built) -> None:
    command = ["docker", "run", "--rm", "--interactive", built.name, "/usr/bin/python3", "-IS", "-"]
    done = subprocess.run(command, input=IMPORT_ALL, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 80


@pytest.mark.parametrize("program", ["searchengine", "indexer", "crawler", "lightship"])
def test_a_program_is_found_by_its_name(built: Built, program: str) -> None:
    assert f"{program}" in docker("run", "--rm", built.name, program, "--help")


def test_there_is_no_shell_and_no_tool(built: Built, images: dict[str, oci.Image]) -> None:
    for image in images.values():
        names = {Path(name).name for name, _ in image.files()}
        assert not names & {
            "sh",
            "bash",
            "dash",
            "busybox",
            "apt",
            "apt-get",
            "dpkg",
            "pip",
            "gcc",
            "ld",
            "curl",
            "wget",
        }
        assert {name for name, _ in image.files() if "/bin/" in f"/{name}"} == {"usr/bin/python3"}
    done = subprocess.run(["docker", "run", "--rm", built.name, "/bin/sh"], capture_output=True, check=False)
    assert done.returncode == 127


def test_a_probe_tells_by_its_exit_status(run: Run) -> None:
    container = run("/searchengine")
    wait_until(lambda: container.execute("/lightship", "probe").returncode == 0, 30, "alive")
    ready = container.execute("/lightship", "probe", "http://localhost:8080/readyz")
    assert (ready.returncode, ready.stderr) == (1, "error: http://localhost:8080/readyz answered with status 503\n")


def test_a_health_check_without_a_shell(run: Run, built: Built) -> None:
    text = f'FROM {built.name}\nHEALTHCHECK --interval=1s --timeout=5s CMD ["/lightship", "probe"]\n'
    tag = "lightship-test-health"
    subprocess.run(["docker", "build", "--tag", tag, "-"], input=text, text=True, check=True, capture_output=True)
    container = run("/searchengine", image=tag)
    wait_until(lambda: container.state["Health"]["Status"] == "healthy", 30, "healthy")
