"""The containers of a Compose project that are labelled for chaos, controlled by the docker or podman command.

Requests go to the containers' own addresses, which are reachable from the machine on which they run.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from typing import Any

from lightship.chaos.system.faults import Fault, Kind
from lightship.core.errors import ConfigurationError, UnavailableError
from lightship.deploy.parts import CHAOS_LABEL, INTAKE, QUERIES

ENGINES = ("docker", "podman")
KINDS: tuple[Kind, ...] = ("kill", "pause", "cut")
PROJECT, SERVICE = "com.docker.compose.project", "com.docker.compose.service"
SECONDS = 60.0  # for one command


class Containers:
    """The System of a Compose project."""

    kinds: Sequence[Kind] = KINDS
    is_alone = False

    def __init__(self, project: str) -> None:
        """Find the labelled containers. Raises ConfigurationError if there are none, or one is not running."""
        self._engine, found = _find(project)
        _check_running(found)
        self._networks = {name: each["NetworkSettings"]["Networks"] for name, each in found.items()}
        self._addresses = {name: _address(each) for name, each in found.items()}
        self._ids = {name: str(each["Id"]) for name, each in found.items()}
        self._restarts = {name: int(each["RestartCount"]) for name, each in found.items()}

    @property
    def groups(self) -> Mapping[str, Sequence[str]]:
        """The names of the services by role."""
        kinds: dict[str, list[str]] = {}
        for name in self._ids:
            kinds.setdefault(name.partition("-")[0], []).append(name)
        return kinds

    @property
    def replicas(self) -> Mapping[str, str]:
        """host:port of each searchengine."""
        return self._at("searchengine", QUERIES)

    @property
    def intakes(self) -> Mapping[str, str]:
        """host:port of each indexer, leader or standby."""
        return {**self._at("indexer", INTAKE), **self._at("standby", INTAKE)}

    def _at(self, kind: str, port: int) -> dict[str, str]:
        return {name: f"{self._addresses[name]}:{port}" for name in self.groups.get(kind, [])}

    def begin(self, fault: Fault) -> None:
        """Kill or pause a container, or disconnect it from its networks."""
        container = self._ids[fault.host]
        if fault.kind == "cut":
            for network in self._networks[fault.host]:
                self._run("network", "disconnect", network, container)
        else:
            self._run(fault.kind, container)

    def end(self, fault: Fault) -> None:
        """Undo a fault; the container may have another address afterwards."""
        name, container = fault.host, self._ids[fault.host]
        if fault.kind == "cut":
            for network, settings in self._networks[name].items():
                aliases = [word for alias in settings["Aliases"] or () for word in ("--alias", alias)]
                self._run("network", "connect", *aliases, network, container)
        else:
            self._run("start" if fault.kind == "kill" else "unpause", container)
        self._addresses[name] = _address(self._inspect(container)[0])

    def look_after(self) -> bool:
        """Do nothing: the engine restarts containers that crash."""
        return True

    def ended(self) -> list[str]:
        """Return the containers that the engine had to restart."""
        now = {name: int(self._inspect(container)[0]["RestartCount"]) for name, container in self._ids.items()}
        return [
            f"{name} crashed {now[name] - count} times" for name, count in self._restarts.items() if now[name] > count
        ]

    def _run(self, *arguments: str) -> str:
        return _run(self._engine, *arguments)

    def _inspect(self, container: str) -> Any:
        return json.loads(self._run("inspect", container))


def _find(project: str) -> tuple[str, dict[str, Any]]:
    """Return the engine that runs a project, and its descriptions of the labelled containers, by service."""
    engines = [engine for engine in ENGINES if shutil.which(engine)]
    if not engines:
        raise ConfigurationError(
            f"neither {' nor '.join(ENGINES)} is installed here; run this on the machine of the containers"
        )
    for engine in engines:
        listed = _run(engine, "ps", "--all", "--quiet", "--filter", f"label={PROJECT}={project}").split()
        if not listed:
            continue
        inspected = json.loads(_run(engine, "inspect", *listed))
        labels = [each["Config"]["Labels"] for each in inspected]
        marked = {
            own[SERVICE]: each for own, each in zip(labels, inspected, strict=True) if own.get(CHAOS_LABEL) == "true"
        }
        if not marked:
            raise ConfigurationError(
                f"the containers of {project} are not marked for chaos; set `chaos = true` for the environment in lightship.toml,"
                " deploy it again, and run the commands that are printed"
            )
        return engine, dict(sorted(marked.items()))  # sorted, so that a seed repeats the schedule
    raise ConfigurationError(
        f"no containers of project {project!r} found by {' and '.join(engines)}; see `docker compose ls`"
    )


def _check_running(found: Mapping[str, Any]) -> None:
    """Raise ConfigurationError if one is not running or is disconnected, perhaps by an earlier run that was killed."""
    for name, each in found.items():
        state = each["State"]
        if not state["Running"] or state["Paused"] or not _address(each):
            raise ConfigurationError(
                f"{name} is stopped, paused or disconnected; first start all, for example with `docker compose up -d --force-recreate`"
            )


def _run(engine: str, *arguments: str) -> str:
    """Return the output of a command of the engine; raises UnavailableError with its error message."""
    try:
        done = subprocess.run([engine, *arguments], capture_output=True, text=True, check=False, timeout=SECONDS)
    except subprocess.TimeoutExpired as error:
        raise UnavailableError(f"{engine} {' '.join(arguments)} timed out after {SECONDS:g} s") from error
    if done.returncode:
        raise UnavailableError(f"{engine} {' '.join(arguments)}: {done.stderr.strip()[:300]}")
    return done.stdout


def _address(inspected: Any) -> str:
    """Return a container's address; an empty string if it has none."""
    networks = inspected["NetworkSettings"]["Networks"].values()
    return next((str(each["IPAddress"]) for each in networks if each["IPAddress"]), "")
