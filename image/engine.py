"""The Docker daemon, through its command line."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

PULL_SECONDS = 120


def run(*arguments: str) -> str:
    """Return what `docker ARGUMENTS` prints; raise subprocess.CalledProcessError when it fails."""
    return subprocess.run(["docker", *arguments], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def architecture() -> str:
    """Return the architecture of the daemon, like amd64."""
    return run("version", "--format", "{{.Server.Arch}}")


def hint() -> str:
    """Return what to do about a failed command, if no daemon is the reason."""
    if not shutil.which("docker"):
        return ": install Docker (Debian: docker.io)"
    asked = subprocess.run(["docker", "version"], capture_output=True, check=False)
    return "" if asked.returncode == 0 else ": no Docker daemon answers; start one, or name it in DOCKER_HOST"


def require_base(tag: str, make: Callable[[str, str], None]) -> None:
    """See to it that the base image is there: it is, or a registry has it, or `make(tag, architecture)` makes it."""
    if run("images", "--quiet", tag):
        return
    print(f"pulling {tag}")
    try:
        pulled = subprocess.run(
            ["docker", "pull", "--quiet", tag], capture_output=True, check=False, timeout=PULL_SECONDS
        )
    except subprocess.TimeoutExpired:
        pulled = None
    if pulled is None or pulled.returncode:
        print(f"no registry has it: making {tag} from Debian's archive")
        make(tag, architecture())


def build(folder: Path, tag: str, arguments: Mapping[str, str]) -> None:
    """Build the Dockerfile in `folder` with build arguments; what it prints is shown when it fails."""
    told = [word for name, value in arguments.items() for word in ("--build-arg", f"{name}={value}")]
    command = ["docker", "build", "--network=host", "--tag", tag, *told, str(folder)]
    built = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if built.returncode:
        print(built.stdout)
        raise subprocess.CalledProcessError(built.returncode, command)
