"""Real NATS servers for tests: one, or three as a cluster, which can be killed, paused and started again."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from nats import connect

from support import free_port, wait_until

PROGRAM = Path(sys.executable).with_name("nats-server")

CONFIGURATION = """
server_name: {name}
listen: "{host}:{port}"
http: "{host}:{monitor}"
max_payload: {max_payload}
jetstream {{ store_dir: "{folder}", sync_interval: always, max_file: {max_file}, max_mem: 64MB }}
{more}
"""
CLUSTER = """
cluster {{ name: test, listen: "{host}:{route}", routes: [{routes}] }}
"""


class NatsServer:
    """One server, with its files in `folder`; it runs under the command `prefix` (like `ip netns exec …`)."""

    def __init__(
        self, folder: Path, *, name: str = "nats", host: str = "127.0.0.1", prefix: Sequence[str] = (),
        max_file: str = "4GB", max_payload: str = "8MB", more: str = "",
    ) -> None:  # fmt: skip
        """Choose ports; nothing is started yet."""
        self.name, self.host, self.folder, self.max_file = name, host, folder, max_file
        self.max_payload, self.more = max_payload, more
        self.port, self.route, self.monitor = free_port(), free_port(), free_port()
        self._prefix = list(prefix)
        self.process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)

    def start(self) -> None:
        """Start it (again), on the files that it had."""
        configuration = self.folder / "nats.conf"
        configuration.write_text(CONFIGURATION.format(**vars(self)) + self.more)
        with (self.folder / "output.log").open("ab") as output:
            self.process = subprocess.Popen(
                [*self._prefix, str(PROGRAM), "-c", str(configuration)],
                env={**os.environ, "GOMEMLIMIT": "300MiB"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def _send(self, number: int) -> None:
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, number)

    def kill(self) -> None:
        """End it with SIGKILL."""
        self._send(signal.SIGKILL)
        self.wait()

    def stop(self) -> None:
        """End it with SIGTERM."""
        self._send(signal.SIGTERM)
        self.wait()

    def wait(self) -> None:
        """Wait for its end."""
        if self.process is not None:
            self.process.wait(30)

    def pause(self) -> None:
        """Stop it where it is (SIGSTOP); its connections stay open."""
        self._send(signal.SIGSTOP)

    def unread_bytes(self) -> int:
        """Return how much the kernel holds of what a client sent, for the connection of which it holds most."""
        rows = (line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:])
        queues = [row[4].partition(":")[2] for row in rows if int(row[1].partition(":")[2], 16) == self.port]
        return max((int(queue, 16) for queue in queues), default=0)

    def resume(self) -> None:
        """Let it go on."""
        self._send(signal.SIGCONT)


class Nats:
    """One server, or several that are a cluster."""

    def __init__(self, servers: list[NatsServer]) -> None:
        """Take `servers`; make them a cluster when they are several."""
        self.servers = servers
        routes = ", ".join(f'"nats://{server.host}:{server.route}"' for server in servers)
        if len(servers) > 1:
            for server in servers:
                server.more += CLUSTER.format(host=server.host, route=server.route, routes=routes)

    def start(self) -> None:
        """Start all servers."""
        for server in self.servers:
            server.start()

    def url(self, name: str, user: str = "") -> str:
        """Return the url of a log on these servers, with a copy on each."""
        hosts = ",".join(f"{server.host}:{server.port}" for server in self.servers)
        return f"nats://{user}{hosts}/{name}?replicas={len(self.servers)}"

    def kill(self) -> None:
        """End all servers at once with SIGKILL."""
        for server in self.servers:
            server.resume()
            server.kill()

    def drop(self, name: str) -> None:
        """Remove the log `name`."""
        self._delete([f"KV_{name}", *(f"{name}-{partition}" for partition in range(64))])

    def remove_stream(self, stream: str) -> None:
        """Remove a stream."""
        self._delete([stream])

    def _delete(self, streams: list[str]) -> None:
        async def delete_all() -> None:
            client = await connect([f"nats://{server.host}:{server.port}" for server in self.servers])
            gate = asyncio.Semaphore(8)

            async def delete(stream: str) -> None:
                async with gate:
                    await client.jetstream().delete_stream(stream)

            await asyncio.gather(*map(delete, streams))
            await client.close()

        asyncio.run(delete_all())

    def leader(self, stream: str) -> NatsServer:
        """Return the server that leads `stream`, asked of any that answers."""

        def found() -> NatsServer | None:
            return next((server for server in self.servers if _leads(server, stream)), None)

        leader = wait_until(found, 20, f"a leader of {stream}")
        assert leader
        return leader


def _leads(server: NatsServer, stream: str) -> bool:
    address = f"http://{server.host}:{server.monitor}/jsz?streams=true"
    with contextlib.suppress(OSError), urllib.request.urlopen(address, timeout=2) as answer:
        for account in json.load(answer).get("account_details", []):
            for detail in account.get("stream_detail", []):
                if detail["name"] == stream:
                    return bool(detail.get("cluster", {}).get("leader", server.name) == server.name)
    return False


@contextlib.contextmanager
def running(
    folder: Path, count: int = 1, *, hosts: Sequence[str] = (), prefix: Callable[[int], Sequence[str]] = lambda _: (),
    max_file: str = "4GB", max_payload: str = "8MB", more: str = "",
) -> Iterator[Nats]:  # fmt: skip
    """Run `count` servers below `folder` and end them afterwards; server i listens on `hosts[i]`, under `prefix(i)`."""
    nats = Nats([
        NatsServer(
            folder / f"nats{number}", name=f"nats{number}", host=hosts[number] if hosts else "127.0.0.1",
            prefix=prefix(number), max_file=max_file, max_payload=max_payload, more=more,
        )
        for number in range(count)
    ])  # fmt: skip
    try:
        nats.start()
        yield nats
    finally:
        nats.kill()
