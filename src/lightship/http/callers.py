"""Who calls a listener: from where, by which name, and whether a web page of another site had a browser do it."""

from __future__ import annotations

import ipaddress
import re
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

MAX_HOST = 255 + len(":65535")  # characters of a Host header: a name of the DNS, and a port
_HOST = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.-]+)(?::[0-9]{1,5})?")
_OWN_SITE = ("same-origin", "none")  # of Sec-Fetch-Site; none: a person typed the address
_SAFE = ("GET", "HEAD", "OPTIONS")
_BY_A_PROXY = {b"forwarded", b"x-forwarded-for", b"x-real-ip", b"via"}


def host_of(scope: Mapping[str, Any]) -> str | None:
    """Return the Host header of an ASGI `scope`, in small letters; empty without one, None when it is no host's name."""
    shown = _values(scope, b"host")
    if not shown:
        return ""
    host = shown[0].decode("latin-1")
    return host.lower() if len(shown) == 1 and len(host) <= MAX_HOST and (not host or _HOST.fullmatch(host)) else None


def is_unownable(host: str) -> bool:
    """Tell whether `host` can't be made to lead here by whoever owns a domain: an address, a name without a dot, none.

    A name of a stranger's own that suddenly leads to this machine has browsers take it for the stranger's site (DNS rebinding).
    """
    name = _without_port(host).rstrip(".")
    return "." not in name or name.endswith(".localhost") or _address(name) is not None


def is_from_elsewhere(scope: Mapping[str, Any], own: Sequence[str] = ()) -> bool:
    """Tell whether the request changes something, and a web page of another origin than this server had a browser make it.

    `own` are hosts (with a port that is not the scheme's own) that are this server's too.
    """
    if scope["method"] in _SAFE:
        return False
    if any(value.decode("latin-1") not in _OWN_SITE for value in _values(scope, b"sec-fetch-site")):
        return True
    hosts = {host_of(scope), *own}
    return any(_origin_host(value.decode("latin-1")) not in hosts for value in _values(scope, b"origin"))


class Neighbours(NamedTuple):
    """The containers beside this one: who has an address in `networks`, but for `gateways`, behind which is everybody else."""

    networks: tuple[ipaddress.IPv4Network, ...] = ()
    gateways: frozenset[ipaddress.IPv4Address] = frozenset()

    def __contains__(self, address: object) -> bool:
        """Tell whether `address` is one of theirs."""
        return address not in self.gateways and any(address in network for network in self.networks)


NO_NEIGHBOURS = Neighbours()


def neighbours(root: Path = Path("/")) -> Neighbours:
    """Return the containers beside this one, by what the files below `root` (usually /) tell of its interfaces.

    A container engine's network is reached through a pair of interfaces (veth) whose other end is in the engine's namespace. A
    machine's own network, which a container may be given too, is not: there are strangers. Its first address is a gateway,
    whether a route leads there or not.
    """
    networks, gateways = list[ipaddress.IPv4Network](), set[ipaddress.IPv4Address]()
    for line in _lines(root / "proc/net/route")[1:]:
        name, destination, gateway, _, _, _, _, mask, *_ = line.split()
        if int(gateway, 16):
            gateways.add(_from_kernel(gateway))
        elif _is_veth(root / "sys/class/net" / name) and int(mask, 16):
            networks.append(ipaddress.IPv4Network((int(_from_kernel(destination)), str(_from_kernel(mask)))))
    return Neighbours(
        tuple(networks), frozenset(gateways | {network[1] for network in networks if network.num_addresses > 1})
    )


def _is_veth(interface: Path) -> bool:
    """Tell whether an interface is an end of a pair whose other end is in another namespace; other kinds have a DEVTYPE, or link to nothing."""
    index, link = (_lines(interface / name) for name in ("ifindex", "iflink"))
    kinds = [line for line in _lines(interface / "uevent") if line.startswith("DEVTYPE=")]
    return index != link and not kinds and not any(interface.glob("lower_*"))


def _from_kernel(number: str) -> ipaddress.IPv4Address:
    return ipaddress.IPv4Address(struct.pack("=I", int(number, 16)))  # its bytes as they are in memory


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except OSError:
        return []


def is_near(scope: Mapping[str, Any], trusted: Neighbours) -> bool:
    """Tell whether a program of this machine calls, or one of `trusted`; by itself and by a name that is nobody's.

    What a proxy passes on is not near.
    """
    client = scope.get("client")
    address = _address(client[0]) if client else None
    host = host_of(scope)
    if address is None or host is None or not is_unownable(host) or _names(scope) & _BY_A_PROXY:
        return False
    return address.is_loopback or address in trusted


def is_loopback(host: str) -> bool:
    """Tell whether the address `host` is one of this machine's own, which nobody else reaches."""
    address = _address(host)
    return address is not None and address.is_loopback


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _without_port(host: str) -> str:
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdecimal() and (name.startswith("[") or ":" not in name) else host


def _origin_host(origin: str) -> str | None:
    """Return the host of an Origin header as a Host header would write it; None for `null` and what is no origin."""
    try:
        return urlsplit(origin).netloc.lower() or None
    except ValueError:
        return None


def _values(scope: Mapping[str, Any], wanted: bytes) -> list[bytes]:
    return [value for name, value in scope["headers"] if name == wanted]


def _names(scope: Mapping[str, Any]) -> set[bytes]:
    return {name for name, _ in scope["headers"]}
