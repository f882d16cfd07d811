"""The distributed system that is broken: 3 NATS servers, 3 shards with a standby each, 3 replicas and a crawler.

Each program has a host of its own; see `network.py`.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from chaos.network import Network, network
from chaos.node import Node
from lightship.chaos.system.faults import KINDS, Fault, Kind
from support import wait_until

NATS, SHARDS, INDEXERS, REPLICAS = 3, 3, 2, 3
PORT = 8000
LOG = "chaos"
NATS_CONFIGURATION = """
server_name: {name}
listen: 0.0.0.0:4222
max_payload: 8MB
jetstream {{ store_dir: "{folder}", max_memory_store: 16MB, sync_interval: always }}
cluster {{ name: chaos, listen: 0.0.0.0:6222, routes: [{routes}] }}
"""
TOKEN = "a secret of the hosts of this test"
NATS_ENVIRONMENT = {"GOMEMLIMIT": "200MiB", "GOGC": "200"}


class Cluster:
    """The hosts and programs, started at once: a System."""

    kinds: Sequence[Kind] = (*KINDS,)
    is_alone = True

    def __init__(self, hosts: Network, folder: Path, standbys: int = INDEXERS - 1) -> None:
        """Make the hosts; nothing runs before `start`."""
        self.folder, self._network = folder, hosts
        self.nats: list[Node] = self._make_nats()
        self.log_url = f"nats://{','.join(f'{node.host.address}:4222' for node in self.nats)}/{LOG}"
        self.searchengines = [self._make_searchengine(number) for number in range(REPLICAS)]
        self.indexers = [self._make_indexer(shard, each) for shard in range(SHARDS) for each in range(standbys + 1)]
        self.documents = folder / "documents.jsonl"
        self.crawler = self._make_crawler()
        self.nodes = {node.name: node for node in [*self.nats, *self.searchengines, *self.indexers, self.crawler]}

    @property
    def groups(self) -> Mapping[str, Sequence[str]]:
        """The names of all hosts by what they do."""
        kinds: dict[str, list[str]] = {}
        for node in self.nodes.values():
            kinds.setdefault(node.kind, []).append(node.name)
        return kinds

    @property
    def replicas(self) -> Mapping[str, str]:
        """host:port of each replica, by name."""
        return {node.name: f"{node.host.address}:{PORT}" for node in self.searchengines}

    @property
    def intakes(self) -> Mapping[str, str]:
        """host:port of each indexer's intake, by name."""
        return {node.name: f"{node.host.address}:{PORT}" for node in self.indexers}

    @property
    def stores(self) -> dict[str, Path]:
        """The folder of each NATS server's files, by name."""
        return {node.name: node.host.disk for node in self.nats}

    def start(self) -> None:
        """Start all, and return when an empty index is searchable on each replica."""
        for node in self.nats:
            node.start()
        wait_until(lambda: all(map(_is_healthy, self.nats)), 60, "all NATS servers healthy")
        for node in [*self.searchengines, *self.indexers, self.crawler]:
            node.start()
        waited = [f"{address}/readyz" for address in self.replicas.values()]
        waited += [f"{address}/livez" for address in self.intakes.values()]

        def all_answer() -> bool:
            self.look_after()
            return all(map(_answers, waited))

        wait_until(all_answer, 120, f"answers of {waited}")

    def look_after(self) -> bool:
        """Start again what has ended by itself; tell whether all run."""
        for node in self.nodes.values():
            node.look_after()
        return all(node.is_running for node in self.nodes.values())

    def ended(self) -> list[str]:
        """Say which programs ended by themselves."""
        return [
            f"{name} by itself: {node.ended_by_itself}" for name, node in self.nodes.items() if node.ended_by_itself
        ]

    def tell(self, characters: int = 1500) -> None:
        """Print the end of each program's output."""
        for node in self.nodes.values():
            print(f"--- {node.name}, running: {node.is_running}", node.output[-characters:], sep="\n")

    def begin(self, fault: Fault) -> None:
        """Let a fault begin."""
        node = self.nodes[fault.host]
        if fault.kind == "kill":
            node.kill()
        elif fault.kind == "pause":
            node.pause()
        elif fault.kind == "cut":
            node.host.cut()
        elif fault.kind == "cut towards":
            node.host.cut_towards(self.nodes[fault.other].host)
        else:
            node.host.fill_disk()

    def end(self, fault: Fault) -> None:
        """Let a fault end."""
        node = self.nodes[fault.host]
        if fault.kind == "kill":
            node.start()
        elif fault.kind == "pause":
            node.resume()
        elif fault.kind == "cut":
            node.host.mend()
        elif fault.kind == "cut towards":
            node.host.mend_towards(self.nodes[fault.other].host)
        else:
            node.host.free_disk()
            if node.kind == "nats":  # it refuses to store anything until it is started again
                node.kill()
                node.start()

    def _add(self, kind: str, name: str, command: list[str], env: dict[str, str] | None = None) -> Node:
        host = next(host for host in self._network.hosts if host.name == name)
        return Node(kind, host, command, self.folder / f"{name}.log", env)

    def _make_nats(self) -> list[Node]:
        hosts = [self._network.add(f"nats-{number}", 1 << 30) for number in range(NATS)]
        routes = ", ".join(f"nats://{host.address}:6222" for host in hosts)
        server = nats_server()
        assert server is not None
        nodes = []
        for host in hosts:
            path = self.folder / f"{host.name}.conf"
            path.write_text(NATS_CONFIGURATION.format(name=host.name, folder=host.disk, routes=routes))
            command = [server, "--config", str(path), "--http_port", "8222"]
            nodes.append(self._add("nats", host.name, command, NATS_ENVIRONMENT))
        return nodes

    def _make_searchengine(self, number: int) -> Node:
        host = self._network.add(f"searchengine-{number}")
        return self._add("searchengine", host.name, _program("searchengine", f"-addr=:{PORT}", "-data=data"))

    def _make_indexer(self, shard: int, each: int) -> Node:
        host = self._network.add(f"indexer-{shard}{'abcdefgh'[each]}")
        return self._add(
            "indexer", host.name,
            _program(
                "indexer", f"-log={self.log_url}", f"-shard={shard}", f"-shards={SHARDS}", "-data=data", "-heap=16",
                "-threads=1", f"-listen=:{PORT}", f"-searchengine={','.join(self.replicas.values())}",
            ),
        )  # fmt: skip

    def _make_crawler(self) -> Node:
        host = self._network.add("crawler")
        self.documents.write_text("")
        command = _program("crawler", f"-log={self.log_url}", "-data=data", str(self.documents))
        return self._add("crawler", host.name, command)


def nats_server() -> str | None:
    """Return the path of a NATS server, or None."""
    beside = Path(sys.executable).with_name("nats-server")
    return str(beside) if beside.exists() else shutil.which("nats-server")


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Cluster]:
    """Run a cluster with its files in `folder`; whatever happens, nothing of it is left. Who calls it has its secret meanwhile."""
    with network(folder / "hosts") as hosts, pytest.MonkeyPatch.context() as environment:
        environment.setenv("LIGHTSHIP_TOKEN", TOKEN)
        cluster = Cluster(hosts, folder)
        try:
            cluster.start()
            yield cluster
        except BaseException:
            cluster.tell()
            raise
        finally:
            for node in cluster.nodes.values():
                node.kill()


def _program(name: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", f"lightship.{name}.main", *arguments]


def _is_healthy(node: Node) -> bool:
    with urlopen(f"http://{node.host.address}:8222/healthz", timeout=2) as response:
        return bool(json.load(response).get("status") == "ok")


def _answers(address: str) -> bool:
    try:
        with urlopen(f"http://{address}", timeout=2) as response:
            return bool(response.status == 200)
    except URLError:
        return False
