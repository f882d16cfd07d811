"""The deployment file's contents: what runs in an environment.

Every key has its default and its help here, and nowhere else; `docs/configuration.md` lists them, and a test compares.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from lightship import __version__
from lightship.deploy import values

ENVIRONMENTS = ("dev", "test", "staging", "production")


def _key(default: Any, text: str, parse: Callable[[Any], Any]) -> Any:
    """Declare one key; `parse` turns its TOML value into its value, or raises ValueError."""
    return dataclasses.field(default=default, metadata={"help": text, "parse": parse})


@dataclasses.dataclass(frozen=True)
class Resources:
    """What one process may use; memory in bytes."""

    memory: int = _key(0, "memory of each, like `512MiB`: it gets no more", values.size(32 * values.MIB))
    cpu: float = _key(0, "processors of each, like `0.5` or `2`", values.processors)


@dataclasses.dataclass(frozen=True)
class Stored(Resources):
    """A program with a disk: its size in bytes."""

    disk: int = _key(0, "disk of each, like `20GiB`", values.size(16 * values.MIB))


@dataclasses.dataclass(frozen=True)
class Log(Stored):
    """The servers of the document log."""

    image: str = _key("", "image of the NATS servers", values.image)


@dataclasses.dataclass(frozen=True)
class Proxy(Resources):
    """What stands before the searchengines where nothing else does."""

    image: str = _key("", "image of HAProxy, with Compose and Quadlet", values.image)


@dataclasses.dataclass(frozen=True)
class Topology:
    """What runs in one environment."""

    name: str = _key(
        "lightship", "first part of the name of each project or namespace; the environment follows",
        values.matching(values.NAME, 30, "a name of up to 30 small letters, digits and -"),
    )  # fmt: skip
    image: str = _key(f"lightship:{__version__}", "image of the programs", values.image)
    sources: tuple[str, ...] = _key(
        (), "what is crawled: websites, folders, `.jsonl` files; none: no crawler", values.sources
    )
    shards: int = _key(1, "number of shards, each with an indexer", values.like_up("shards"))
    standbys: int = _key(0, "indexers that stand by for each shard", values.like_up("standbys"))
    replicas: int = _key(1, "number of searchengines", values.like_up("replicas"))
    replicas_max: int = _key(0, "searchengines that Kubernetes may start under load; 0: twice `replicas`", values.most)
    log: int = _key(
        0, "NATS servers that keep the document log: 1, 3 or 5; 0: a file (SQLite) on one machine", values.servers
    )
    host: str = _key(
        "localhost", "name under which people reach the search page", values.matching(values.HOST, 253, "a host name")
    )
    port: int = _key(8080, "port of the search page on a machine; documents are added at PORT + 1010", values.port)
    chaos: bool = _key(
        False, "whether `lightship chaos` may break it on purpose (with Compose, or local): for staging", values.boolean
    )
    searchengine: Stored = Stored(1 << 30, 1, 20 << 30)
    indexer: Stored = Stored(2 << 30, 2, 40 << 30)
    crawler: Stored = Stored(1 << 30, 1, 10 << 30)
    nats: Log = Log(1 << 30, 1, 40 << 30, "nats:2.15")
    proxy: Proxy = Proxy(256 << 20, 1, "haproxy:3.2")
    environment: str = "production"

    @property
    def project(self) -> str:
        """The name of the Compose project, the units' prefix and the namespace."""
        return f"{self.name}-{self.environment}"

    @property
    def most_replicas(self) -> int:
        """How many searchengines there may be under load."""
        return self.replicas_max or 2 * self.replicas


TABLES = {
    field.name: type(field.default) for field in dataclasses.fields(Topology) if isinstance(field.default, Resources)
}
KEYS = {field.name: field for field in dataclasses.fields(Topology) if "parse" in field.metadata}
