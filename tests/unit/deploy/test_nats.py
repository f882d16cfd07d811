"""The configuration of the log's servers, given to a real one."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lightship.config import LOG_PASSWORD_VARIABLE
from lightship.core.errors import ConfigurationError
from lightship.core.model import Change, Document
from lightship.deploy import compose
from lightship.deploy.reading import parse_topology
from lightship.deploy.secrets import make_secret, route_variables
from lightship.doclog import open_log
from nats_servers import PROGRAM
from support import free_port, wait_until

pytestmark = pytest.mark.nats


def configuration(servers: int, **replaced: str) -> str:
    text = compose.render(parse_topology(f"log = {servers}", "dev"))["nats.conf"]
    for old, new in replaced.items():
        assert old in text
        text = text.replace(old, new)
    return text


def environment(routes: list[str], password: str = "") -> dict[str, str]:
    """Return the environment that a server is given, as each target gives it."""
    password = password or make_secret()
    return {**os.environ, LOG_PASSWORD_VARIABLE: password, **route_variables(routes, password)}


@pytest.mark.parametrize("servers", [1, 3, 5])
def test_a_server_accepts_it(servers: int, tmp_path: Path) -> None:
    path = tmp_path / "nats.conf"
    path.write_text(configuration(servers))
    told = subprocess.run(
        [PROGRAM, "-t", "-c", path], env=environment([f"nats-{number}:6222" for number in range(servers)]),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert told.returncode == 0, told.stderr


def test_our_programs_may_use_it_and_nobody_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    port, monitor, secret = free_port(), free_port(), make_secret()
    path = tmp_path / "nats.conf"
    ports = {"0.0.0.0:4222": f"127.0.0.1:{port}", "0.0.0.0:8222": f"127.0.0.1:{monitor}"}
    path.write_text(configuration(1, **ports, **{'"/data"': f'"{tmp_path / "data"}"'}))
    own = {**os.environ, "LIGHTSHIP_LOG_PASSWORD": secret}
    server = subprocess.Popen([PROGRAM, "-c", path, "--name=nats-0"], env=own, stderr=subprocess.DEVNULL)
    try:
        url = f"nats://lightship@127.0.0.1:{port}/lightship"
        monkeypatch.setenv("LIGHTSHIP_LOG_PASSWORD", secret)
        log = wait_until(lambda: open_log(url), 30, "a log on the server")
        log.put([Change("https://a.example/", Document(url="https://a.example/", title="title", text="text"))])
        log.close()
        monkeypatch.setenv("LIGHTSHIP_LOG_PASSWORD", make_secret())
        with pytest.raises(ConfigurationError):
            open_log(url)
    finally:
        server.terminate()
        server.wait(20)


class Server:
    """A server of the configuration of three, on ports of its own."""

    def __init__(self, folder: Path, name: str, variables: dict[str, str], **replaced: str) -> None:
        folder.mkdir()
        self.port, self.route, self.monitor = free_port(), free_port(), free_port()
        self._variables, self._name, self._folder, self._replaced = variables, name, folder, replaced

    def start(self) -> subprocess.Popen[bytes]:
        own = {"4222": self.port, "6222": self.route, "8222": self.monitor}
        text = configuration(3, **{f"0.0.0.0:{port}": f"127.0.0.1:{own[port]}" for port in own},
                             **{'"/data"': f'"{self._folder}"'}, **self._replaced)  # fmt: skip
        (self._folder / "nats.conf").write_text(text)
        with (self._folder / "log").open("wb") as log:
            return subprocess.Popen(
                [PROGRAM, "-c", self._folder / "nats.conf", f"--name={self._name}"], env=self._variables, stderr=log
            )

    def ask(self, path: str) -> dict[str, Any]:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.monitor}/{path}", timeout=30) as answer:
            found: dict[str, Any] = json.load(answer)
            return found

    def peers(self) -> set[str]:
        """Return the names of the servers that it is a cluster with."""
        return {route["remote_name"] for route in self.ask("routez")["routes"]}

    @property
    def log(self) -> str:
        return (self._folder / "log").read_text(errors="replace")


@pytest.fixture
def run() -> Iterator[Callable[[Server], Server]]:
    with contextlib.ExitStack() as stack:

        def start(server: Server) -> Server:
            process = stack.enter_context(server.start())
            stack.callback(process.kill)
            return server

        yield start


STRANGERS = {  # how the one who would join has changed the configuration that all of the world can read
    "with no password": {
        "    authorization { user: lightship, password: $NATS_ROUTES_PASSWORD }": "",
        "$NATS_ROUTE_0, $NATS_ROUTE_1, $NATS_ROUTE_2": "$BARE_0, $BARE_1, $BARE_2",
    },
    "with a guess": {},
    "with no user of the route": {"$NATS_ROUTE_0, $NATS_ROUTE_1, $NATS_ROUTE_2": "$BARE_0, $BARE_1, $BARE_2"},
}


@pytest.mark.parametrize("stranger", STRANGERS)
def test_a_server_that_names_the_cluster_is_not_let_into_it(
    tmp_path: Path, run: Callable[[Server], Server], stranger: str
) -> None:
    password, variables = make_secret(), dict[str, str]()
    servers = [Server(tmp_path / f"nats-{number}", f"nats-{number}", variables) for number in range(3)]
    routes = [f"127.0.0.1:{server.route}" for server in servers]
    variables.update(environment(routes, password))
    for server in servers:
        run(server)
    names = {"nats-0", "nats-1", "nats-2"}
    for number, server in enumerate(servers):
        wait_until(lambda n=number, s=server: s.peers() == names - {f"nats-{n}"}, 30, "the cluster")  # type: ignore[misc]

    guess = environment(routes, make_secret())
    bare = {f"BARE_{number}": f"nats://{route}" for number, route in enumerate(routes)}
    rogue = run(Server(tmp_path / "rogue", "rogue", {**guess, **bare}, **STRANGERS[stranger]))
    wait_until(lambda: rogue.log.count("Authorization Violation") >= 5, 30, "the stranger was refused by all")
    wait_until(lambda: not rogue.peers(), 30, "the stranger knows that it was refused")
    for number, server in enumerate(servers):
        assert server.peers() == names - {f"nats-{number}"}
