"""`lightship deploy`: writes what a deployment file says, as Compose, Podman or Kubernetes read it, or runs it here."""

from __future__ import annotations

import dataclasses
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from lightship.cli.local.up import up
from lightship.config import DeploySettings, parse_settings
from lightship.core.errors import ConfigurationError
from lightship.deploy import compose, kubernetes, quadlet, values
from lightship.deploy.output import apply, changes, keep_secrets, missing
from lightship.deploy.reading import read_topology
from lightship.deploy.render import header
from lightship.deploy.secrets import NAMES, make_secret
from lightship.deploy.topology import Topology

WOULD_CHANGE = 2  # exit status of --diff


class Target(Protocol):
    """What writes for one kind of machine: configuration in, text out."""

    def render(self, topology: Topology) -> dict[str, str]:
        """Return the text of each file, by its name."""

    def render_secrets(self, secrets: Mapping[str, str]) -> dict[str, str]:
        """Return the text of each file that holds secrets."""

    def next_steps(self, topology: Topology, folder: str, *, first: bool) -> list[str]:
        """Return the commands that people run next, for the first deployment or another one."""


TARGETS: dict[str, Target] = {"compose": compose, "quadlet": quadlet, "kubernetes": kubernetes}


def deploy(arguments: Sequence[str]) -> None:
    """Write the files of a target and print which; run everything here for `local`. Raises ConfigurationError."""
    known = f"local, {', '.join(TARGETS)}"
    settings, targets = parse_settings(
        DeploySettings, "lightship deploy", arguments, positional="TARGET",
        description=f"Deploy what lightship.toml says to one of: {known}.",
    )  # fmt: skip
    if len(targets) != 1 or targets[0] not in ("local", *TARGETS):
        raise ConfigurationError(f"lightship deploy: name one target: {known}")
    topology = _topology(settings)
    folder = settings.output or os.path.join("deploy", settings.env, targets[0])
    if targets[0] == "local":
        _run_here(settings, topology, folder)
    else:
        _write(targets[0], topology, Path(folder), diff=settings.diff)


def _topology(settings: DeploySettings) -> Topology:
    """Return what the file says, with the command line's image, and with paths that mean the same from everywhere."""
    topology = read_topology(settings.file, settings.env)
    beside = os.path.dirname(os.path.abspath(settings.file))
    sources = tuple(
        source if values.is_website(source) else os.path.join(beside, source) for source in topology.sources
    )
    try:
        image = values.image(settings.image) if settings.image else topology.image
    except ValueError as error:
        raise ConfigurationError(f"lightship deploy: --image: {error}") from error
    return dataclasses.replace(topology, image=image, sources=tuple(map(_normal, sources)))


def _normal(source: str) -> str:
    return source if values.is_website(source) else os.path.normpath(source)


def _run_here(settings: DeploySettings, topology: Topology, folder: str) -> None:
    if settings.diff or settings.image:
        raise ConfigurationError(
            "lightship deploy local starts programs of this machine: it has no --diff and no --image"
        )
    if not topology.sources:
        raise ConfigurationError(f"{settings.file}: sources: name what is to be crawled on this machine")
    numbers = {name: getattr(topology, name) for name in ("shards", "standbys", "replicas", "port")}
    marked = ["--chaos"] if topology.chaos else []
    up([*(f"--{name}={number}" for name, number in numbers.items()), *marked, f"--data={folder}", *topology.sources])


def _write(target: str, topology: Topology, folder: Path, *, diff: bool) -> None:
    writer = TARGETS[target]
    secrets = writer.render_secrets({name: make_secret() for name in NAMES})
    ignored = f"# {header(topology, target)}\n" + "".join(f"/{name}\n" for name in secrets)
    found = changes(folder, {**writer.render(topology), ".gitignore": ignored})
    if diff:
        lacking = missing(folder, secrets)
        _say("".join(change.diff() for change in found) + "".join(f"{name} would be made\n" for name in lacking))
        sys.exit(WOULD_CHANGE if found or lacking else 0)
    made = keep_secrets(folder, secrets)
    apply(folder, found)
    lines = [f"{change.verb:8} {folder / change.name}\n" for change in found]
    lines += [f"secret   {folder / name} (made: only its owner may read it; keep it)\n" for name in made]
    steps = "".join(f"  {step}\n" for step in writer.next_steps(topology, str(folder), first=bool(made)))
    _say("".join(lines) or f"nothing changed in {folder}\n")
    _say(f"then:\n{steps}")


def _say(text: str) -> None:
    sys.stdout.write(text)
