"""A Compose file: every part is a service of its own, so that an upgrade replaces one after the other."""

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
SECRETS_FILE = ".env"  # which Compose reads by itself


def render(topology: Topology) -> dict[str, str]:
    """Return the text of each file, by its name."""
    found = parts(topology)
    volumes: dict[str, Any] = {part.volume: {} for part in found if part.volume}
    files = {"haproxy.cfg": haproxy_cfg(topology, TARGET)}
    if topology.log:
        files["nats.conf"] = nats_conf(topology, TARGET)
    services = {part.name: {**_service(part), **_labels(part, files, chaos=topology.chaos)} for part in found}
    document = {"name": topology.project, "services": services, "volumes": volumes}
    return {"compose.yaml": f"# {header(topology, TARGET)}\n{dump(document)}", **files}


def render_secrets(secrets: Mapping[str, str]) -> dict[str, str]:
    """Return the text of each file that holds secrets."""
    return {SECRETS_FILE: "".join(f"{name}={value}\n" for name, value in secrets.items())}


def next_steps(topology: Topology, folder: str, *, first: bool) -> list[str]:
    """Return the commands that people run next, in their order: for the first deployment, or to replace one by another."""
    if first:
        return [f"cd {folder}", "docker compose up -d"]
    # searchengines before indexers: the next version reads what this one writes, not the other way round
    replaced = [f"searchengine-{number}" for number in range(topology.replicas)]
    replaced += [name for name, _ in indexers(topology)]
    each = f"for s in {' '.join(replaced)}; do docker compose up -d --no-deps --wait $s; done"
    return [f"cd {folder}", f"(set -e; {each}; docker compose up -d --remove-orphans)   # one after the other"]


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
    """Return what has Compose replace a container when a file of its configuration changes, and what may be broken."""
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
        "tmpfs": ["/tmp"],  # noqa: S108 (a fresh one of each container)
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges:true"],
        "mem_limit": memory,
        "memswap_limit": memory,  # none of it on disk
        "cpus": part.resources.cpu,
        "pids_limit": 512,
        "stop_grace_period": f"{part.grace}s",
        "restart": "unless-stopped",
        "logging": {"driver": "local"},  # it rotates: a disk does not fill with what programs say
    }
