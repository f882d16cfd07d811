"""The address guard: pages must not make the crawler talk to machines that only its owner can reach.

It works where a socket is made, so it sees the address that will really be connected to, whatever a name, a redirect
or a second DNS answer said before. Only what the owner gave as a SOURCE is fetched without it (see fetch.py).
"""

from __future__ import annotations

import errno
import ipaddress
import socket

from aiohttp.connector import AddrInfoType

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_COMPATIBLE = ipaddress.IPv6Network("::/96")  # long deprecated, still routed by some


def is_public(address: str) -> bool:
    """Return whether an IP address, in text, can be a host of the public internet."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = _embedded(ip)
        if inner:
            return all(is_public(str(each)) for each in inner)
        if ip.is_site_local:
            return False
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_unspecified)


def _embedded(ip: ipaddress.IPv6Address) -> list[ipaddress.IPv4Address]:
    """Return the IPv4 addresses that an IPv6 address is another way to reach."""
    if ip.teredo:
        return list(ip.teredo)
    if ip in _COMPATIBLE or ip in _NAT64:
        return [ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)]
    inner = ip.ipv4_mapped or ip.sixtofour
    return [inner] if inner else []


def guarded_socket(info: AddrInfoType) -> socket.socket:
    """Return a new socket for the address `info`; raises PermissionError when that is not a public one."""
    family, kind, protocol, _, address = info
    if not is_public(str(address[0])):
        raise PermissionError(
            errno.EACCES, f"the private address {address[0]} was not given as a source: not connecting to it"
        )
    return socket.socket(family=family, type=kind, proto=protocol)
