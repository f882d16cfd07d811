from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest

from lightship.cli.commands.probe import probe
from lightship.core.errors import ConfigurationError, UnavailableError
from support import Program, free_port


def test_a_program_that_answers_is_alive(spawn: Callable[..., Program]) -> None:
    port = free_port()
    spawn("searchengine", f"-addr=127.0.0.1:{port}", "-data=data").wait_for("listening")
    probe([f"http://127.0.0.1:{port}/livez"])
    with pytest.raises(UnavailableError, match=f"http://127.0.0.1:{port}/readyz answered with status 503"):
        probe([f"http://127.0.0.1:{port}/readyz"])


def test_one_that_is_silent_is_not() -> None:
    with pytest.raises(UnavailableError, match=r"no answer from .*refused"):
        probe(["-seconds=1", f"http://127.0.0.1:{free_port()}/livez"])


@pytest.mark.parametrize("urls", [["localhost:8080"], ["file:///etc/passwd"], ["http://a/", "http://b/"]])
def test_only_one_url_of_the_web_is_asked(urls: list[str]) -> None:
    with pytest.raises(ConfigurationError, match="name one http:// or https:// URL"):
        probe(urls)


def test_a_probe_costs_little() -> None:
    """A container's health check runs every few seconds, so it imports no server, client or index."""
    shown = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "lightship.cli.main", "probe", "-seconds=0.1", f"http://127.0.0.1:{free_port()}"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert shown.returncode == 1
    imported = {line.rpartition("|")[2].strip() for line in shown.stderr.splitlines()}
    assert "urllib.request" in imported
    assert not imported & {"aiohttp", "asyncio", "tantivy", "uvicorn"}
