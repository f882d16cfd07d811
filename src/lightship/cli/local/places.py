"""Where the parts of `lightship up` listen, and how this machine reaches them."""

from __future__ import annotations

from lightship.config import UpSettings
from lightship.config.shared import INTAKE_BEYOND
from lightship.http.callers import is_loopback

EXPLAIN_BEYOND = 100  # ports beyond that of the intake: 9190 for 9090


def intake_port(settings: UpSettings) -> int:
    """Return the port of the first indexer's intake."""
    return settings.intake or settings.port + INTAKE_BEYOND


def replica_addresses(settings: UpSettings) -> dict[str, str]:
    """Return host:port of each searchengine, by name."""
    return {f"searchengine-{i}": called(settings, settings.port + i) for i in range(settings.replicas)}


def called(settings: UpSettings, port: int) -> str:
    """Return host:port at which this machine reaches a part that listens on `port`."""
    return at({"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host), port)  # noqa: S104


def at(host: str, port: int) -> str:
    """Return host:port."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def is_open(settings: UpSettings) -> bool:
    """Whether other machines can reach the parts."""
    return settings.host != "localhost" and not is_loopback(settings.host)


def page(settings: UpSettings) -> str:
    """Return the URL of the search page for a browser on this machine."""
    known = {"127.0.0.1": "localhost", "0.0.0.0": "localhost", "::": "localhost", "::1": "localhost"}  # noqa: S104
    return f"http://{at(known.get(settings.host, settings.host), settings.port)}"


def explain_port(settings: UpSettings) -> int:
    """Return the port on which the crawler explains."""
    return intake_port(settings) + EXPLAIN_BEYOND


def addresses(settings: UpSettings) -> dict[str, str]:
    """Return host:port of the parts that serve requests, by name."""
    port = intake_port(settings)
    intakes = {f"indexer-{shard}": called(settings, port + shard) for shard in range(settings.shards)}
    return {**replica_addresses(settings), **intakes}
