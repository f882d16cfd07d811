"""A Compose file: every part is a service of its own, so that an upgrade can replace one at a time."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from lightship.config import LOG_PASSWORD_VARIABLE
from lightship.deploy.parts import CHAOS_LABEL, DATA, USER, Part, indexers, parts, probe
from lightship.deploy.render import haproxy_cfg, header, nats_conf
from lightship.deploy.secrets import route_variables
from lightship.deploy.topology import Topology
from lightship.deploy.yaml import dump

TARGET = "compose"
SECRETS_FILE = ".env"  # Compose reads it automatically


def render(topology: Topology) -> dict[str, str]:
    """Return the text of each file, by name."""
    found = parts(topology)
    volumes: dict[str, Any] = {part.volume: {} for part in found if part.volume}
    files = {"haproxy.cfg": haproxy_cfg(topology, TARGET)}
    if topology.log:
        files["nats.conf"] = nats_conf(topology, TARGET)
    services = {part.name: {**_service(part), **_labels(part, files, chaos=topology.chaos)} for part in found}
    document = {"name": topology.project, "services": services, "volumes": volumes}
    return {"compose.yaml": f"# {header(topology, TARGET)}\n{dump(document)}", **files}


def render_secrets(secrets: Mapping[str, str]) -> dict[str, str]:
    """Return the text of each file that holds secrets, by name."""
    return {SECRETS_FILE: "".join(f"{name}={value}\n" for name, value in secrets.items())}


def next_steps(topology: Topology, folder: str, *, first: bool) -> list[str]:
    """Return the commands to run next, in order: for the first deployment, or for an upgrade."""
    if first:
        return [f"cd {folder}", "docker compose up -d"]
    # searchengines before indexers: a new version can read what an old one writes, but not vice versa
    replaced = [f"searchengine-{number}" for number in range(topology.replicas)]
    replaced += [name for name, _ in indexers(topology)]
    each = f"for s in {' '.join(replaced)}; do docker compose up -d --no-deps --wait $s; done"
    return [f"cd {folder}", f"(set -e; {each}; docker compose up -d --remove-orphans)   # one at a time"]


def _service(part: Part) -> dict[str, Any]:
    service: dict[str, Any] = {"image": part.image}
    if part.command:
        service["command"] = list(part.command)
    secrets = {name: f"${{{name}:?is in {SECRETS_FILE}}}" for name in part.secrets}
    routes = route_variables(part.routes, f"${{{LOG_PASSWORD_VARIABLE}}}") if part.routes else {}
    if secrets or part.variables:
        service["environment"] = {**secrets, **routes, **dict(part.variables)}
    if part.alias:
        service["networks"] = {"default": {"aliases": [part.alias]}}
    if part.ports:
        service["ports"] = [f"{outside}:{inside}" for outside, inside in part.ports]
    mounts = [f"{part.volume}:{DATA}"] if part.volume else []
    service["volumes"] = mounts + [f"{source}:{target}:ro" for source, target in part.mounts]
    if part.health:
        service["healthcheck"] = {
            "test": ["CMD", *probe(part.health)], "interval": "5s", "timeout": "5s", "retries": 3, "start_period": "60s",
        }  # fmt: skip
    return {**service, **_limits(part)}


def _labels(part: Part, files: Mapping[str, str], *, chaos: bool) -> dict[str, Any]:
    """Return the chaos label, and one that makes Compose replace a container when its configuration file changes."""
    own = "".join(files.get(source.removeprefix("./"), "") for source, _ in part.mounts)
    labels = {"lightship.config": hashlib.sha256(own.encode()).hexdigest()[:12]} if own else {}
    if chaos and part.breakable:
        labels[CHAOS_LABEL] = "true"
    return {"labels": labels} if labels else {}


def _limits(part: Part) -> dict[str, Any]:
    memory = f"{part.resources.memory >> 20}m"
    return {
        **({"user": f"{USER}:{USER}"} if part.ours else {}),
        "read_only": True,
        "tmpfs": ["/tmp"],  # noqa: S108 (each container has its own)
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges:true"],
        "mem_limit": memory,
        "memswap_limit": memory,  # no swap
        "cpus": part.resources.cpu,
        "pids_limit": 512,
        "stop_grace_period": f"{part.grace}s",
        "restart": "unless-stopped",
        "logging": {"driver": "local"},  # it rotates, so that logs can't fill the disk
    }
