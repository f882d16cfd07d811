"""The address guard: pages must not make the crawler connect to machines that only its owner can reach (SSRF).

It is applied when a socket is created, so it sees the address of the actual connection, whatever a name, a redirect or
a second DNS answer said before. Only sources given by the owner bypass it (see fetch.py); even then a name that was
public once must stay so, and no name may lead to a metadata service.
"""

from __future__ import annotations

import errno
import ipaddress
import socket

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.connector import AddrInfoType

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_COMPATIBLE = ipaddress.IPv6Network("::/96")  # long deprecated, still routed by some
_ISATAP = (0x00005EFE, 0x02005EFE)  # RFC 5214: the upper half of an interface's identifier
_METADATA = tuple(
    map(
        ipaddress.ip_network,
        ("169.254.0.0/16", "fe80::/10", "fd00:ec2::/32", "100.100.100.200/32", "168.63.129.16/32", "192.0.0.0/24"),
    )
)  # of clouds: AWS, Azure, Google and many; AWS over IPv6; Alibaba; Azure's other one; Oracle


def is_public(address: str) -> bool:
    """Whether an IP address, as text, can be a host of the public internet."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if is_metadata(address):
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        inner = _embedded(ip)
        if inner:
            return all(is_public(str(each)) for each in inner)
        if ip.is_site_local:
            return False
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_unspecified)


def is_metadata(address: str) -> bool:
    """Whether an IP address is a cloud's metadata service, which hands out secrets, or link-local."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    inner = _embedded(ip) if isinstance(ip, ipaddress.IPv6Address) else []
    return any(each in network for each in (ip, *inner) for network in _METADATA)


def _embedded(ip: ipaddress.IPv6Address) -> list[ipaddress.IPv4Address]:
    """Return the IPv4 addresses embedded in an IPv6 address."""
    if ip.teredo:
        return list(ip.teredo)
    low = int(ip) & 0xFFFFFFFF
    if ip in _COMPATIBLE or ip in _NAT64 or (int(ip) >> 32) & 0xFFFFFFFF in _ISATAP:
        return [ipaddress.IPv4Address(low)]
    inner = ip.ipv4_mapped or ip.sixtofour
    return [inner] if inner else []


def guarded_socket(info: AddrInfoType) -> socket.socket:
    """Return a new socket for the address `info`; raises PermissionError if it is not public."""
    family, kind, protocol, _, address = info
    if not is_public(str(address[0])):
        raise PermissionError(
            errno.EACCES, f"refusing to connect to the private address {address[0]}, which was not given as a source"
        )
    return socket.socket(family=family, type=kind, proto=protocol)


class SourceResolver(AbstractResolver):
    """Resolves the names of sources, which may be private, with `resolver`; suspicious addresses are dropped."""

    def __init__(self, resolver: AbstractResolver) -> None:
        """Resolve names with `resolver`."""
        self._resolver = resolver
        self._public: set[str] = set()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the addresses of `host`; raises OSError if none is allowed."""
        found = await self._resolver.resolve(host, port, family)
        if any(is_public(each["host"]) for each in found):
            self._public.add(host)
        allowed = is_public if host in self._public else lambda address: not is_metadata(address)
        believed = [each for each in found if allowed(each["host"])]
        if found and not believed:
            address = found[0]["host"]
            raise PermissionError(
                errno.EACCES, f"refusing to connect to {host}: its DNS name now points to the private address {address}"
            )
        return believed

    async def close(self) -> None:
        """Close the resolver."""
        await self._resolver.close()
