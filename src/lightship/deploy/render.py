"""The configuration files of third-party programs (NATS, HAProxy), from `templates/`."""

from __future__ import annotations

from importlib.resources import files

import jinja2

from lightship.deploy.parts import DRAIN, INTAKE, MONITOR, NATS, QUERIES, ROUTES
from lightship.deploy.secrets import ROUTE
from lightship.deploy.topology import Topology

_TEMPLATES = files("lightship.deploy") / "templates"
WRITTEN_BY = "Written by `lightship deploy"
_SERVERS = 64  # addresses per name that the proxy can use
_FILE_SHARE = 0.8  # of its disk that a NATS server may use


def header(topology: Topology, target: str) -> str:
    """Return the first line of every file, without its `# `: what generated it, and from what."""
    return f"{WRITTEN_BY} --env {topology.environment} {target}`: change lightship.toml, not this."


def nats_conf(topology: Topology, target: str) -> str:
    """Return the configuration shared by all NATS servers.

    Each gets its own name from `--name`, and the addresses of all from `route_variables`.
    """
    routes = [f"${ROUTE.format(number)}" for number in range(topology.log)] if topology.log > 1 else []
    return _render(
        "nats.conf", header=header(topology, target), port=NATS, monitor=MONITOR, route=ROUTES, routes=routes,
        max_file=int(topology.nats.disk * _FILE_SHARE),
    )  # fmt: skip


def haproxy_cfg(topology: Topology, target: str) -> str:
    """Return the configuration of the proxy in front of searchengines and indexers."""
    return _render(
        "haproxy.cfg", header=header(topology, target), drain=DRAIN, queries=QUERIES, intake=INTAKE, most=_SERVERS,
    )  # fmt: skip


def _render(name: str, **values: object) -> str:
    text = (_TEMPLATES / name).read_text()
    template = jinja2.Template(text, undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
    return str(template.render(values))
