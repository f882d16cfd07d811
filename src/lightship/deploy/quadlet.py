"""Podman Quadlet units: systemd starts, supervises and restarts each part, on one machine without a daemon."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping

from lightship.config import LOG_PASSWORD_VARIABLE
from lightship.deploy.parts import DATA, MOST_SERVERS, USER, Part, parts, probe, routes
from lightship.deploy.render import haproxy_cfg, header, nats_conf
from lightship.deploy.secrets import route_variables
from lightship.deploy.topology import Topology

TARGET = "quadlet"
ROUTES_FILE = "NATS_ROUTES.env"
_PLAIN = re.compile(r"[A-Za-z0-9_@:/.,=?&~+#!*()\[\];%-]+")
Lines = list[tuple[str, object]]


def render(topology: Topology) -> dict[str, str]:
    """Return the text of each file, by name."""
    found, project = parts(topology), topology.project
    files = {f"{project}.network": _unit(topology, {"Network": []})}
    files |= {_volume(project, part): _unit(topology, {"Volume": []}) for part in found if part.volume}
    files |= {f"{project}-{part.name}.container": _container(topology, part) for part in found}
    files["haproxy.cfg"] = haproxy_cfg(topology, TARGET)
    if topology.log:
        files["nats.conf"] = nats_conf(topology, TARGET)
    return files


def render_secrets(secrets: Mapping[str, str]) -> dict[str, str]:
    """Return the text of each file that holds secrets, by name: one secret per file, as no part needs all of them.

    Podman does not expand variables in variables, so the URLs of the NATS routes, with the password, are another file.
    """
    files = {_secret_file(name): f"{name}={value}\n" for name, value in secrets.items()}
    servers = routes([f"nats-{number}" for number in range(MOST_SERVERS)])
    known = route_variables(servers, secrets[LOG_PASSWORD_VARIABLE])
    return {**files, ROUTES_FILE: "".join(f"{name}={value}\n" for name, value in known.items())}


def next_steps(topology: Topology, folder: str, *, first: bool) -> list[str]:
    """Return the commands to run next, in order: for the first deployment, or for an upgrade."""
    project, found = topology.project, parts(topology)
    names = [part.name for part in found]
    replaced = [
        part.name for part in found if part.ours and part.health
    ]  # searchengines before indexers, as with Compose
    others = [part.name for part in found if part.ours and not part.health]
    installed = [
        f"cp -r {folder}/. /etc/containers/systemd/{project}/   # without root: ~/.config/containers/systemd, systemctl --user",
        "systemctl daemon-reload",
    ]
    if first:
        return [*installed, f"systemctl start {project}-{{{','.join(names)}}}"]
    each = f"systemctl restart {project}-$s; podman wait --condition=healthy {project}-$s"
    return [
        *installed,
        f"(set -e; for s in {' '.join(replaced)}; do {each}; done)   # one at a time, so that no query fails",
        *(f"systemctl restart {project}-{name}" for name in others),
    ]


def _container(topology: Topology, part: Part) -> str:
    project = topology.project
    lines: Lines = [
        ("ContainerName", f"{project}-{part.name}"),
        ("Image", _qualified(part.image, "localhost" if part.ours else "docker.io/library")),
        *([("Exec", _words(part.command))] if part.command else []),
        *(("EnvironmentFile", f"./{_secret_file(name)}") for name in part.secrets),
        *([("EnvironmentFile", f"./{ROUTES_FILE}")] if part.routes else []),
        *(("Environment", f"{name}={value}") for name, value in part.variables),
        ("Network", f"{project}.network"),
        *(("PublishPort", f"{outside}:{inside}") for outside, inside in part.ports),
        *([("Volume", f"{_volume(project, part)}:{DATA}:U")] if part.volume else []),
        *(("Volume", _mount(*mount)) for mount in part.mounts),
        *_health(part),
        *([("User", USER), ("Group", USER)] if part.volume else []),
        ("ReadOnly", "true"),
        ("DropCapability", "all"),
        ("NoNewPrivileges", "true"),
        ("PodmanArgs", _words(_arguments(part))),
    ]  # fmt: skip
    service: Lines = [("Restart", "always"), ("TimeoutStartSec", 300), ("TimeoutStopSec", part.grace + 10)]
    install: Lines = [("WantedBy", "multi-user.target default.target")]
    unit: Lines = [("Description", f"Lightship {topology.environment}: {part.name}"), *_after(topology, part)]
    return _unit(topology, {"Unit": unit, "Container": lines, "Service": service, "Install": install})


def _after(topology: Topology, part: Part) -> Lines:
    """Return the dependency that stops a part before the log's servers: without them it would hang until killed."""
    servers = range(topology.log if part.ours and LOG_PASSWORD_VARIABLE in part.secrets else 0)
    return [("After", " ".join(f"{topology.project}-nats-{number}.service" for number in servers))] if servers else []


def _arguments(part: Part) -> Iterable[str]:
    """Yield the options for which not every version of Quadlet has a key."""
    yield from [f"--network-alias={name}" for name in (part.name, part.alias) if name]
    memory = f"{part.resources.memory >> 20}m"
    yield from (f"--memory={memory}", f"--memory-swap={memory}", f"--cpus={part.resources.cpu}", "--pids-limit=512")
    yield f"--stop-timeout={part.grace}"


def _health(part: Part) -> Lines:
    if not part.health:
        return []
    # A list, as the image has no shell; without "CMD", or Podman takes the whole list for the program's name
    command = json.dumps(probe(part.health), separators=(",", ":"))
    return [
        ("HealthCmd", command), ("HealthInterval", "5s"), ("HealthTimeout", "5s"), ("HealthRetries", 3),
        ("HealthStartPeriod", "60s"),
    ]  # fmt: skip


def _mount(source: str, target: str) -> str:
    """Return a read-only mount; generated files are relabelled for SELinux."""
    options = "ro,z" if source.startswith("./") else "ro"
    return f"{source}:{target}:{options}".replace("%", "%%")


def _unit(topology: Topology, sections: Mapping[str, Lines]) -> str:
    blocks = [f"# {header(topology, TARGET)}"]
    blocks += [
        "\n".join([f"[{name}]", *(f"{key}={value}" for key, value in lines)]) for name, lines in sections.items()
    ]
    return "\n\n".join(blocks) + "\n"


def _volume(project: str, part: Part) -> str:
    return f"{project}-{part.volume}.volume"


def _secret_file(name: str) -> str:
    return f"{name}.env"


def _words(words: Iterable[str]) -> str:
    """Return words in systemd's syntax: quoted where necessary, with specifiers (%) escaped."""
    doubled = (re.sub(r'["\\]', r"\\\g<0>", word.replace("%", "%%")) for word in words)
    return " ".join(word if _PLAIN.fullmatch(word) else f'"{word}"' for word in doubled)


def _qualified(image: str, registry: str) -> str:
    """Return an image's full name with its registry: systemd can't prompt for a short name's registry."""
    first, slash, _ = image.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        return image
    return f"docker.io/{image}" if slash else f"{registry}/{image}"
