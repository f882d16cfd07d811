"""Who calls a listener: from where, by which name, and whether a web page of another site had a browser do it."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

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
    return host.lower() if len(shown) == 1 and len(host) <= MAX_HOST and _HOST.fullmatch(host) else None


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


def is_near(scope: Mapping[str, Any], networks: Sequence[Network]) -> bool:
    """Tell whether a program of this machine calls, or of `networks`; by itself, not for somebody else.

    Not near are: what a proxy passes on; what calls by a name with dots; a network's first address, which is that of the
    gateway, behind which is everybody.
    """
    client = scope.get("client")
    address = _address(client[0]) if client else None
    host = host_of(scope)
    if address is None or host is None or not is_unownable(host) or _names(scope) & _BY_A_PROXY:
        return False
    return address.is_loopback or any(address in network and address != network[1] for network in networks)


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
