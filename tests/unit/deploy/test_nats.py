"""The configuration of the log's servers, given to a real one."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from lightship.deploy import compose
from lightship.deploy.reading import parse_topology
from lightship.deploy.secrets import make_secret
from lightship.doclog import open_log
from lightship.errors import ConfigurationError
from lightship.model import Change, Document
from nats_servers import PROGRAM
from support import free_port, wait_until


def configuration(servers: int, **replaced: str) -> str:
    text = compose.render(parse_topology(f"log = {servers}", "dev"))["nats.conf"]
    for old, new in replaced.items():
        assert old in text
        text = text.replace(old, new)
    return text


@pytest.mark.parametrize("servers", [1, 3, 5])
def test_a_server_accepts_it(servers: int, tmp_path: Path) -> None:
    path = tmp_path / "nats.conf"
    path.write_text(configuration(servers))
    told = subprocess.run(
        [PROGRAM, "-t", "-c", path], env={**os.environ, "LIGHTSHIP_LOG_PASSWORD": make_secret()}, capture_output=True, text=True, check=False
    )  # fmt: skip
    assert told.returncode == 0, told.stderr


def test_our_programs_may_use_it_and_nobody_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    port, monitor, secret = free_port(), free_port(), make_secret()
    path = tmp_path / "nats.conf"
    ports = {"0.0.0.0:4222": f"127.0.0.1:{port}", "0.0.0.0:8222": f"127.0.0.1:{monitor}"}
    path.write_text(configuration(1, **ports, **{'"/data"': f'"{tmp_path / "data"}"'}))
    environment = {**os.environ, "LIGHTSHIP_LOG_PASSWORD": secret}
    server = subprocess.Popen([PROGRAM, "-c", path, "--name=nats-0"], env=environment, stderr=subprocess.DEVNULL)
    try:
        url = f"nats://lightship@127.0.0.1:{port}/lightship"
        monkeypatch.setenv("LIGHTSHIP_LOG_PASSWORD", secret)
        log = wait_until(lambda: open_log(url), 20, "a log on the server")
        log.put([Change("https://a.example/", Document(url="https://a.example/", title="title", text="text"))])
        log.close()
        monkeypatch.setenv("LIGHTSHIP_LOG_PASSWORD", make_secret())
        with pytest.raises(ConfigurationError):
            open_log(url)
    finally:
        server.terminate()
        server.wait(20)
