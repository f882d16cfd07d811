"""The containers of a Compose project whose label says that they may be broken, by the command of Docker or Podman.

They are asked at their own addresses, which the machine that they run on reaches.
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
        """Find the containers that may be broken. Raises ConfigurationError when there are none, or one does not run."""
        self._engine, found = _find(project)
        _check_running(found)
        self._networks = {name: each["NetworkSettings"]["Networks"] for name, each in found.items()}
        self._addresses = {name: _address(each) for name, each in found.items()}
        self._ids = {name: str(each["Id"]) for name, each in found.items()}
        self._restarts = {name: int(each["RestartCount"]) for name, each in found.items()}

    @property
    def groups(self) -> Mapping[str, Sequence[str]]:
        """The names of the services by what they do."""
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
        """Kill or pause a container, or take it off its networks."""
        container = self._ids[fault.host]
        if fault.kind == "cut":
            for network in self._networks[fault.host]:
                self._run("network", "disconnect", network, container)
        else:
            self._run(fault.kind, container)

    def end(self, fault: Fault) -> None:
        """Undo what began; the container may have another address then."""
        name, container = fault.host, self._ids[fault.host]
        if fault.kind == "cut":
            for network, told in self._networks[name].items():
                aliases = [word for alias in told["Aliases"] or () for word in ("--alias", alias)]
                self._run("network", "connect", *aliases, network, container)
        else:
            self._run("start" if fault.kind == "kill" else "unpause", container)
        self._addresses[name] = _address(self._inspect(container)[0])

    def look_after(self) -> bool:
        """Tell nothing new: the engine starts again what ends by itself."""
        return True

    def ended(self) -> list[str]:
        """Say which containers the engine had to start again."""
        now = {name: int(self._inspect(container)[0]["RestartCount"]) for name, container in self._ids.items()}
        return [
            f"{name} by itself, {now[name] - count} times"
            for name, count in self._restarts.items()
            if now[name] > count
        ]

    def _run(self, *arguments: str) -> str:
        return _run(self._engine, *arguments)

    def _inspect(self, container: str) -> Any:
        return json.loads(self._run("inspect", container))


def _find(project: str) -> tuple[str, dict[str, Any]]:
    """Return the engine that has a project, and what it says of those containers of it that may be broken, by service."""
    engines = [engine for engine in ENGINES if shutil.which(engine)]
    if not engines:
        raise ConfigurationError(
            f"neither {' nor '.join(ENGINES)} is installed here: run this where the containers are"
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
                f"the containers of {project} are not marked for chaos, and stay whole: write `chaos = true` for its environment"
                " in lightship.toml, deploy it again, and run what that prints"
            )
        return engine, dict(sorted(marked.items()))  # in any order, a seed would not repeat a schedule
    raise ConfigurationError(
        f"{' and '.join(engines)} have no containers of a project {project!r}; see `docker compose ls`"
    )


def _check_running(found: Mapping[str, Any]) -> None:
    """Raise ConfigurationError when one does not run, or is cut off: by an earlier run that was killed, perhaps."""
    for name, each in found.items():
        state = each["State"]
        if not state["Running"] or state["Paused"] or not _address(each):
            raise ConfigurationError(
                f"{name} is stopped, paused or cut off: have all run first, like with `docker compose up -d --force-recreate`"
            )


def _run(engine: str, *arguments: str) -> str:
    """Return what a command of the engine prints; raises UnavailableError with what it says."""
    try:
        done = subprocess.run([engine, *arguments], capture_output=True, text=True, check=False, timeout=SECONDS)
    except subprocess.TimeoutExpired as error:
        raise UnavailableError(f"{engine} {' '.join(arguments)} did not end within {SECONDS:g} s") from error
    if done.returncode:
        raise UnavailableError(f"{engine} {' '.join(arguments)}: {done.stderr.strip()[:300]}")
    return done.stdout


def _address(inspected: Any) -> str:
    """Return a container's address; an empty string when it has none now."""
    networks = inspected["NetworkSettings"]["Networks"].values()
    return next((str(each["IPAddress"]) for each in networks if each["IPAddress"]), "")
