"""Hosts that a benchmark starts programs on: this one, and one behind a link of a given speed (Linux, as root)."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_NEAR, _FAR = "10.213.87.1", "10.213.87.2"
_BURST = "2mb"  # what may pass at once; a link of 10 Gbit/s needs it in 2 ms


@dataclass(frozen=True)
class Host:
    """Where a program listens, and the words before its command that start it there."""

    address: str = "127.0.0.1"
    prefix: Sequence[str] = ()


def can_shape() -> bool:
    """Tell whether a link of its own can be made here."""
    try:
        with behind_link(1.0):
            return True
    except (OSError, subprocess.CalledProcessError):
        return False


@contextlib.contextmanager
def behind_link(gigabits: float) -> Iterator[Host]:
    """Yield a host, a network namespace, to which `gigabits` a second can be sent."""
    name = f"lsbench{os.getpid()}"[:14]  # a network device's name has at most 15 characters
    with contextlib.ExitStack() as made:
        _run("ip", "netns", "add", name)
        made.callback(_run, "ip", "netns", "delete", name)
        _run("ip", "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", name)
        made.callback(_run, "ip", "link", "delete", name)  # with its namespace it would go too, but later
        _run("ip", "address", "add", f"{_NEAR}/30", "dev", name)
        _run("ip", "link", "set", name, "up")
        _run("ip", "-netns", name, "address", "add", f"{_FAR}/30", "dev", "eth0")
        for device in ("eth0", "lo"):
            _run("ip", "-netns", name, "link", "set", device, "up")
        rate = ("rate", f"{gigabits}gbit", "burst", _BURST, "latency", "50ms")
        _run("tc", "qdisc", "add", "dev", name, "root", "tbf", *rate)
        yield Host(_FAR, ("ip", "netns", "exec", name))


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
