"""Hosts on one machine: a network namespace each, joined by a bridge in another one, with a disk (a tmpfs) of its own.

The bridge has a namespace so that the machine's packet filter, of which Docker makes one that forwards nothing, is not between them.

Links can be cut whole, or from one host to another and only in that direction. All names hold the process id of who made
them, so that what a killed run left behind is known and removed by the next one.
"""

from __future__ import annotations

import contextlib
import os
import random
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

PREFIX = "lschaos"
NAMESPACES = Path("/run/netns")

_NOBODY = "02:00:00:00:00:01"  # a hardware address that no host has


def can_make_hosts() -> bool:
    """Tell whether this process may make network namespaces, and has what it takes."""
    if os.geteuid() != 0 or not shutil.which("ip") or not shutil.which("mount"):
        return False
    probe = f"{PREFIX}{os.getpid()}-probe"
    made = subprocess.run(["ip", "netns", "add", probe], capture_output=True, check=False).returncode == 0
    if made:
        _ip("netns", "delete", probe)
    return made


class Host:
    """A machine of the network: `address` is its IPv4 address, `disk` the folder where its files are."""

    def __init__(self, network: Network, name: str, number: int, disk: Path) -> None:
        """Use `Network.add`."""
        self.name, self.disk, self._switch = name, disk, network.switch
        self.namespace = f"{network.name}-{number}"  # of the namespace, and of the bridge's end of its cable
        self.address = f"{network.subnet}.{number}"

    def command(self, *command: str) -> list[str]:
        """Return the command line that runs `command` on this host, as the same process."""
        return ["ip", "netns", "exec", self.namespace, *command]

    def cut(self) -> None:
        """Pull the cable."""
        _ip("-n", self._switch, "link", "set", self.namespace, "down")

    def mend(self) -> None:
        """Plug the cable in again."""
        _ip("-n", self._switch, "link", "set", self.namespace, "up")

    def cut_towards(self, other: Host) -> None:
        """Lose everything that this host sends to `other`, silently; what the other sends still arrives."""
        _ip(
            "-n",
            self.namespace,
            "neigh",
            "replace",
            other.address,
            "lladdr",
            _NOBODY,
            "dev",
            "eth0",
            "nud",
            "permanent",
        )

    def mend_towards(self, other: Host) -> None:
        """Undo `cut_towards`."""
        _ip("-n", self.namespace, "neigh", "del", other.address, "dev", "eth0")

    def fill_disk(self) -> None:
        """Fill the disk until nothing fits any more."""
        with (self.disk / "ballast").open("wb") as file:
            for size in (1 << 20, 1 << 12):  # large pieces are quick
                with contextlib.suppress(OSError):
                    while True:
                        os.posix_fallocate(file.fileno(), os.fstat(file.fileno()).st_size, size)

    def free_disk(self) -> None:
        """Undo `fill_disk`."""
        (self.disk / "ballast").unlink(missing_ok=True)


class Network:
    """Hosts and the bridge between them; this process takes part in it at an address of its own."""

    def __init__(self, folder: Path) -> None:
        """Make the bridge; `folder` is where the hosts' disks are mounted."""
        self.name = f"{PREFIX}{os.getpid()}"
        self.hosts: list[Host] = []
        self._folder = folder
        remove_leftovers()
        self.subnet, self.switch = _free_subnet(), f"{self.name}-0"
        _ip("netns", "add", self.switch)
        _ip("-n", self.switch, "link", "add", "bridge", "type", "bridge")
        _ip("-n", self.switch, "link", "set", "bridge", "up")
        _ip("link", "add", self.name, "type", "veth", "peer", "name", "clients", "netns", self.switch)
        _ip("-n", self.switch, "link", "set", "clients", "master", "bridge", "up")
        _ip("addr", "add", f"{self.subnet}.254/24", "dev", self.name)
        _ip("link", "set", self.name, "up")

    def add(self, name: str, disk_bytes: int = 256 << 20) -> Host:
        """Add a host with a disk of that size."""
        number, disk = len(self.hosts) + 1, self._folder / name
        host = Host(self, name, number, disk)
        disk.mkdir(parents=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={disk_bytes}", self.name, disk], check=True)
        self.hosts.append(host)
        _ip("netns", "add", host.namespace)
        cable = ("link", "add", host.namespace, "type", "veth", "peer", "name", "eth0", "netns", host.namespace)
        _ip("-n", self.switch, *cable)
        _ip("-n", self.switch, "link", "set", host.namespace, "master", "bridge", "up")
        _ip("-n", host.namespace, "addr", "add", f"{host.address}/24", "dev", "eth0")
        _ip("-n", host.namespace, "link", "set", "eth0", "up")
        _ip("-n", host.namespace, "link", "set", "lo", "up")
        return host

    def close(self) -> None:
        """Kill what runs on the hosts, and remove all of it."""
        _remove(self.name)


@contextlib.contextmanager
def network(folder: Path) -> Iterator[Network]:
    """Make a network, and remove it whatever happens."""
    made = Network(folder)
    try:
        yield made
    finally:
        made.close()


def remove_leftovers() -> None:
    """Remove the networks of processes that have ended without doing so."""
    links = subprocess.run(["ip", "-o", "link", "show", "type", "veth"], capture_output=True, text=True, check=True)
    names = set(re.findall(rf"({PREFIX}\d+)", " ".join([links.stdout, *_namespaces()])))
    for name in names:
        if not Path("/proc", name.removeprefix(PREFIX)).exists():
            _remove(name)


def _remove(name: str) -> None:
    for namespace in _namespaces():
        if namespace.startswith(f"{name}-"):
            for process in subprocess.run(
                ["ip", "netns", "pids", namespace], capture_output=True, text=True, check=False
            ).stdout.split():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(process), signal.SIGKILL)
            _ip("netns", "delete", namespace, check=False)
    _ip("link", "delete", name, check=False)
    for line in Path("/proc/mounts").read_text().splitlines():
        device, folder, *_ = line.split()
        if device == name:
            subprocess.run(["umount", "--lazy", folder], check=False)


def _namespaces() -> list[str]:
    return [path.name for path in NAMESPACES.iterdir()] if NAMESPACES.is_dir() else []


def _free_subnet() -> str:
    """Return the first three bytes of a /24 of 10.0.0.0/8 that this machine has no route to."""
    routes = subprocess.run(["ip", "route"], capture_output=True, text=True, check=True).stdout
    choices = (f"10.{random.randrange(100, 250)}.{random.randrange(256)}" for _ in iter(int, 1))
    return next(subnet for subnet in choices if f"{subnet}." not in routes)


def _ip(*arguments: str, check: bool = True) -> None:
    subprocess.run(["ip", *arguments], check=check, capture_output=True, text=True)
