"""The contents of the deployment file: what runs in an environment.

Every key has its default and its help here, and nowhere else; a test compares them with `docs/configuration.md`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from lightship import __version__
from lightship.config import read_rules
from lightship.core.collections import collections_of, with_collections
from lightship.deploy import values

ENVIRONMENTS = ("dev", "test", "staging", "production")


def _key(default: Any, text: str, parse: Callable[[Any], Any]) -> Any:
    """Declare one key; `parse` converts its TOML value, or raises ValueError."""
    return dataclasses.field(default=default, metadata={"help": text, "parse": parse})


@dataclasses.dataclass(frozen=True)
class Resources:
    """Resource limits of one process; memory in bytes."""

    memory: int = _key(0, "memory limit of each, like `512MiB`", values.size(32 * values.MIB))
    cpu: float = _key(0, "CPU limit of each in processors, like `0.5` or `2`", values.processors)


@dataclasses.dataclass(frozen=True)
class Stored(Resources):
    """Limits of a program with a disk, whose size is in bytes."""

    disk: int = _key(0, "disk size of each, like `20GiB`", values.size(16 * values.MIB))


@dataclasses.dataclass(frozen=True)
class Log(Stored):
    """The servers of the document log."""

    image: str = _key("", "image of the NATS servers", values.image)


@dataclasses.dataclass(frozen=True)
class Proxy(Resources):
    """The load balancer in front of the searchengines, for targets without one."""

    image: str = _key("", "image of HAProxy, with Compose and Quadlet", values.image)


@dataclasses.dataclass(frozen=True)
class Topology:
    """What runs in one environment."""

    name: str = _key(
        "lightship", "prefix of each project's or namespace's name; the environment is appended",
        values.matching(values.NAME, 30, "a name of up to 30 lower-case letters, digits and -, beginning with a letter"),
    )  # fmt: skip
    image: str = _key(f"lightship:{__version__}", "image of the programs", values.image)
    sources: tuple[str, ...] = _key(
        (), "websites, folders and `.jsonl` files to crawl; without any, no crawler runs", values.sources
    )
    rules: str = _key(
        "", 'rules of each source, like `exclude = ["*.pdf"]` in `[rules."https://example.org/"]`', values.rules
    )
    crawl: str = _key("", "settings of the crawler with `_` for `-`, like `revisit = 600` in `[crawl]`", values.crawl)
    shards: int = _key(1, "number of shards; each has one leading indexer", values.like_up("shards"))
    fields: str = _key("", 'declared fields and their kinds, like `price = "number"` in `[fields]`', values.fields)
    collections: str = _key(
        "", 'collections and their titles, like `docs = "Documentation"` in `[collections]`', values.collections
    )
    origins: str = _key("", 'origins of web pages that may search, like `["https://example.org"]`', values.origins)
    closed: bool = _key(False, "searching needs a key, or the secret", values.boolean)
    rate: str = _key("", "requests that one address may make for searches, like `10/s`", values.rate)
    standbys: int = _key(0, "standby indexers per shard", values.like_up("standbys"))
    replicas: int = _key(1, "number of searchengines", values.like_up("replicas"))
    replicas_max: int = _key(
        0, "most searchengines that Kubernetes may run under load; 0: twice `replicas`", values.most
    )
    log: int = _key(
        0, "NATS servers that keep the document log: 1, 3 or 5; 0: a file (SQLite) on one machine", values.servers
    )
    host: str = _key("localhost", "host name of the search page", values.matching(values.HOST, 253, "a host name"))
    port: int = _key(8080, "port of the search page on a machine; documents are added on PORT + 1010", values.port)
    chaos: bool = _key(
        False, "allows `lightship chaos` to inject faults (with Compose, or local); for staging", values.boolean
    )
    searchengine: Stored = Stored(1 << 30, 1, 20 << 30)
    indexer: Stored = Stored(2 << 30, 2, 40 << 30)
    crawler: Stored = Stored(1 << 30, 1, 10 << 30)
    nats: Log = Log(1 << 30, 1, 40 << 30, "nats:2.15")
    proxy: Proxy = Proxy(256 << 20, 1, "haproxy:3.2")
    environment: str = "production"

    @property
    def declaration(self) -> str:
        """The declared fields, with that of the collections; raises InvalidInputError."""
        named = [*collections_of(self.collections), *(each.collection for each in read_rules(self.rules))]
        return with_collections(self.fields, named)

    @property
    def project(self) -> str:
        """The name of the Compose project, the units' prefix and the namespace."""
        return f"{self.name}-{self.environment}"

    @property
    def most_replicas(self) -> int:
        """The maximum number of searchengines under load."""
        return self.replicas_max or 2 * self.replicas


TABLES = {
    field.name: type(field.default) for field in dataclasses.fields(Topology) if isinstance(field.default, Resources)
}
KEYS = {field.name: field for field in dataclasses.fields(Topology) if "parse" in field.metadata}
