"""A deployment by `lightship deploy compose`, in the daemon that DOCKER_HOST names, with images made without a registry."""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from pathlib import Path

from docker.daemon import docker
from lightship.deploy.topology import Topology
from nats_servers import PROGRAM as NATS_SERVER
from support import ROOT
from unit.deploy.test_compose import compose_program

BIN = Path(sys.executable).parent


def import_image(name: str, files: Mapping[str, Path], *changes: str) -> None:
    """Make an image of these files of this machine, by their places in it, unless the daemon has one of that name."""
    if docker("images", "--quiet", name):
        return
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for place, path in files.items():
            tar.add(path.resolve(), place)
    told = [word for change in changes for word in ("--change", change)]
    subprocess.run(
        ["docker", "import", *told, "-", name], input=packed.getvalue(), check=True, stdout=subprocess.DEVNULL
    )


def import_servers() -> None:
    """Have the images of NATS and HAProxy under the names that a deployment gives them, made from PyPI's and Debian's."""
    import_image(Topology().nats.image, {"nats-server": NATS_SERVER}, 'ENTRYPOINT ["/nats-server"]')
    haproxy = Path(str(shutil.which("haproxy")))
    command = f'ENTRYPOINT ["{haproxy}", "-W", "-db", "-f", "/usr/local/etc/haproxy/haproxy.cfg"]'
    files = {str(path.relative_to("/")): path for path in (haproxy, *_libraries(haproxy))}
    import_image(Topology().proxy.image, files, command)


def _libraries(program: Path) -> list[Path]:
    told = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    return [Path(path) for path in re.findall(r"(/\S+) \(0x", told)]


def build_next(folder: Path, version: str, tag: str) -> None:
    """Build this checkout as another version: one more upgrade's worth of difference in the programs and the image."""
    for name in ("Dockerfile", "pyproject.toml", "constraints.txt", "image", "src"):
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
        else:
            shutil.copy2(source, folder / name)
    module = folder / "src/lightship/__init__.py"
    text, count = re.subn(r'__version__ = ".+"', f'__version__ = "{version}"', module.read_text())
    assert count == 1
    module.write_text(text)
    arguments = (
        "--build-arg",
        f"TARGETARCH={docker('version', '--format', '{{.Server.Arch}}')}",
        "--build-arg",
        f"VERSION={version}",
    )
    docker("build", "--quiet", "--network=host", *arguments, "--tag", tag, str(folder))


def with_compose(folder: Path) -> dict[str, str]:
    """Return the variables with which `docker compose` is Compose 2, and our programs are found; writes to `folder`."""
    plugins = folder / "docker" / "cli-plugins"
    plugins.mkdir(parents=True)
    (plugins / "docker-compose").symlink_to(str(compose_program()))
    (plugins.parent / "config.json").write_text("{}")  # Podman reads it too
    return {"DOCKER_CONFIG": str(plugins.parent), "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}


class Deployment:
    """A folder with a deployment file, and what runs of it."""

    def __init__(self, folder: Path, file: str) -> None:
        """Write the deployment file; nothing runs yet."""
        self.folder, self.environment = folder, {**os.environ, **with_compose(folder)}
        (folder / "lightship.toml").write_text(file)

    def shell(self, script: str, seconds: float = 240, **variables: str) -> str:
        """Return what a script prints, that runs in the folder as a person would run it, and must not fail."""
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script], cwd=self.folder, env={**self.environment, **variables},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=seconds, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{script}\n{done.stdout[-6000:]}"
        return done.stdout

    def deploy(self, *arguments: str) -> str:
        """Run `lightship deploy` and then the commands that it prints; return those."""
        printed = self.shell(" ".join(("lightship", "deploy", *arguments)))
        steps = printed.partition("then:\n")[2]
        self.shell(steps)
        return steps

    def containers(self, project: str) -> dict[str, str]:
        """Return the image id of each running container by the name of its service."""
        listed = docker("ps", "--filter", f"label=com.docker.compose.project={project}", "--quiet").split()
        shown = docker(
            "inspect", "--format", '{{index .Config.Labels "com.docker.compose.service"}} {{.Image}}', *listed
        )
        return dict(line.split() for line in shown.splitlines())

    def secrets(self, folder: str) -> dict[str, str]:
        """Return the secrets that were made for the deployment."""
        lines = (self.folder / folder / ".env").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines)
