"""The URL of a log on NATS: `nats://[user:password@]host:4222[,host2:4222]/name[?replicas=3]`, or `tls://…`."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote

from lightship.config import log_password
from lightship.core.errors import ConfigurationError

EXAMPLE = "nats://user:password@host:4222,host2:4222/name?replicas=3"
NAME = re.compile(r"[A-Za-z0-9_-]{1,32}")
HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::([0-9]{1,5}))?")


@dataclass(frozen=True)
class Address:
    """The address of a log; its text is the URL without user and password."""

    scheme: str
    servers: tuple[str, ...]
    name: str
    replicas: int
    user: str = ""
    password: str = field(default="", repr=False)

    def __str__(self) -> str:
        """Return the URL without user and password."""
        return f"{self.scheme}://{','.join(self.servers)}/{self.name}"

    @property
    def secure(self) -> bool:
        """Whether TLS is required."""
        return self.scheme == "tls"


def parse_address(url: str) -> Address:
    """Parse `url`; without `replicas`, three copies if three servers are named, otherwise one.

    A user without a password gets that of the environment, as other users can read command lines. Raises
    ConfigurationError, whose message never contains the password.
    """
    scheme, _, rest = url.partition("://")
    authority, _, path = rest.partition("/")
    credentials, _, hosts = authority.rpartition("@")
    user, _, password = credentials.partition(":")
    name, _, query = path.partition("?")
    servers = tuple(_server(host) for host in hosts.split(","))
    if not NAME.fullmatch(name):
        raise ConfigurationError(
            f"a log on NATS needs a name of letters, digits, - and _, not {name!r}; write it like {EXAMPLE}"
        )
    options = parse_qs(query, keep_blank_values=True)
    replicas = options.pop("replicas", ["3" if len(servers) > 2 else "1"])[-1]
    if options or replicas not in ("1", "3", "5"):
        raise ConfigurationError(f"a log on NATS has one option, replicas, which is 1, 3 or 5; write it like {EXAMPLE}")
    secret = unquote(password) or (log_password() if user else "")
    return Address(scheme, servers, name, int(replicas), unquote(user), secret)


def _server(host: str) -> str:
    found = HOST.fullmatch(host.strip())
    if not found or int(found[2] or 0) > 65535:
        raise ConfigurationError(f"{host!r} is not the address of a NATS server; write the log like {EXAMPLE}")
    return f"{found[1]}:{found[2] or 4222}"
