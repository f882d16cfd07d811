"""Where a request comes from: its address, the name it used, and whether a web page of another site caused it."""

from __future__ import annotations

import ipaddress
import re
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from lightship.core.caching import cache_short

MAX_HOST = 255 + len(":65535")  # characters of a Host header: a DNS name and a port
_HOST = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.-]+)(?::[0-9]{1,5})?")
_OWN_SITE = ("same-origin", "none")  # values of Sec-Fetch-Site; none: a person entered the url
_SAFE = ("GET", "HEAD", "OPTIONS")
_BY_A_PROXY = {b"forwarded", b"x-forwarded-for", b"x-real-ip", b"via"}


def host_of(scope: Mapping[str, Any]) -> str | None:
    """Return the Host header of an ASGI `scope` in lower case; empty if missing, None if invalid."""
    shown = _values(scope, b"host")
    if not shown:
        return ""
    host = shown[0].decode("latin-1")
    return host.lower() if len(shown) == 1 and len(host) <= MAX_HOST and (not host or _HOST.fullmatch(host)) else None


@cache_short(entries=256, longest=MAX_HOST)
def is_unownable(host: str) -> bool:
    """Return True if no stranger can own `host`: it is an IP address, a name without a dot, or empty.

    A stranger could point a domain of theirs to this machine, and browsers would take this server for part of the
    stranger's site (DNS rebinding).
    """
    name = _without_port(host).rstrip(".")
    return "." not in name or name.endswith(".localhost") or _address(name) is not None


def is_from_elsewhere(scope: Mapping[str, Any], own: Sequence[str] = ()) -> bool:
    """Return True if the request makes changes and was sent by a web page of another origin.

    `own` are further hosts of this server (with the port, unless it is the scheme's default).
    """
    if scope["method"] in _SAFE:
        return False
    if any(value.decode("latin-1") not in _OWN_SITE for value in _values(scope, b"sec-fetch-site")):
        return True
    hosts = {host_of(scope), *own}
    return any(_origin_host(value.decode("latin-1")) not in hosts for value in _values(scope, b"origin"))


class Neighbours(NamedTuple):
    """Neighbouring containers: addresses in `networks` except the `gateways`, through which all other traffic comes."""

    networks: tuple[ipaddress.IPv4Network, ...] = ()
    gateways: frozenset[ipaddress.IPv4Address] = frozenset()

    def __contains__(self, address: object) -> bool:
        """Return True if `address` belongs to a neighbouring container."""
        return address not in self.gateways and any(address in network for network in self.networks)


NO_NEIGHBOURS = Neighbours()


def neighbours(root: Path = Path("/")) -> Neighbours:
    """Return the neighbouring containers, found from this container's interfaces in the files below `root` (usually /).

    The network of a container engine is attached by a pair of interfaces (veth) whose other end is in the engine's
    namespace. The machine's own network, which a container may also be attached to, is not trusted. The first address
    of a network counts as a gateway, with or without a route to it.
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
    """Return True for one end of a pair whose other end is in another namespace.

    Other kinds of interfaces have a DEVTYPE, or are not linked.
    """
    index, link = (_lines(interface / name) for name in ("ifindex", "iflink"))
    kinds = [line for line in _lines(interface / "uevent") if line.startswith("DEVTYPE=")]
    return index != link and not kinds and not any(interface.glob("lower_*"))


def _from_kernel(number: str) -> ipaddress.IPv4Address:
    return ipaddress.IPv4Address(struct.pack("=I", int(number, 16)))  # the kernel prints the bytes in memory order


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except OSError:
        return []


def is_trusted_caller(scope: Mapping[str, Any], trusted: Neighbours) -> bool:
    """Return True if the caller is on this machine or in `trusted`, and used a Host that no stranger can own.

    Requests passed on by a proxy are not near.
    """
    client = scope.get("client")
    address = _address(client[0]) if client else None
    host = host_of(scope)
    if address is None or host is None or not is_unownable(host) or _names(scope) & _BY_A_PROXY:
        return False
    return address.is_loopback or address in trusted


def is_loopback(host: str) -> bool:
    """Return True if the address `host` is a loopback address."""
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
    """Return the host of an Origin header in the form of a Host header; None for `null` or an invalid origin."""
    try:
        return urlsplit(origin).netloc.lower() or None
    except ValueError:
        return None


def _values(scope: Mapping[str, Any], wanted: bytes) -> list[bytes]:
    return [value for name, value in scope["headers"] if name == wanted]


def _names(scope: Mapping[str, Any]) -> set[bytes]:
    return {name for name, _ in scope["headers"]}
