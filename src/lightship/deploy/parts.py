"""The processes of a deployment on one machine, one per container, independent of Compose's or Podman's format."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import PurePosixPath

from lightship.config import ADMIN_TOKEN_VARIABLE, LOG_PASSWORD_VARIABLE, TOKEN_VARIABLE
from lightship.config.shared import INTAKE_BEYOND
from lightship.deploy.topology import Resources, Topology
from lightship.deploy.values import is_website

USER = 65532  # of the image's programs
QUERIES, INTAKE, NATS, ROUTES, MONITOR = 8080, 9090, 4222, 6222, 8222  # ports inside of containers
MOST_SERVERS = 5  # of NATS
DATA = "/data"
CHAOS_LABEL = "lightship.chaos"  # "true": `lightship chaos` may break the container
DRAIN = 5  # seconds: the proxy notices within one that a searchengine is stopping


@dataclasses.dataclass(frozen=True)
class Part:
    """One container."""

    name: str
    image: str
    command: tuple[str, ...]  # empty: the image's own
    resources: Resources
    secrets: tuple[str, ...] = ()  # names of environment variables
    variables: tuple[tuple[str, str], ...] = ()
    routes: tuple[str, ...] = ()  # host:port of the NATS servers in the cluster of this one
    alias: str = ""  # another DNS name, shared by all parts of its kind
    volume: str = ""  # mounted at /data
    mounts: tuple[tuple[str, str], ...] = ()  # read-only: (on the machine, in the container)
    ports: tuple[tuple[int, int], ...] = ()  # (on the machine, in the container)
    health: str = ""  # URL that answers 200 if the part is healthy
    grace: int = 30  # seconds from SIGTERM to SIGKILL
    ours: bool = True
    breakable: bool = True  # by `lightship chaos`, if the environment allows it


def parts(topology: Topology) -> list[Part]:
    """Return all parts in the order of dependency."""
    servers = [f"nats-{number}" for number in range(topology.log)]
    log = log_url([f"{name}:{NATS}" for name in servers])
    return [
        *(_nats(topology, name, servers) for name in servers),
        *(_searchengine(topology, number) for number in range(topology.replicas)),
        *(_indexer(topology, log, name, shard) for name, shard in indexers(topology)),
        *([_crawler(topology, log)] if topology.sources else []),
        _proxy(topology),
    ]


def indexers(topology: Topology) -> list[tuple[str, int]]:
    """Return the name and the shard of each indexer, the leaders first."""
    kinds = ["indexer", *(f"standby-{number}" for number in range(topology.standbys))]
    return [(f"{kind}-{shard}", shard) for kind in kinds for shard in range(topology.shards)]


def log_url(servers: Sequence[str]) -> str:
    """Return the URL of the log on `servers` (host:port each), or in a file; the password is in the environment."""
    return f"nats://lightship@{','.join(servers)}/lightship" if servers else f"sqlite://{DATA}/log.sqlite"


def searchengine_command(topology: Topology, drain: int, port: int = QUERIES) -> tuple[str, ...]:
    """Return the command of a searchengine."""
    access = [*["-closed"] * topology.closed, *([f"-rate={topology.rate}"] if topology.rate else [])]
    access += [f"-origins={topology.origins}"] if topology.origins else []
    access += [f"-collections={topology.collections}"] if topology.collections else []
    return "/searchengine", f"-addr=:{port}", f"-data={DATA}/searchengine", f"-drain={drain}", *access


def indexer_command(
    topology: Topology, log: str, name: str, shard: int | str, *, to: str, listen: int = INTAKE
) -> tuple[str, ...]:
    """Return the command of an indexer with the data folder `name`; `to` (host:port) is where it pushes."""
    return (
        "/indexer", f"-log={log}", f"-searchengine={to}", f"-shards={topology.shards}", f"-shard={shard}",
        f"-listen=:{listen}", f"-data={DATA}/{name}", *_fields(topology),
    )  # fmt: skip


def crawler_command(topology: Topology, log: str) -> tuple[str, ...]:
    """Return the command of the crawler."""
    return (
        "/crawler", f"-log={log}", f"-data={DATA}/crawler", *_fields(topology), *crawl_arguments(topology), *topology.sources,
    )  # fmt: skip


def crawl_arguments(topology: Topology) -> list[str]:
    """Return the crawler's settings and rules as its arguments."""
    return [*topology.crawl.splitlines(), *([f"-rules={topology.rules}"] if topology.rules else [])]


def _fields(topology: Topology) -> list[str]:
    return [f"-fields={topology.declaration}"] if topology.declaration else []


def go_memory(resources: Resources) -> str:
    """Return the soft memory limit (GOMEMLIMIT) of a Go program: three quarters of its limit."""
    return f"{resources.memory * 3 // 4 >> 20}MiB"


def probe(url: str) -> tuple[str, ...]:
    """Return the command of a health check, which runs in a container without a shell."""
    return "/lightship", "probe", url


def _searchengine(topology: Topology, number: int) -> Part:
    return Part(
        f"searchengine-{number}", topology.image, searchengine_command(topology, DRAIN), topology.searchengine,
        secrets=(TOKEN_VARIABLE, ADMIN_TOKEN_VARIABLE), alias="searchengine", volume=f"searchengine-{number}",
        health=f"http://localhost:{QUERIES}/readyz", grace=DRAIN + 15,
    )  # fmt: skip


def _indexer(topology: Topology, log: str, name: str, shard: int) -> Part:
    return Part(
        name, topology.image, indexer_command(topology, log, name, shard, to=f"searchengine:{QUERIES}"), topology.indexer,
        secrets=(TOKEN_VARIABLE, *_password(topology)), alias="indexer", volume=name if topology.log else "log",
        health=f"http://localhost:{INTAKE}/livez",
    )  # fmt: skip


def _crawler(topology: Topology, log: str) -> Part:
    folders = tuple((source, source) for source in topology.sources if not is_website(source))
    return Part(
        "crawler", topology.image, crawler_command(topology, log), topology.crawler,
        secrets=_password(topology), volume="crawler" if topology.log else "log", mounts=folders,
    )  # fmt: skip


def routes(servers: Sequence[str]) -> tuple[str, ...]:
    """Return host:port of each NATS server's cluster listener, if there are several servers."""
    return tuple(f"{server}:{ROUTES}" for server in servers) if len(servers) > 1 else ()


def _nats(topology: Topology, name: str, servers: Sequence[str]) -> Part:
    return Part(
        name, topology.nats.image, ("--config=/etc/nats.conf", f"--name={name}"), topology.nats,
        secrets=_password(topology), volume=name, mounts=(("./nats.conf", "/etc/nats.conf"),),
        variables=(("GOMEMLIMIT", go_memory(topology.nats)),), routes=routes(servers), ours=False,
    )  # fmt: skip


def _proxy(topology: Topology) -> Part:
    config = "/usr/local/etc/haproxy/haproxy.cfg"  # the default path in HAProxy's image
    return Part(
        "proxy", topology.proxy.image, (), topology.proxy, mounts=((f"./{PurePosixPath(config).name}", config),),
        ports=((topology.port, QUERIES), (topology.port + INTAKE_BEYOND, INTAKE)), ours=False, breakable=False,
    )  # fmt: skip


def _password(topology: Topology) -> tuple[str, ...]:
    return (LOG_PASSWORD_VARIABLE,) if topology.log else ()
