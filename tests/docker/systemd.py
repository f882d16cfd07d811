"""A machine with systemd as its first process, and Podman 5: a container of a Docker daemon, which boots it."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

from docker.daemon import Container, docker
from support import ROOT, wait_until

ARCHIVE = ROOT / ".tools" / "machine.tar"
IMAGE = "lightship-test-machine"
BOOT_SECONDS = 60
# systemd wants to write its cgroups, which are a namespace's, and Podman its network's settings: nothing of the machine
# around it. With cgroups of version 1 there, or of both, systemd 257 starts only when it is told to; it doesn't care
# elsewhere. A login prompt would take the console away
BOOT = """
for place in $(findmnt -rno TARGET -t cgroup,cgroup2); do mount -o remount,bind,rw "$place"; done
mount --bind /proc/sys/net /proc/sys/net
mount -o remount,bind,rw /proc/sys/net
exec /sbin/init SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1 systemd.getty_auto=0
"""
OPTIONS = (
    "--tty",  # systemd's console, whose output is `docker logs`
    # SYS_PTRACE: crun enters namespaces of containers whose user has no capability
    "--cap-add=SYS_ADMIN", "--cap-add=NET_ADMIN", "--cap-add=SYS_PTRACE", "--device-cgroup-rule=a *:* rwm", "--cgroupns=private",
    "--security-opt=seccomp=unconfined", "--security-opt=apparmor=unconfined",
    "--tmpfs=/run", "--tmpfs=/tmp", "--volume=/var/lib/containers",
    "--env=container=docker", "--env=SYSTEMD_COLORS=0", "--env=PODMAN_IGNORE_CGROUPSV1_WARNING=1",
)  # fmt: skip


@contextlib.contextmanager
def booted(checkout: Path) -> Iterator[Container]:
    """Yield a machine that has booted, with a folder of this one under the same name; it can't write there."""
    if not docker("images", "--quiet", IMAGE):
        docker("import", str(ARCHIVE), IMAGE)
    machine = Container(IMAGE, "sh", "-ec", BOOT, options=(*OPTIONS, f"--volume={checkout}:{checkout}:ro"))
    try:
        wait_until(lambda: is_up(machine), BOOT_SECONDS, "systemd has booted")
        yield machine
    except AssertionError as error:
        error.add_note(f"the machine's console:\n{machine.output[-4000:]}")
        raise
    finally:
        machine.remove()


def is_up(machine: Container) -> bool:
    """Tell whether all has started that starts by itself; raise AssertionError when the machine has ended."""
    assert machine.state["Running"], machine.output
    return "Reached target multi-user.target" in machine.output


def load(machine: Container, *images: str) -> None:
    """Give its Podman images of the Docker daemon, under the names that they have in Docker's registry."""
    for image in images:
        with subprocess.Popen(["docker", "save", image], stdout=subprocess.PIPE) as saved:
            into = ["docker", "exec", "--interactive", machine.name, "podman", "load", "--quiet"]
            subprocess.run(into, stdin=saved.stdout, check=True, stdout=subprocess.DEVNULL)
        machine.execute("podman", "tag", f"localhost/{image}", f"docker.io/library/{image}").check_returncode()
